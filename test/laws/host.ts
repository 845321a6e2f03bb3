/** How laws of Xen's transitions measure: a guest and its host alone, one number at three values. */
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Cycle } from '../../src/model/units.ts';
import type { Core, Kernel } from '../../src/x86/core.ts';
import type { Pcpu } from '../../src/xen/pcpu.ts';
import { type Parameter, tries } from './covered.ts';

/** Numbers of the machine. */
export type Numbers = Partial<Record<Parameter, number>>;

/** What else a host has. */
export interface HostOptions {
  readonly machine?: string;
  readonly guest?: string;
  readonly delivery?: string;
  /** `key=value` of the run. */
  readonly run?: readonly string[];
  readonly vcpus?: number;
}

/** A guest on `zen5`, or another machine, with some numbers changed. */
export function host(numbers: Numbers, { run = [], vcpus = 1, ...names }: HostOptions = {}): BenchGuest {
  const set = Object.entries(numbers).map(([name, value]) => `${name}=${value}`);
  for (const [name, value] of Object.entries(numbers)) tries(name as Parameter, value);
  return new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, ...names, set: [...set, ...run] }), vcpus);
}

/** A piece of work on a host, from a cold start or after it was done before. */
export type Work = (bench: BenchGuest) => Kernel<unknown>;

/** How often a piece of work is done before it is measured. */
const WARM_UP = 4;

/**
 * How often a piece of work pays a number: from one more cycle, and from 50 more, whole in both cases or the law
 * is broken.
 *
 * @param warmUp rounds before the one that counts; 0 for work that can be done once only
 */
export function timesPaid(
  name: Parameter,
  work: Work,
  options: HostOptions & { numbers?: Numbers; warmUp?: number } = {},
): [more1: number, more50: number] {
  const cost = (value: number): Cycle => {
    const bench = host({ ...options.numbers, [name]: value }, options);
    for (let i = 0; i < (options.warmUp ?? WARM_UP); i++) bench.measure(work(bench));
    return bench.measure(work(bench));
  };
  const base = cost(50);
  return [cost(51) - base, (cost(100) - base) / 50];
}

/** The pCPU of the first vCPU. */
export function pcpuOf(bench: BenchGuest): Pcpu {
  return bench.guest.xen.pcpus[0]!;
}

/** A hypercall that does nothing: the exit and the entry. */
export function* nullHypercall({ guest }: BenchGuest, inside?: (core: Core) => void): Kernel {
  const core = guest.cores[0]!;
  yield* guest.hvm.enter(core);
  inside?.(core);
  yield* guest.hvm.leave(core);
}
