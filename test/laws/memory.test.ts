/** Laws of the memory hierarchy: latencies by level, sizes, replacement. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Cache } from '../../src/x86/cache.ts';
import { CAUSE_COUNT, Cause } from '../../src/x86/cause.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf, SITE } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { addresses, chase, settled, slope } from './measure.ts';

law(['l1Cycles'], 'a chain of hits costs the load-to-use latency each', () => {
  for (const l1Cycles of [4, 5]) {
    const bench = benchOf(machine({ l1Cycles }));
    const hits = (core: Core, n: number) => chase(core, new Array(n).fill(bench.data));
    assert.equal(slope(bench, hits, 5, 25), 20 * l1Cycles);
  }
});

law(
  ['l1Cycles', 'l2Cycles', 'l3Cycles', 'dramNanos'],
  'a load costs the latency of its level, credited to it',
  () => {
    for (const [l1Cycles, l2Cycles, l3Cycles, dramNanos] of [
      [4, 14, 48, 600],
      [5, 15, 70, 333],
    ] as const) {
      const bench = benchOf(machine({ clockHz: 1e9, l1Cycles, l2Cycles, l3Cycles, dramNanos }));
      const { core, data } = bench;
      const load = (cause: number) => {
        const slot = SITE * CAUSE_COUNT + cause;
        const before = core.credits[slot]!;
        const cycles = bench.cycles((c) => c.load64(data, NOW), false);
        // Of a long latency, the two cycles that any micro-op takes are the front end's.
        assert.equal(
          core.credits[slot]! - before,
          cause === Cause.l1d ? cycles : cycles - 2,
          `cause ${cause}`,
        );
        return cycles;
      };
      assert.equal(load(Cause.dram), 1 + dramNanos);
      assert.equal(load(Cause.l1d), 1 + l1Cycles);
      core.caches.l1d.remove(data >>> 6);
      assert.equal(load(Cause.l2), 1 + l2Cycles);
      core.caches.spillToL3(() => false);
      assert.equal(load(Cause.l3), 1 + l3Cycles);
      core.caches.spillToMemory(() => false);
      bench.uncore.l3.clear();
      assert.equal(load(Cause.dram), 1 + dramNanos);
    }
  },
);

law(['clockHz', 'dramNanos'], 'nanoseconds become cycles of the clock, rounded down', () => {
  const miss = (clockHz: number, dramNanos: number) => {
    const bench = benchOf(machine({ clockHz, dramNanos }));
    return bench.cycles((core) => core.load64(bench.data, NOW), false) - 1;
  };
  assert.deepEqual(
    [miss(2_000_000_000, 100), miss(1_999_999_999, 100), miss(2_009_999_999, 100)],
    [200, 199, 200],
  );
  assert.deepEqual([miss(2_010_000_000, 100), miss(2_000_000_000, 101)], [201, 202]);
});

law([], 'a line in flight is waited for, not missed again', () => {
  const twice = (later: number) => {
    const bench = benchOf(machine({ clockHz: 1e9, dramNanos: 60, l1Cycles: 4, divCycles: later }));
    return bench.cycles((core) => {
      core.load64(bench.data, NOW);
      core.load64(bench.data + 8, core.div(NOW));
    }, false);
  };
  assert.deepEqual([1, 40, 56, 57, 58].map(twice), [61, 61, 61, 62, 63]);
});

const GEOMETRY: ReadonlyArray<readonly [sets: Parameter, ways: Parameter, hit: number, miss: number]> = [
  ['l1dSets', 'l1dWays', 4, 14],
  ['l2Sets', 'l2Ways', 14, 48],
];

for (const [sets, ways, hit, miss] of GEOMETRY) {
  law([sets, ways], 'as many lines as fit stay, one more and its set misses every time', () => {
    for (const [s, w] of [
      [1, 4],
      [4, 2],
      [2, 6],
    ] as const) {
      // The cache in front, if any, holds one line. The code stays on its own, which is not looked up again.
      const numbers = {
        l1dSets: 1,
        l1dWays: 1,
        l1Cycles: 4,
        l2Cycles: 14,
        l3Cycles: 48,
        [sets]: s,
        [ways]: w,
      };
      const bench = benchOf(machine(numbers));
      const lap = (lines: number) => settled(bench, (core) => chase(core, addresses(bench.data, lines, 64)));
      const fit = s * w;
      assert.equal(lap(fit), 1 + fit * hit, `${s} x ${w}`);
      assert.equal(lap(fit + 1), 1 + (w + 1) * miss + (fit - w) * hit, `${s} x ${w}, one more`);
    }
  });
}

law(['l3Sets', 'l3Ways'], 'it keeps as many lines as fit of those L2 gave up', () => {
  for (const [l3Sets, l3Ways] of [
    [1, 4],
    [4, 2],
  ] as const) {
    const small = { l1dSets: 1, l1dWays: 1, l2Sets: 1, l2Ways: 1, l3Sets, l3Ways };
    const again = (lines: number) => {
      const bench = benchOf(machine({ ...small, clockHz: 1e9, dramNanos: 600, l3Cycles: 48 }));
      bench.cycles((core) => chase(core, addresses(bench.data, lines, 64)), false);
      return bench.cycles((core) => core.load64(bench.data, NOW), false);
    };
    const fit = l3Sets * l3Ways;
    // The last line is in L2; all before it are in L3 if they fit.
    assert.deepEqual([again(fit + 1), again(fit + 2)], [1 + 48, 1 + 600], `${l3Sets} x ${l3Ways}`);
  }
});

law([], 'what leaves the L2 leaves the L1, is found in the L3, and belongs to nobody', () => {
  const bench = benchOf(machine({ l2Sets: 2, l2Ways: 2 }));
  const line = bench.data >>> 6;
  const { l1d, l2 } = bench.core.caches;
  chaseOnce(2);
  assert.deepEqual([l1d.has(line), l2.has(line), bench.uncore.l3.has(line)], [true, true, false]);
  assert.equal(bench.uncore.owner[line], bench.core.caches.core);
  chaseOnce(3);
  assert.deepEqual([l1d.has(line), l2.has(line), bench.uncore.l3.has(line)], [false, false, true]);
  assert.equal(bench.uncore.owner[line], -1);
  function chaseOnce(lines: number): void {
    bench.cycles((core) => chase(core, addresses(bench.data, lines, 128)), false);
  }
});

law([], 'a set keeps the ways used last', () => {
  const lines = fc.array(fc.nat(23), { maxLength: 200 });
  fc.assert(
    fc.property(lines, (accesses) => {
      const cache = new Cache(2, 4);
      const model: number[][] = [[], []];
      for (const line of accesses) {
        const set = model[line & 1]!;
        const hit = set.includes(line);
        assert.equal(cache.find(line) >= 0, hit);
        if (hit) set.splice(set.indexOf(line), 1);
        else {
          const victim = cache.insert(line, 0);
          assert.equal(victim, set.length === 4 ? set[0] : -1);
          if (set.length === 4) set.shift();
        }
        set.push(line);
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});
