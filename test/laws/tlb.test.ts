/** Laws of address translation. */
import assert from 'node:assert/strict';
import type { Core } from '../../src/x86/core.ts';
import { Memory } from '../../src/x86/memory.ts';
import { benchOf } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { ALL_PORTS, chase, LINES, settled } from './measure.ts';

const L1 = 4;

/** A machine whose data TLB holds one page, on memory of 4-KiB pages. */
function pages(changes: Partial<Record<Parameter, number>>) {
  const bench = benchOf(machine({ dtlbEntries: 1, l1Cycles: L1, ...changes }), new Memory(64, 12));
  /** Cycles of loads from pages `step` apart, on a line of its own each. */
  const lap = (n: number, step = 1) => {
    const at = Array.from({ length: n }, (_, i) => bench.data + i * step * 4096 + (i & 63) * 64);
    return settled(bench, (core) => chase(core, at));
  };
  return { bench, lap };
}

law(['dtlbEntries', 'stlbCycles'], 'n pages fit; one more and its set comes from the second level', () => {
  for (const stlbCycles of [7, 9]) {
    // The model's first level has the fewest sets, a power of two, that leave at most 16 ways.
    for (const [dtlbEntries, sets] of [
      [8, 1],
      [16, 1],
      [20, 2],
      [96, 8],
    ] as const) {
      const { lap } = pages({ dtlbEntries, stlbCycles });
      assert.equal(lap(dtlbEntries), 1 + dtlbEntries * L1, `${dtlbEntries} entries`);
      const missing = dtlbEntries / sets + 1;
      assert.equal(lap(dtlbEntries + 1), 1 + (dtlbEntries + 1) * L1 + missing * stlbCycles);
    }
  }
});

law(['stlbEntries', 'walkCycles'], 'n pages fit the second level; one more and its set is walked for', () => {
  for (const walkCycles of [60, 100]) {
    for (const [stlbEntries, sets] of [
      [32, 2],
      [64, 4],
    ] as const) {
      const { bench, lap } = pages({ stlbEntries, stlbWays: 16, stlbCycles: 7, walkCycles });
      const served = (n: number) => 1 + n * (L1 + 7);
      assert.equal(lap(stlbEntries), served(stlbEntries));
      const walks = bench.core.translations.walks;
      const missing = stlbEntries / sets + 1;
      assert.equal(lap(stlbEntries + 1), served(stlbEntries + 1) + missing * walkCycles);
      assert.ok(bench.core.translations.walks >= walks + 3 * missing - stlbEntries);
    }
  }
});

law(['stlbWays'], 'so many pages of one set fit', () => {
  for (const stlbWays of [4, 8]) {
    const { lap } = pages({ stlbEntries: 64, stlbWays, stlbCycles: 7, walkCycles: 60 });
    const served = (n: number) => 1 + n * (L1 + 7);
    const step = 64 / stlbWays;
    assert.equal(lap(stlbWays, step), served(stlbWays));
    assert.equal(lap(stlbWays + 1, step), served(stlbWays + 1) + (stlbWays + 1) * 60);
  }
});

law(['itlbEntries', 'stlbCycles'], 'n pages of code fit; one more and its set holds fetch up', () => {
  for (const stlbCycles of [7, 9]) {
    for (const [itlbEntries, sets] of [
      [16, 1],
      [20, 2],
      [48, 4],
    ] as const) {
      const bench = benchOf(machine({ itlbEntries, stlbCycles, aluPorts: ALL_PORTS }));
      // A page for each line of code.
      bench.core.front.pageBits = 6;
      const lap = (n: number) =>
        settled(bench, (core: Core) => {
          core.at(LINES[0]!);
          core.free(16 * n);
        });
      assert.equal(lap(itlbEntries), itlbEntries + 1, `${itlbEntries} entries`);
      const missing = itlbEntries / sets + 1;
      const hits = itlbEntries + 1 - missing;
      assert.equal(lap(itlbEntries + 1), missing * stlbCycles + hits + 2, `${itlbEntries} entries, one more`);
    }
  }
});
