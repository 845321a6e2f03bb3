/** Laws of locked operations. */
import assert from 'node:assert/strict';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { DRAM, FAR, settled, slope } from './measure.ts';

law(['lockCycles'], 'back to back each takes its cycles, and independent work hides behind it', () => {
  for (const lockCycles of [20, 27]) {
    const bench = benchOf(machine({ lockCycles, lockLatencyCycles: 13, lockUops: 1 }));
    const locks = (core: Core, n: number, work: number) => {
      for (let i = 0; i < n; i++) {
        core.lockAdd32(bench.data, 1, NOW);
        core.free(work);
      }
    };
    assert.equal(
      slope(bench, (core, n) => locks(core, n, 0), 3, 13),
      10 * lockCycles,
    );
    assert.equal(
      slope(bench, (core, n) => locks(core, n, 20), 3, 13),
      10 * lockCycles,
      'twenty adds',
    );
  }
});

law(
  ['lockLatencyCycles', 'lockCycles'],
  'the result is there after the latency, the next may start later',
  () => {
    for (const lockLatencyCycles of [13, 17]) {
      for (const lockCycles of [20, 30]) {
        const bench = benchOf(machine({ lockCycles, lockLatencyCycles }));
        const dependent = settled(bench, (core) => core.alu(core.lockAdd32(bench.data, 1, NOW)));
        assert.equal(dependent, 1 + lockLatencyCycles + 1);
        const two = settled(bench, (core) => {
          core.lockAdd32(bench.data, 1, NOW);
          core.lockAdd32(bench.data + 64, 1, NOW);
        });
        assert.equal(two, 1 + lockCycles + lockLatencyCycles);
      }
    }
  },
);

law(['lockLatencyCycles', 'lfenceCycles'], 'between fences only the latency shows', () => {
  for (const lockLatencyCycles of [13, 17]) {
    for (const lfenceCycles of [11, 14]) {
      const bench = benchOf(machine({ lockCycles: 20, lockLatencyCycles, lfenceCycles }));
      const fenced = (core: Core, n: number) => {
        for (let i = 0; i < n; i++) {
          core.lockAdd32(bench.data, 1, NOW);
          core.lfence();
        }
      };
      assert.equal(slope(bench, fenced, 3, 13), 10 * (1 + lockLatencyCycles + lfenceCycles));
    }
  }
});

law(['lockLatencyCycles'], 'a load of the same bytes gets the result, the next lock waits for both', () => {
  const through = (lockCycles: number, lockLatencyCycles: number) => {
    const bench = benchOf(machine({ lockCycles, lockLatencyCycles, l1Cycles: 4 }));
    const chain = (core: Core, n: number) => {
      let t = NOW;
      for (let i = 0; i < n; i++) {
        core.lockAdd32(bench.data, 1, t);
        t = core.load32(bench.data, NOW);
      }
    };
    return slope(bench, chain, 3, 13);
  };
  assert.deepEqual([through(20, 13), through(20, 20), through(20, 21)], [200, 200, 210]);
});

law(
  ['forwardLockedCycles', 'lockCycles'],
  'a load of more than a locked operation wrote waits for its end',
  () => {
    for (const forwardLockedCycles of [4, 11]) {
      for (const lockCycles of [20, 25]) {
        const numbers = { forwardLockedCycles, lockCycles, lockLatencyCycles: 13, l1Cycles: 4 };
        const bench = benchOf(machine(numbers));
        const chain = (bytes: 4 | 8) => (core: Core, n: number) => {
          let t = NOW;
          for (let i = 0; i < n; i++) {
            core.lockAdd32(bench.data, 1, t);
            t = bytes === 8 ? core.load64(bench.data, NOW) : core.load32(bench.data + 4, NOW);
          }
        };
        assert.equal(slope(bench, chain(8), 3, 13), 10 * (lockCycles + forwardLockedCycles));
        assert.equal(slope(bench, chain(4), 3, 13), 10 * lockCycles, 'the other half comes from the cache');
      }
    }
  },
);

law(['storeDrainCycles', 'lockLatencyCycles'], 'it starts when older stores are in L1D', () => {
  for (const storeDrainCycles of [6, 9]) {
    for (const lockLatencyCycles of [13, 20]) {
      const bench = benchOf(machine({ storeDrainCycles, lockLatencyCycles }));
      const behind = (stores: number) =>
        settled(bench, (core) => {
          for (let i = 0; i < stores; i++) core.store64(bench.data + 64, 0, 0, NOW);
          core.lockAdd32(bench.data, 1, NOW);
        });
      // A store retires at 2; two drain in a cycle.
      const one = 2 + storeDrainCycles + lockLatencyCycles;
      assert.deepEqual([0, 1, 2, 3].map(behind), [1 + lockLatencyCycles, one, one, one + 1]);
    }
  }
});

law([], 'a store that misses holds it up for the whole miss', () => {
  const bench = benchOf(machine({ ...FAR, lockLatencyCycles: 20 }));
  bench.cycles((core) => core.lockAdd32(bench.data, 1, NOW), false);
  const behind = bench.cycles((core) => {
    core.store64(bench.data + 8192, 0, 0, NOW);
    core.lockAdd32(bench.data, 1, NOW);
  }, false);
  assert.equal(behind, 1 + DRAM + 1 + 20);
});

law(
  ['lockLatencyCycles', 'l3Cycles'],
  'its line is fetched while it waits: a miss costs what exceeds it',
  () => {
    for (const lockLatencyCycles of [20, 60]) {
      for (const l3Cycles of [48, 55]) {
        const bench = benchOf(machine({ lockLatencyCycles, lockCycles: 20, xchgUops: 1, l3Cycles }));
        const xchg = () => bench.cycles((core) => core.xchg64(bench.data, 0, 0, NOW), false);
        xchg();
        assert.equal(xchg(), 1 + lockLatencyCycles);
        bench.core.caches.spillToL3(() => false);
        assert.equal(xchg(), 1 + Math.max(l3Cycles, lockLatencyCycles));
      }
    }
  },
);

law([], 'younger loads start meanwhile', () => {
  const bench = benchOf(machine({ ...FAR, lockLatencyCycles: 20 }));
  bench.cycles((core) => core.lockAdd32(bench.data, 1, NOW), false);
  const both = bench.cycles((core) => {
    core.lockAdd32(bench.data, 1, NOW);
    core.load64(bench.data + 8192, NOW);
  }, false);
  assert.equal(both, 1 + DRAM);
});
