/**
 * What a stretch of micro-ops costs at least, whatever else holds it up: one bound for each thing that can. Each
 * looks at one resource alone and takes everything else as free, so the simulated cycles are never fewer; that
 * they are not is asserted wherever bounds are computed.
 *
 * Method: the bounds of uiCA and Facile, with the latencies that the memory had this time. In none of them are
 * refills after wrongly predicted branches, and waits of loads for the data of a store.
 */
import { ModelBug } from '../model/errors.ts';
import type { Cycle, Ready } from '../model/units.ts';
import { Cause } from '../x86/cause.ts';
import type { Machine } from '../x86/machine.ts';
import type { TapeEntry } from '../x86/tape.ts';
import { Uop } from '../x86/uop.ts';
import type { Taped } from './taped.ts';

/** One lower bound. */
export interface Bound {
  readonly name: string;
  /** Null where the recording cannot tell. */
  readonly cycles: Cycle | null;
  /** What it is made of. */
  readonly what: string;
}

/** The bounds of a recording; a ModelBug if the simulated cycles are below one of them. */
export function lowerBounds(taped: Taped, machine: Machine): Bound[] {
  const bounds = [
    dependencyBound(taped, machine),
    portBound(taped.entries, machine),
    ...widthBounds(taped.entries, machine),
    ...memoryBounds(taped, machine),
  ];
  for (const { name, cycles } of bounds) {
    if (cycles !== null && cycles > taped.cycles) {
      throw new ModelBug('fewer cycles than a lower bound', { simulated: taped.cycles, name, cycles });
    }
  }
  return bounds;
}

/**
 * The longest chain of latencies through operands. A micro-op's producer is an older one whose result was ready
 * when its last operand was; of several, the one with the shortest chain. Locked, serialising and lump micro-ops
 * come after everything older.
 */
function dependencyBound({ entries, start }: Taped, machine: Machine): Bound {
  const { n } = machine;
  /** Shortest chain of the micro-ops whose result was ready in a cycle. */
  const chainAt = new Map<Ready, Cycle>();
  let longest = 0;
  /** Nothing younger starts before this. */
  let barrier = 0;
  /** The youngest store is in L1D. */
  let drained = 0;
  let retired = start;
  for (const entry of entries) {
    const { kind, operands, finish } = entry;
    let chain: Cycle;
    if (isSerialising(kind)) {
      chain = longest + finish - retired;
      barrier = chain;
    } else {
      const from = Math.max(barrier + 1, chainAt.get(operands) ?? 0);
      chain = from + latencyOf(entry, machine);
      if (kind === Uop.lock) {
        const locked = Math.max(from, longest, drained);
        chain = Math.max(chain, locked + n.lockLatencyCycles);
        drained = locked + n.lockCycles;
      }
    }
    longest = Math.max(longest, chain);
    if (kind === Uop.store) drained = Math.max(drained, longest + n.storeDrainCycles);
    chainAt.set(finish, Math.min(chain, chainAt.get(finish) ?? chain));
    retired = entry.retire;
  }
  return { name: 'dependency', cycles: longest, what: 'longest chain of latencies through operands' };
}

/** Whether a micro-op waits for everything older, and everything younger for it. */
export function isSerialising(kind: number): boolean {
  return kind === Uop.serialise || kind === Uop.fence || kind === Uop.lump;
}

/** Cycles from issue to result without queues in front of the caches and without waits for older micro-ops. */
function latencyOf({ kind, cause, issue, finish }: TapeEntry, machine: Machine): Cycle {
  const { n } = machine;
  const took = finish - issue;
  if (kind === Uop.store) return Math.min(took, 1);
  if (kind !== Uop.load && kind !== Uop.lock) return took;
  switch (cause) {
    case Cause.l1d:
      return Math.min(took, n.l1Cycles);
    case Cause.l2:
      return Math.min(took, n.l2Cycles);
    case Cause.l3:
      return Math.min(took, n.l3Cycles);
    case Cause.dram:
      return Math.min(took, machine.dramCycles);
    case Cause.transfer:
      return Math.min(took, machine.transferCycles);
    case Cause.forward:
      return Math.min(
        took,
        Math.max(n.l1Cycles, n.forwardExactCycles, n.forwardWithinCycles, n.forwardFailCycles),
      );
    default:
      // A lock's own latency is counted from when it may start.
      return 0;
  }
}

/** The worst set of ports: micro-ops that can go nowhere else, through as many ports as it has. */
function portBound(entries: readonly TapeEntry[], machine: Machine): Bound {
  const uses = new Map<number, number>();
  const add = (ports: number) => uses.set(ports, (uses.get(ports) ?? 0) + 1);
  for (const { kind, ports } of entries) {
    if (ports !== 0) add(ports);
    if (kind === Uop.store) add(machine.n.storeDataPorts);
  }
  let worst = { cycles: 0, count: 0, ports: 0 };
  for (const ports of unionsOf([...uses.keys()])) {
    let count = 0;
    for (const [set, n] of uses) if ((set & ~ports) === 0) count += n;
    const cycles = Math.ceil(count / portNumbers(ports).length);
    if (cycles > worst.cycles) worst = { cycles, count, ports };
  }
  const what = `${worst.count} operations on ports ${portNumbers(worst.ports).join(' ')}`;
  return { name: 'ports', cycles: worst.cycles, what };
}

/** Every union of some of the sets, ascending. */
function unionsOf(sets: readonly number[]): number[] {
  const unions = new Set<number>();
  for (const set of sets) {
    for (const union of [...unions]) unions.add(union | set);
    unions.add(set);
  }
  return [...unions].sort((a, b) => a - b);
}

function portNumbers(ports: number): number[] {
  return Array.from({ length: 16 }, (_, i) => i).filter((i) => ((ports >>> i) & 1) === 1);
}

/** What the widths of the pipeline's ends allow. */
function widthBounds(entries: readonly TapeEntry[], machine: Machine): Bound[] {
  const { fetchWidth, decodeWidth, dispatchWidth, retireWidth } = machine.n;
  const n = entries.length;
  const fetch = Math.max(fetchWidth, decodeWidth);
  const groups = Math.max(0, Math.ceil(n / fetch) - freeGroups(entries, machine));
  return [
    { name: 'fetch', cycles: groups, what: `${n} micro-ops, ${fetch} a cycle` },
    {
      name: 'dispatch',
      cycles: Math.ceil(n / dispatchWidth),
      what: `${n} micro-ops, ${dispatchWidth} a cycle`,
    },
    { name: 'retire', cycles: Math.ceil(n / retireWidth), what: `${n} micro-ops, ${retireWidth} a cycle` },
  ];
}

/** Fetch groups that cost no cycle: those behind a call or return which the machine says is free. */
function freeGroups(entries: readonly TapeEntry[], machine: Machine): number {
  const { callReturnCycles, indirectBranchCycles } = machine.n;
  let free = 0;
  for (const { kind } of entries) {
    if (kind === Uop.call && callReturnCycles === 0) free++;
    else if (kind === Uop.ret && callReturnCycles <= 1) free++;
    else if (kind === Uop.indirectCall && indirectBranchCycles === 0) free++;
  }
  return free;
}

/** Lines that loads waited for: at the rate at which a core can take them, and through the fill buffers. */
function memoryBounds({ entries }: Taped, machine: Machine): Bound[] {
  const { l2Cycles, l3Cycles, l3LineCycles, dramLineCycles, fillBuffers, stridePrefetch } = machine.n;
  const l2 = linesOf(entries, Cause.l2);
  const l3 = linesOf(entries, Cause.l3);
  const dram = linesOf(entries, Cause.dram);
  const busy = l2 * l2Cycles + l3 * l3Cycles + dram * machine.dramCycles;
  const fills =
    stridePrefetch > 0
      ? { cycles: null, what: 'not known: a line fetched ahead takes no fill buffer' }
      : { cycles: Math.ceil(busy / fillBuffers), what: `${l2 + l3 + dram} lines, ${fillBuffers} at a time` };
  return [
    pathBound('l3-lines', l3, l3LineCycles, l3Cycles),
    pathBound('memory-lines', dram, dramLineCycles, machine.dramCycles),
    { name: 'fill-buffers', ...fills },
  ];
}

/**
 * Lines on one path: the first may start at once, the second at the next slot, each other a slot later; the last
 * has its latency before it.
 */
function pathBound(name: string, lines: number, lineCycles: number, latency: number): Bound {
  const cycles = lines === 0 ? 0 : Math.max(0, lines - 2) * lineCycles + latency;
  return { name, cycles, what: `${lines} lines, ${lineCycles} cycles apart, ${latency} for the last` };
}

/** Different lines from one level that loads waited for, at least: lines of one path come in different cycles. */
function linesOf(entries: readonly TapeEntry[], cause: number): number {
  const arrivals = new Set<Ready>();
  for (const entry of entries) {
    if (entry.kind === Uop.load && entry.cause === cause) arrivals.add(entry.finish);
  }
  return arrivals.size;
}
