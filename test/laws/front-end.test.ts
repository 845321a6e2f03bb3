/** Laws of fetch and decode: widths, the op cache, L1I and the queue in front of dispatch. */
import assert from 'node:assert/strict';
import { NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { ALL_PORTS, AWAY, elsewhere, LINES, settled } from './measure.ts';

law(['fetchWidth'], 'n micro-ops come from the op cache in a cycle, the next a cycle later', () => {
  for (const n of [3, 4, 6]) {
    const bench = benchOf(machine({ fetchWidth: n, aluPorts: ALL_PORTS }));
    const cost = (uops: number) => settled(bench, (core) => core.free(uops), true);
    assert.deepEqual([cost(n), cost(n + 1), cost(2 * n), cost(2 * n + 1)], [2, 3, 3, 4], `width ${n}`);
  }
});

law(
  ['decodeWidth'],
  'code that runs for the first time comes n instructions a cycle, later from the op cache',
  () => {
    for (const n of [2, 4, 5]) {
      const cost = (instructions: number, runs: number) => {
        const bench = benchOf(machine({ decodeWidth: n, aluPorts: ALL_PORTS }));
        let last = 0;
        for (let i = 0; i < runs; i++) {
          elsewhere(bench);
          last = bench.cycles((core) => core.free(instructions), false);
        }
        return last;
      };
      assert.deepEqual(
        [cost(n, 1), cost(n + 1, 1), cost(2 * n, 1), cost(2 * n + 1, 1)],
        [2, 3, 3, 4],
        `width ${n}`,
      );
      assert.equal(cost(2 * n + 1, 3), 2, 'from the op cache all come at once');
    }
  },
);

law(
  ['opCacheUops'],
  'as many lines as fit are decoded once, one more and a set is decoded every time',
  () => {
    const lap = (opCacheUops: number, lines: number) => {
      const bench = benchOf(machine({ opCacheUops, decodeWidth: 4, aluPorts: ALL_PORTS }));
      return settled(bench, (core) => {
        core.at(LINES[0]!);
        core.free(16 * lines);
      });
    };
    // A line is 16 micro-ops: a cycle from the op cache, four through the decoders.
    assert.deepEqual([lap(127, 7), lap(127, 8)], [7 + 1, 4 * 8 + 1]);
    assert.deepEqual([lap(128, 8), lap(128, 9)], [8 + 1, 4 * 9 + 1]);
    assert.deepEqual([lap(256, 16), lap(256, 17)], [16 + 1, 4 * 9 + 8 + 1], 'two sets of eight');
  },
);

law(['l1iSets', 'l1iWays'], 'as many lines as fit stay, one more and its set misses to L2', () => {
  for (const [l1iSets, l1iWays] of [
    [1, 4],
    [2, 3],
    [4, 2],
  ] as const) {
    const bench = benchOf(machine({ l1iSets, l1iWays, l2Cycles: 14, aluPorts: ALL_PORTS }));
    const lap = (lines: number) =>
      settled(bench, (core) => {
        core.at(LINES[0]!);
        core.free(16 * lines);
      });
    const fit = l1iSets * l1iWays;
    assert.equal(lap(fit), fit + 1);
    const missing = l1iWays + 1;
    assert.equal(lap(fit + 1), 14 * missing + (fit + 1 - missing) + 2, `${l1iSets} x ${l1iWays}`);
  }
});

law(
  ['uopQueueEntries'],
  'while dispatch stands, fetch goes on by the depth of the queue and no further',
  () => {
    const afterStall = (uopQueueEntries: number) => {
      const bench = benchOf(
        machine({ uopQueueEntries, dispatchWidth: 2, lfenceCycles: 50, takenBranchHalfCycles: 16 }),
      );
      return settled(bench, (core) => {
        core.lfence();
        core.alu(NOW);
        core.at(AWAY);
        core.alu(NOW);
      });
    };
    // The branch costs eight cycles of fetch, dispatch takes two micro-ops a cycle: sixteen entries hide it.
    assert.deepEqual([17, 16, 15, 14, 13, 2].map(afterStall), [52, 52, 53, 53, 54, 59]);
  },
);

law([], 'instruction lines miss too: a first call pays for its code', () => {
  const bench = benchOf(machine({ l3Cycles: 48, aluPorts: ALL_PORTS }));
  const run = () =>
    bench.cycles((core) => {
      core.at(LINES[0]!);
      core.free(32);
    }, false);
  run();
  const warm = run();
  bench.core.caches.spillToL3(() => false);
  assert.equal(warm, 3);
  assert.equal(run(), 2 * 48 + 2, 'two lines, one after another');
});
