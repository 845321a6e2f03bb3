/** Laws of what is fetched ahead, and of the rates at which lines come. */
import assert from 'node:assert/strict';
import { NOW } from '../../src/x86/core.ts';
import { benchOf, SITE } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { ALL_PORTS, addresses, chase, startingAt } from './measure.ts';

const L1 = 4;

/** Cycles of `n` loads of one instruction, each needing the one before, from memory nobody has touched. */
function walk(changes: Partial<Record<Parameter, number>>, at: readonly number[]): number {
  const bench = benchOf(machine({ clockHz: 1e9, l1Cycles: L1, btbMissCycles: 0, ...changes }));
  return bench.cycles((core) => {
    let t = NOW;
    for (const offset of at) {
      core.at(SITE);
      t = core.load64(bench.data + offset, t);
    }
  }, false);
}

law(['stridePrefetch', 'dramNanos'], 'n strides ahead: n + 1 loads share the latency of a miss', () => {
  for (const stridePrefetch of [4, 9]) {
    for (const dramNanos of [500, 700]) {
      for (const stride of [128, 256, -256, 1088]) {
        const base = stride < 0 ? 1 << 20 : 0;
        const cost = (n: number) => walk({ stridePrefetch, dramNanos }, addresses(base, n, stride));
        const period = stridePrefetch + 1;
        assert.equal(cost(60 + 5 * period) - cost(60), 5 * dramNanos, `${stridePrefetch} ahead by ${stride}`);
      }
    }
  }
});

law(['streamPrefetch', 'stridePrefetch'], 'consecutive lines are fetched further ahead', () => {
  for (const streamPrefetch of [9, 19]) {
    for (const [stridePrefetch, ahead] of [
      [4, streamPrefetch],
      [24, 24],
    ] as const) {
      const cost = (n: number) =>
        walk({ stridePrefetch, streamPrefetch, dramNanos: 600 }, addresses(0, n, 64));
      assert.equal(cost(100 + 4 * (ahead + 1)) - cost(100), 4 * 600, `${streamPrefetch} lines`);
    }
  }
});

law(['stridePrefetch'], 'it starts at the third load, two lines at a time, up to its distance', () => {
  const loads = (n: number, stridePrefetch: number) =>
    walk({ stridePrefetch, dramNanos: 600 }, addresses(0, n, 256));
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => loads(n, 0)),
    [601, 1201, 1801, 2401],
  );
  // The third load asks for the fourth's and the fifth's lines when it starts.
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((n) => loads(n, 8)),
    [601, 1201, 1801, 1801 + L1, 1801 + 2 * L1],
  );
  // The fourth asks for two more when it starts: they are there one latency later.
  assert.deepEqual(
    [6, 7].map((n) => loads(n, 8)),
    [2401, 2401 + L1],
  );
  assert.equal(loads(5, 1), 2401, 'one ahead: the fourth asks for the fifth');
});

law(['stridePrefetch'], 'a stride is remembered over a break', () => {
  const broken = [...addresses(0, 6, 256), ...addresses(1 << 16, 3, 256)];
  const cost = (stridePrefetch: number, loads: number) =>
    walk({ stridePrefetch, dramNanos: 600 }, broken.slice(0, loads));
  assert.equal(cost(8, 7) - cost(8, 6), 600, 'the first load after it misses');
  assert.equal(cost(8, 8) - cost(8, 7), 600, 'the second too, and asks for the third');
  assert.equal(cost(8, 9) - cost(8, 8), L1);
  assert.equal(cost(0, 9) - cost(0, 8), 600);
});

law([], 'a line that another core may write is not fetched ahead', () => {
  const bench = benchOf(machine({ stridePrefetch: 8 }));
  const at = addresses(bench.data, 7, 256);
  bench.other.begin(0);
  bench.other.store64(at[3]!, 0, 0, NOW);
  bench.cycles((core) => {
    for (const address of at.slice(0, 3)) {
      core.at(SITE);
      core.load64(address, NOW);
    }
  }, false);
  assert.deepEqual(
    at.slice(3, 6).map((a) => bench.core.caches.l1d.has(a >>> 6)),
    [false, true, false],
  );
  assert.equal(bench.uncore.owner[at[3]! >>> 6], bench.other.caches.core);
});

law(['adjacentPrefetch'], 'the other line of a pair comes into L2 with a miss', () => {
  const pair = (adjacentPrefetch: number, first: number) => {
    const numbers = { clockHz: 1e9, dramNanos: 600, l2Cycles: 14, adjacentPrefetch };
    const bench = benchOf(machine(numbers));
    return bench.cycles((core) => chase(core, [bench.data + first, bench.data + (first ^ 64)]), false);
  };
  assert.deepEqual([pair(0, 0), pair(0, 64)], [1201, 1201]);
  assert.deepEqual([pair(1, 0), pair(1, 64)], [601 + 14, 601 + 14]);
  assert.deepEqual([pair(1, 128), pair(0, 128)], [615, 1201]);
});

/** Cycles of independent loads of `n` lines that are in L2, in L3 or in memory. */
function lines(changes: Partial<Record<Parameter, number>>, from: 'l2' | 'l3' | 'dram', n: number): number {
  const latencies = { clockHz: 1e9, dramNanos: 600, l2Cycles: 14, l3Cycles: 48 };
  const bench = benchOf(machine({ ...latencies, fillBuffers: 128, loadPorts: ALL_PORTS, ...changes }));
  const { caches } = bench.core;
  const at = addresses(bench.data, n, 128);
  if (from !== 'dram') bench.cycles((core) => chase(core, at), false);
  if (from === 'l3') caches.spillToL3(() => false);
  else for (const address of at) caches.l1d.remove(address >>> 6);
  // A cycle at which every path's slots begin.
  return startingAt(bench, 5_040_000, (core) => {
    for (const address of at) core.load64(address, NOW);
  });
}

law(['l2LineHalfCycles'], 'lines from L2 come so many half cycles apart', () => {
  for (const l2LineHalfCycles of [3, 4, 10]) {
    const cost = (n: number) => lines({ l2LineHalfCycles }, 'l2', n);
    const slot = (n: number) => Math.floor((n * l2LineHalfCycles) / 2);
    assert.equal(cost(1), 1 + 14);
    assert.deepEqual([2, 3, 16].map(cost), [slot(1) + 14, slot(2) + 14, slot(15) + 14]);
  }
});

law(['l3LineCycles', 'dramLineCycles'], 'lines from L3 and from memory come so many cycles apart', () => {
  for (const [name, from, latency] of [
    ['l3LineCycles', 'l3', 48],
    ['dramLineCycles', 'dram', 600],
  ] as const) {
    for (const cycles of [3, 8]) {
      const cost = (n: number) => lines({ [name]: cycles }, from, n);
      assert.deepEqual([1, 2, 16].map(cost), [1 + latency, cycles + latency, 15 * cycles + latency], name);
    }
  }
});
