/** Laws of stores: when they drain, and how many at a time. */
import assert from 'node:assert/strict';
import { NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { DRAM, FAR, settled } from './measure.ts';

law(['storeDrainCycles'], 'a store can be forwarded from until it has drained, not a cycle longer', () => {
  for (const storeDrainCycles of [5, 9]) {
    const bench = benchOf(machine({ storeDrainCycles, forwardExactCycles: 20, l1Cycles: 4 }));
    const loadAt = (cycle: number) =>
      settled(bench, (core) => {
        core.store64(bench.data, 0, 0, NOW);
        core.load64(bench.data, core.chain(NOW, cycle - 1));
      });
    const drained = 2 + storeDrainCycles;
    assert.deepEqual([loadAt(drained - 1), loadAt(drained)], [drained - 1 + 20, drained + 4]);
  }
});

law(['storeAddressCycles'], 'a store retires so long after its address is known', () => {
  for (const storeAddressCycles of [2, 5, 9]) {
    const bench = benchOf(machine({ storeAddressCycles }));
    const behind = (chain: number, stores: boolean) =>
      settled(bench, (core) => {
        const address = core.chain(NOW, chain);
        if (stores) core.store64(bench.data, 0, 0, NOW, address);
      });
    for (const chain of [10, 11, 40]) {
      assert.equal(behind(chain, true) - behind(chain, false), storeAddressCycles, `behind ${chain} adds`);
    }
  }
});

law(['storeDataPorts'], 'as many stores to a line as there are data ports drain in a cycle, in order', () => {
  for (const perCycle of [1, 2, 3]) {
    const behind = (stores: number, step: number) => {
      const numbers = { storeDataPorts: ((1 << perCycle) - 1) << 12, storeAddressPorts: 0x0ff0 };
      const bench = benchOf(machine({ ...FAR, ...numbers, lockLatencyCycles: 20 }));
      bench.cycles((core) => core.lockAdd32(bench.data, 1, NOW), false);
      return bench.cycles((core) => {
        for (let i = 0; i < stores; i++) core.store64(bench.data + 8192 + step * i, 0, 0, NOW);
        core.lockAdd32(bench.data, 1, NOW);
      }, false);
    };
    // The first is in L1D a cycle after its line; those behind it wait for that.
    const first = 1 + DRAM + 1 + 20;
    const n = perCycle;
    const sameLine = [1, n, n + 1, 2 * n, 2 * n + 1].map((stores) => behind(stores, 8));
    assert.deepEqual(sameLine, [first, first, first + 1, first + 1, first + 2]);
    const lineEach = [1, 2, 5].map((stores) => behind(stores, 128));
    assert.deepEqual(lineEach, [first, first + 1, first + 4], 'one line a cycle');
  }
});
