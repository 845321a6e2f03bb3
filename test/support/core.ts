/** A core on a machine of its own, for laws and gates: one machine, one number changed, exact cycles. */

import { Uncore } from '../../src/x86/coherence.ts';
import { Core } from '../../src/x86/core.ts';
import { defineMachine, type Machine, type MachineValues } from '../../src/x86/machine.ts';
import { ZEN5_VALUES } from '../../src/x86/machines/zen5.ts';
import { Memory } from '../../src/x86/memory.ts';
import { SITE_ADDRESS, SourceFile } from '../../src/x86/sites.ts';

/** A straight piece of text long enough for any law, and a second one to jump to. */
const text = new SourceFile('test/laws.c').fn('law');
export const SITE = text.site('the law', 120);
export const OTHER = text.site('elsewhere', 16);

/**
 * The machine of the laws: zen5 with a front end that never limits unless a law says so.
 *
 * @param changes numbers by name
 */
export function lawMachine(changes: Partial<Record<keyof MachineValues, number>> = {}): Machine {
  const values: Record<string, MachineValues[keyof MachineValues]> = { ...ZEN5_VALUES };
  const wide = {
    fetchWidth: 16,
    decodeWidth: 16,
    dispatchWidth: 16,
    retireWidth: 16,
    takenBranchHalfCycles: 0,
    registerEntries: 1000,
    schedulerEntries: 500,
    stridePrefetch: 0,
    streamPrefetch: 0,
    l2LineHalfCycles: 0,
    l3LineCycles: 0,
    dramLineCycles: 0,
    storeAddressCycles: 1,
    storeDrainCycles: 1,
    walkCycles: 0,
    returnCheckCycles: 1,
    stlbCycles: 0,
    lockLatencyCycles: 20,
  };
  for (const [name, value] of Object.entries({ ...wide, ...changes })) {
    values[name] = { value, low: value, high: value, source: 'law', confidence: 'guessed' };
  }
  return defineMachine('law', 'machine of a law', 'unvalidated', values as unknown as MachineValues);
}

/** A core, its memory, and a second core of the same machine. */
export interface Bench {
  readonly core: Core;
  readonly other: Core;
  readonly memory: Memory;
  readonly uncore: Uncore;
  readonly horizon: { cycle: number };
  /** A stretch of fresh, line-aligned memory. */
  readonly data: number;
  /**
   * Cycles of a piece of code from an empty window, after its own instruction lines are in L1I: the code runs
   * once to warm them if `warm` is set, and everything else it touched stays warm too.
   */
  cycles(code: (core: Core) => void, warm?: boolean): number;
}

/** Builds a bench on a machine; the memory is given where its size or that of its pages matters. */
export function benchOf(machine: Machine, memory = new Memory(16)): Bench {
  const uncore = new Uncore(machine, memory);
  const horizon = { cycle: Number.POSITIVE_INFINITY };
  const core = new Core(machine, memory, uncore, horizon);
  const other = new Core(machine, memory, uncore, horizon);
  const data = memory.place('law data', 4 * 1024 * 1024, 4096);
  core.sp = memory.place('law stack', 8192, 4096) + 8192;
  other.sp = memory.place('other stack', 8192, 4096) + 8192;
  const fetchText = () => {
    core.begin(core.now);
    const first = SITE_ADDRESS[SITE]! >>> 6;
    for (let line = first; line < first + 64; line++) core.caches.fetch(line, 0);
  };
  fetchText();
  return {
    core,
    other,
    memory,
    uncore,
    horizon,
    data,
    cycles(code, warm = true) {
      const once = () => {
        core.begin(core.now + 10_000);
        core.at(OTHER);
        core.at(SITE);
        core.begin(core.now);
        code(core);
        return core.spent();
      };
      if (warm) once();
      return once();
    },
  };
}
