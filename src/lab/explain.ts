/**
 * One upcall or one bind on a guest alone, micro-op by micro-op: when each was dispatched, issued, ready and
 * retired, what it waited for at each stage, and beside it what the stretch costs at least.
 *
 * Nobody else holds a line here: in a replay a sender's core has written the pending word before the upcall.
 */

import { HandlerKind } from '../intr/os.ts';
import { ModelBug, usageError } from '../model/errors.ts';
import type { Cycle, Port } from '../model/units.ts';
import { CAUSES } from '../x86/cause.ts';
import { SITES } from '../x86/sites.ts';
import type { TapeEntry } from '../x86/tape.ts';
import { Uop } from '../x86/uop.ts';
import { ChannelKind, PORTS } from '../xen/abi.ts';
import { BenchGuest } from './bench-guest.ts';
import { bindPorts, portWords } from './bench-ports.ts';
import { type Bound, isSerialising, lowerBounds } from './bounds.ts';
import { interruptedByUpcall } from './interrupts.ts';
import type { Scenario } from './scenario.ts';
import { IDLE_CYCLES, type Taped, taped } from './taped.ts';

/** What can be explained. */
export const OPERATIONS_EXPLAINED = ['upcall', 'bind'] as const;

/** One of them. */
export type Explained = (typeof OPERATIONS_EXPLAINED)[number];

/** One micro-op. Cycles count from the start. */
export interface Step {
  readonly fn: string;
  readonly file: string;
  /** What is done at its site. */
  readonly site: string;
  readonly op: string;
  readonly dispatch: Cycle;
  /** What held dispatch since the micro-op before it; empty when it was dispatched in the same cycle. */
  readonly heldBy: string;
  /** What it waited for between dispatch and issue: operands, port, both, everything older, or nothing. */
  readonly waitedFor: string;
  readonly issue: Cycle;
  readonly ready: Cycle;
  /** What the time from issue to ready was. */
  readonly cause: string;
  readonly retire: Cycle;
  /** Cycles by which it moved retirement; they sum to the cycles of the stretch. */
  readonly moved: Cycle;
  /** What kept it from retirement when it was ready: an older one, the width, or nothing. */
  readonly behind: string;
}

/** A stretch of work, taken apart. */
export interface Explanation {
  readonly scenario: Scenario;
  readonly operation: Explained;
  /** Pending ports; none for a bind. */
  readonly ports: readonly Port[];
  readonly isrcs: number;
  readonly cycles: Cycle;
  readonly instructions: number;
  readonly steps: readonly Step[];
  readonly bounds: readonly Bound[];
}

/** Calls before the explained one: enough for predictors and caches to settle. */
const WARM_UP = 4;
/** Isrcs of a bind where none are named. */
export const BIND_ISRCS = 64;
/** The vCPU and its core. */
const VCPU = 0;

/**
 * An upcall that finds these ports pending, each with one filter that counts.
 *
 * @param ports at least one
 * @param isrcs how many ports are bound, from port 1 on; undefined for as many as the highest pending one
 */
export function explainUpcall(scenario: Scenario, ports: readonly Port[], isrcs?: number): Explanation {
  const pending = [...new Set(ports)].sort((a, b) => a - b);
  const bound = isrcs ?? Math.min(pending.at(-1)!, PORTS - 1);
  const wrong = pending.find((port) => port < 1 || port > bound);
  if (isrcs !== undefined) checkIsrcs(isrcs);
  if (wrong !== undefined) {
    throw usageError(`--ports names port ${wrong}, expected ports that are bound: 1..${isrcs ?? PORTS - 1}`);
  }
  const bench = new BenchGuest(scenario);
  const { guest } = bench;
  const scanner = guest.kernel.scanner();
  bindPorts(guest, scanner, bound);
  const words = portWords(guest);
  words.unmaskAll();
  scanner.enableAll();
  return explained(bench, 'upcall', pending, bound, {
    prepare: () => {
      words.quiet();
      words.raise(pending);
    },
    work: () => bench.run(interruptedByUpcall(guest, VCPU)),
    undo: () => {
      const served = bench.order.splice(0).sort((a, b) => a - b);
      if (served.join() !== pending.join()) throw new ModelBug('an upcall served other ports', { served });
    },
  });
}

/**
 * A bind of an interdomain port with a filter.
 *
 * @param isrcs how many isrcs there are; the last one in vector order is unused
 */
export function explainBind(scenario: Scenario, isrcs: number = BIND_ISRCS): Explanation {
  checkIsrcs(isrcs);
  const bench = new BenchGuest(scenario);
  const { kernel, cores } = bench.guest;
  const core = cores[VCPU]!;
  const words = portWords(bench.guest);
  let last: Port = 0;
  const bind = () => {
    last = bench.run(kernel.bind(VCPU, ChannelKind.interdomain, HandlerKind.filter, VCPU));
  };
  const undo = () => {
    // No upcall runs here that would take the port off its queue, for which an unbind may wait.
    words.quiet();
    core.begin(core.now);
    bench.run(kernel.unbind(VCPU, last));
  };
  for (let i = 0; i < isrcs; i++) {
    words.quiet();
    core.begin(core.now);
    bind();
  }
  undo();
  return explained(bench, 'bind', [], isrcs, { prepare: () => words.quiet(), work: bind, undo });
}

/** What is done again and again: only `work` is looked at. */
interface Task {
  prepare(): void;
  work(): void;
  undo(): void;
}

function explained(
  bench: BenchGuest,
  operation: Explained,
  ports: readonly Port[],
  isrcs: number,
  task: Task,
): Explanation {
  const { scenario } = bench.guest;
  const { core } = bench.guest.cpus[VCPU]!;
  let last: Taped | undefined;
  for (let call = 0; call <= WARM_UP; call++) {
    task.prepare();
    bench.guest.applyCacheState(VCPU, core.now + IDLE_CYCLES);
    last = taped(core, task.work);
    task.undo();
  }
  const { cycles, instructions } = last!;
  const bounds = lowerBounds(last!, core.machine);
  return { scenario, operation, ports, isrcs, cycles, instructions, steps: stepsOf(last!), bounds };
}

function checkIsrcs(isrcs: number): void {
  if (Number.isInteger(isrcs) && isrcs >= 1 && isrcs < PORTS) return;
  throw usageError(`--isrcs is ${isrcs}, expected 1..${PORTS - 1}`);
}

/** A recording with names; a ModelBug if its micro-ops do not add up to its cycles. */
export function stepsOf({ entries, start, cycles }: Taped): Step[] {
  let dispatched = start;
  let retired = start;
  const steps = entries.map((e): Step => {
    const { what, fn, file } = SITES[e.site]!;
    const step = {
      fn,
      file,
      site: what,
      op: UOP_NAMES[e.kind]!,
      dispatch: e.dispatch - start,
      heldBy: e.dispatch > dispatched ? causeName(e.heldBy) : '',
      waitedFor: waitOf(e, retired),
      issue: e.issue - start,
      ready: e.finish - start,
      cause: causeName(e.cause),
      retire: e.retire - start,
      moved: e.retire - retired,
      behind: e.retire === e.finish ? '' : e.retire > retired ? 'width' : 'older',
    };
    dispatched = e.dispatch;
    retired = e.retire;
    return step;
  });
  if (retired - start !== cycles) {
    throw new ModelBug('the micro-ops of a recording do not add up', { retired: retired - start, cycles });
  }
  return steps;
}

/** @param retired when everything older had retired */
function waitOf({ kind, dispatch, issue, operands }: TapeEntry, retired: number): string {
  if (isSerialising(kind)) return retired > dispatch + 1 ? 'older' : '';
  const waits: string[] = [];
  const wanted = Math.max(dispatch + 1, Math.min(operands, retired));
  if (wanted > dispatch + 1) waits.push('operands');
  if (issue > wanted) waits.push('port');
  return waits.join('+');
}

/** Names of micro-ops by `Uop`. */
const UOP_NAMES = Object.keys(Uop);

function causeName(cause: number): string {
  return CAUSES[cause]![0];
}
