/**
 * What is varied between two runs of one trace: machine, guest, strategy, state of the caches, load, and every
 * number that has a name. A scenario is what a row of a report must say to be repeatable.
 */

import { OWN_STRATEGY, type Strategy, strategyByName } from '../intr/alloc/strategies.ts';
import { generationByName } from '../intr/generations.ts';
import type { Generation } from '../intr/guest-kernel.ts';
import { unmaskOf } from '../intr/local-unmask.ts';
import { LUMP_VALUES, LUMPS, type Lumps } from '../intr/lumps.ts';
import type { UnmaskName } from '../intr/os.ts';
import { unknownName, usageError } from '../model/errors.ts';
import { Fingerprint } from '../model/fingerprint.ts';
import { numbersOf, type ParamSpecs, parseAssignment, type Sourced } from '../model/params.ts';
import { defineMachine, MACHINE, type Machine } from '../x86/machine.ts';
import { machineByName } from '../x86/machines/catalogue.ts';
import { type DeliveryMode, deliveryByName } from '../xen/delivery-mode.ts';
import { schedulerByName } from '../xen/sched/catalogue.ts';
import { WORKLOADS, type Workload } from './pressure.ts';

/** Where the guest's data is when an upcall or a bind begins. */
export const CACHE_STATES = ['warm', 'l2-cold', 'cold'] as const;
/** `warm`: where the last one left it; `l2-cold`: in L3 at best; `cold`: in memory. */
export type CacheState = (typeof CACHE_STATES)[number];

/** The states in which a workload runs between two operations: `polluted(light)` and so on. */
export const POLLUTED_STATES = WORKLOADS.map(({ name }) => `polluted(${name})`);

/** Parameters of a run that belong to no machine and no kernel. */
export const RUN_PARAMS = {
  gapPermille: { unit: '1/1000', min: 1, max: 1_000_000, what: 'gaps of the trace are multiplied by this' },
  population: { unit: 'ports', min: 0, max: 4000, what: 'idle ports bound before those of the trace' },
  interruptedUser: {
    unit: 'bool',
    min: 0,
    max: 1,
    what: 'upcalls interrupt user code instead of the kernel',
  },
  pageBits: {
    unit: 'bits',
    min: 12,
    max: 30,
    what: 'of the pages of kernel data: 12, 21 or 30 for 4 KiB, 2 MiB or 1 GiB',
  },
  sockets: {
    unit: 'sockets',
    min: 1,
    max: 2,
    what: 'the vCPUs are spread over, in turn; memory is on the first',
  },
  senderSocket: { unit: 'socket', min: 0, max: 1, what: 'of the pCPUs of other domains' },
  pcpus: { unit: 'pCPUs', min: 0, max: 64, what: 'for the vCPUs of the guest; 0 for one each' },
  hogs: {
    unit: 'vCPUs',
    min: 0,
    max: 64,
    what: 'vCPUs of other domains that never stop, one for each of so many pCPUs of the guest',
  },
  idleHalts: {
    unit: 'bool',
    min: 0,
    max: 1,
    what: 'a vCPU with nothing to do halts; 0: as recorded. Where pCPUs are shared it always does',
  },
  senders: { unit: 'cores', min: 1, max: 16, what: 'pCPUs of other domains that send' },
} as const satisfies ParamSpecs;

/** Sizes of x86's pages, as bits of an address. */
const PAGE_BITS: readonly number[] = [12, 21, 30];

/** The numbers of `RUN_PARAMS`. */
export type RunNumbers = { -readonly [K in keyof typeof RUN_PARAMS]: number };

/** One way to run a trace. */
export interface Scenario {
  readonly machine: Machine;
  readonly generation: Generation;
  readonly strategy: Strategy;
  /** How upcalls reach the guest. */
  readonly delivery: DeliveryMode;
  /** Name of Xen's scheduler. */
  readonly scheduler: string;
  /** How the guest unmasks ports. */
  readonly unmask: UnmaskName;
  /** A `CacheState` or a `POLLUTED_STATES`. */
  readonly cache: string;
  /** What runs between two operations; undefined when nothing does. */
  readonly workload: Workload | undefined;
  readonly lumps: Lumps;
  readonly run: RunNumbers;
  /** Every `key=value` that differs from the defaults, sorted; empty for none. */
  readonly changes: string;
}

/** Names that select a scenario. */
export interface ScenarioNames {
  readonly machine: string;
  readonly guest: string;
  /** How isrcs are found; undefined for the standard one, or the guest's own where it has none. */
  readonly strategy?: string | undefined;
  readonly cache: string;
  /** A delivery mode and a scheduler; the defaults where there is none. */
  readonly delivery?: string;
  readonly scheduler?: string;
  /** How ports are unmasked; undefined for the guest's own way. */
  readonly unmask?: string | undefined;
  /** `key=value` for machine numbers, lumps and run parameters. */
  readonly set?: readonly string[];
}

/** Defaults where the user names none. */
export const DEFAULT_NAMES = {
  machine: 'zen5',
  guest: 'freebsd-c',
  cache: 'warm',
  delivery: 'lapic',
  scheduler: 'credit2',
} as const satisfies ScenarioNames;

/** The strategy where none is named, of a guest that has isrcs. */
export const DEFAULT_STRATEGY = 'slist';

/** Where every name that `set` knows can be read. */
const KNOWN = `upcall machines show NAME lists the numbers of machine and kernel; those of a run are ${Object.keys(RUN_PARAMS).join(', ')}`;

/** What is no number, or has another name, though it looks like one that could be set. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  machine: 'an option of its own, --machine; whatif alone takes it in --set',
  guest: 'an option of its own, --guest; whatif alone takes it in --set',
  strategy: 'an option of its own, --strategy; whatif alone takes it in --set',
  cache: 'an option of its own, --cache; whatif alone takes it in --set',
  delivery: 'an option of its own, --delivery; whatif alone takes it in --set',
  scheduler: 'an option of its own, --scheduler; whatif alone takes it in --set',
  unmask: 'an option of its own, --unmask; whatif alone takes it in --set',
  load: 'taken by whatif only; the number is gapPermille, gaps in thousandths: load=2 is gapPermille=500',
  handler: 'taken by whatif only; the numbers are filterCycles and ithreadHandlerCycles',
};

function refuseElsewhere(assignment: string): void {
  const name = assignment.split('=', 1)[0]!;
  if (Object.hasOwn(ELSEWHERE, name)) throw usageError(`"${name}" is ${ELSEWHERE[name]}`);
}

/** Resolves names and assignments; a UserError (exit 2) for anything unknown or out of range. */
export function scenarioOf(names: ScenarioNames): Scenario {
  const run: RunNumbers = {
    gapPermille: 1000,
    population: 0,
    interruptedUser: 0,
    pageBits: 21,
    sockets: 1,
    senderSocket: 0,
    pcpus: 0,
    hogs: 0,
    idleHalts: 0,
    senders: 4,
  };
  const lumps: Record<string, number> = { ...numbersOf<typeof LUMPS>(LUMP_VALUES) };
  const machineChanges: Record<string, Sourced> = {};
  let machine = machineByName(names.machine);
  const changes: string[] = [];
  for (const text of names.set ?? []) {
    refuseElsewhere(text);
    const [name, value] = parseAssignment(text, { ...MACHINE, ...LUMPS, ...RUN_PARAMS }, KNOWN);
    changes.push(`${name}=${value}`);
    if (Object.hasOwn(RUN_PARAMS, name)) run[name as keyof RunNumbers] = value;
    else if (Object.hasOwn(LUMPS, name)) lumps[name] = value;
    else {
      const source = 'set on the command line';
      machineChanges[name] = { value, low: value, high: value, source, confidence: 'guessed' };
    }
  }
  if (Object.keys(machineChanges).length > 0) {
    const { name, title } = machine;
    machine = defineMachine(name, title, 'unvalidated', { ...machine.values, ...machineChanges });
  }
  if (!PAGE_BITS.includes(run.pageBits))
    throw usageError(`pageBits=${run.pageBits}; x86 has ${PAGE_BITS.join(', ')}`);
  const { cache } = names;
  const states = [...CACHE_STATES, ...POLLUTED_STATES];
  if (!states.includes(cache)) throw unknownName('cache state', cache, states);
  const workload = WORKLOADS.find(({ name }) => cache === `polluted(${name})`);
  const generation = generationByName(names.guest);
  return {
    machine,
    generation,
    strategy: strategyOf(generation, names.strategy),
    delivery: deliveryByName(names.delivery ?? DEFAULT_NAMES.delivery),
    scheduler: schedulerByName(names.scheduler ?? DEFAULT_NAMES.scheduler),
    unmask: unmaskOf(generation, names.unmask),
    cache,
    workload,
    lumps: lumps as Lumps,
    run,
    changes: changes.sort().join(' '),
  };
}

function strategyOf({ name, findsIsrcs }: Generation, strategy: string | undefined): Strategy {
  if (findsIsrcs) return strategyByName(strategy ?? DEFAULT_STRATEGY);
  if (strategy === undefined || strategy === OWN_STRATEGY.name) return OWN_STRATEGY;
  throw usageError(
    `strategy "${strategy}" is a way to find an isrc, which ${name} has none of: leave --strategy out, or say "own"`,
  );
}

/** How many numbers a scenario uses that are guessed, those set by hand included. */
export function guessedNumbers(scenario: Scenario): { machine: number; kernel: number } {
  const guessed = (values: Readonly<Record<string, Sourced>>) =>
    Object.values(values).filter((v) => v.confidence === 'guessed').length;
  const { machine, workload, generation } = scenario;
  const lumps = Object.fromEntries(
    Object.entries(LUMP_VALUES).filter(([name]) => generation.lumps.includes(name)),
  );
  const other = workload === undefined ? 0 : guessed(workload.values);
  return { machine: guessed(machine.values), kernel: guessed(lumps) + other };
}

/** A fingerprint of every number a scenario uses: equal fingerprints mean equal constants. */
export function modelFingerprint(scenario: Scenario): string {
  const f = new Fingerprint();
  const { generation, machine, lumps, run } = scenario;
  const charged = Object.entries(lumps).filter(([name]) => generation.lumps.includes(name));
  for (const [name, value] of [...Object.entries(machine.n), ...charged, ...Object.entries(run)]) {
    f.addText(name);
    f.addWide(value);
  }
  return f.hex;
}
