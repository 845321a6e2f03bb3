/** How laws measure: settled runs, slopes, runs from a given cycle; and places in the text to run at. */
import { type Core, NOW } from '../../src/x86/core.ts';
import { SourceFile } from '../../src/x86/sites.ts';
import { type Bench, OTHER, SITE } from '../support/core.ts';

/** Sixteen port sets of one port each: enough never to limit. */
export const ALL_PORTS = 0xffff;

/** A clock at which nanoseconds are cycles, and a memory 600 cycles away. */
export const DRAM = 600;
export const FAR = { clockHz: 1_000_000_000, dramNanos: DRAM };

const lines = new SourceFile('test/lines.c').fn('lines');
/** Sites of one instruction line each, one behind another: `free(16)` in one runs to its end. */
export const LINES = Array.from({ length: 64 }, (_, i) => lines.site(`line ${i}`, 16));

const branches = new SourceFile('test/branches.c').fn('branches');
/** A place that is a taken branch away from all others. */
export const AWAY = new SourceFile('test/away.c').fn('away').site('away', 16);

/** Sites of one instruction each, one behind another: from one to another but the next is a taken branch. */
export const BRANCHES = Array.from({ length: 40 }, (_, i) => branches.site(`branch ${i}`, 1));

/**
 * Cycles of a piece of code once caches and predictors have seen it twice.
 *
 * @param leave whether other code runs in between
 */
export function settled(bench: Bench, code: (core: Core) => void, leave = false): number {
  let last = 0;
  for (let i = 0; i < 3; i++) {
    if (leave) elsewhere(bench);
    last = bench.cycles(code, false);
  }
  return last;
}

/** Runs an instruction on a line of its own: code that stays on one line is never looked up again. */
export function elsewhere(bench: Bench): void {
  bench.cycles((core) => {
    core.at(LINES[63]!);
    core.alu(NOW);
  }, false);
}

/** Cycles that `n` repetitions take more than `m`: start-up and drain cancel. */
export function slope(bench: Bench, code: (core: Core, n: number) => void, m: number, n: number): number {
  const at = (count: number) => settled(bench, (core) => code(core, count));
  return at(n) - at(m);
}

/** Cycles of a piece of code that starts at a given cycle, which the core has not reached yet. */
export function startingAt(bench: Bench, cycle: number, code: (core: Core) => void): number {
  const { core } = bench;
  core.begin(cycle - 1000);
  core.at(OTHER);
  core.at(SITE);
  core.begin(cycle);
  code(core);
  return core.spent();
}

/** Loads from these addresses, each needing the one before. */
export function chase(core: Core, addresses: readonly number[]): void {
  let t = NOW;
  for (const address of addresses) t = core.load64(address, t);
}

/** `n` addresses from `base`, `step` bytes apart. */
export function addresses(base: number, n: number, step: number): number[] {
  return Array.from({ length: n }, (_, i) => base + i * step);
}
