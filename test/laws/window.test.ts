/** Laws of the window: widths, and every queue probed with n entries taken and with one more. */
import assert from 'node:assert/strict';
import { CAUSE_COUNT } from '../../src/x86/cause.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { ALL_PORTS, DRAM, FAR, settled } from './measure.ts';

law(['dispatchWidth', 'retireWidth'], 'n micro-ops pass in a cycle, the next a cycle later', () => {
  for (const name of ['dispatchWidth', 'retireWidth'] as const) {
    for (const n of [2, 4, 7]) {
      const bench = benchOf(machine({ [name]: n, aluPorts: ALL_PORTS }));
      const cost = (uops: number) => settled(bench, (core) => core.free(uops));
      assert.deepEqual([cost(n), cost(n + 1), cost(2 * n), cost(2 * n + 1)], [2, 3, 3, 4], `${name} ${n}`);
    }
  }
});

/** Cycles of a miss, then what `between` says, then a miss that needs nothing. */
function twoMisses(
  changes: Partial<Record<Parameter, number>>,
  between: (core: Core, miss: number, warm: number) => void,
): number {
  const bench = benchOf(machine({ ...FAR, aluPorts: ALL_PORTS, loadPorts: ALL_PORTS, ...changes }));
  const warm = bench.data + 4096;
  bench.cycles((core) => core.load64(warm, NOW), false);
  return bench.cycles((core) => {
    between(core, core.load64(bench.data, NOW), warm);
    core.load64(bench.data + 8192, NOW);
  }, false);
}

/** Both misses start in the window's first cycles, the second `dispatch` cycles later. */
const overlapping = (dispatch: number) => 1 + DRAM + dispatch;
/** The second miss is dispatched when the first retires. */
const SERIAL = 2 * (1 + DRAM);

law(['robEntries'], 'n micro-ops are in flight, one more waits for the oldest to retire', () => {
  for (const robEntries of [32, 64]) {
    const behind = (fillers: number) => twoMisses({ robEntries }, (core) => core.free(fillers));
    assert.equal(behind(robEntries - 2), overlapping(robEntries / 16 - 1), 'the second miss is the nth');
    assert.equal(behind(robEntries - 1), SERIAL);
  }
});

law(['registerEntries'], 'n results are in flight, the micro-op after them waits', () => {
  for (const registerEntries of [32, 64]) {
    const behind = (adds: number) => twoMisses({ registerEntries }, (core) => core.free(adds));
    assert.equal(behind(registerEntries - 2), overlapping(registerEntries / 16 - 1), 'n with both loads');
    assert.equal(behind(registerEntries - 1), SERIAL);
  }
});

law(['registerEntries'], 'a micro-op without a result takes no register', () => {
  for (const registerEntries of [8, 32]) {
    const stores = (core: Core, warm: number) => {
      for (let i = 0; i < 16; i++) core.store64(warm + 8 * i, 0, 0, NOW);
      core.free(registerEntries - 2);
    };
    const ports = { storeAddressPorts: 0x00ff, storeDataPorts: 0xff00 };
    const cost = twoMisses({ registerEntries, ...ports }, (core, _t, warm) => stores(core, warm));
    assert.ok(cost < DRAM + 20, `${cost}`);
  }
});

law(['schedulerEntries'], 'n micro-ops wait for operands, one more waits for one of them to issue', () => {
  for (const schedulerEntries of [32, 64]) {
    const behind = (waiting: number) =>
      twoMisses({ schedulerEntries, aluPorts: 0x00ff, loadPorts: 0xff00 }, (core, miss) => {
        for (let i = 0; i < waiting; i++) core.alu(miss);
      });
    // Eight a cycle: those that waited for the first miss end after the second.
    assert.equal(behind(schedulerEntries - 1), 1 + DRAM + schedulerEntries / 8);
    assert.equal(behind(schedulerEntries), SERIAL);
  }
});

law(['loadQueueEntries'], 'n loads are in flight, one more waits for the oldest to retire', () => {
  for (const loadQueueEntries of [8, 12]) {
    const behind = (hits: number) =>
      twoMisses({ loadQueueEntries }, (core, _miss, warm) => {
        for (let i = 0; i < hits; i++) core.load64(warm, NOW);
      });
    assert.equal(behind(loadQueueEntries - 2), overlapping(0));
    assert.equal(behind(loadQueueEntries - 1), SERIAL);
  }
});

law(['storeQueueEntries'], 'n stores wait to drain, one more waits for the oldest to be in L1D', () => {
  for (const storeQueueEntries of [6, 8]) {
    const ports = { storeAddressPorts: 0x00ff, storeDataPorts: 0xff00, storeDrainCycles: 1 };
    const bench = benchOf(machine({ ...FAR, ...ports, storeQueueEntries }));
    const warm = bench.data + 4096;
    let cold = bench.data + 8192;
    const stores = (n: number) => {
      cold += 128;
      return bench.cycles((core) => {
        core.store64(cold, 0, 0, NOW);
        for (let i = 1; i < n; i++) core.store64(warm, 0, 0, NOW);
      }, false);
    };
    stores(1);
    stores(2);
    assert.equal(stores(storeQueueEntries), 2);
    // Owned at 1 + DRAM, in L1D a cycle later; then dispatch, issue and retirement of the last.
    assert.equal(stores(storeQueueEntries + 1), DRAM + 2 + 2);
  }
});

law(['fillBuffers'], 'n misses overlap, the next starts when the first is there', () => {
  for (const fillBuffers of [4, 6]) {
    const misses = (n: number) => {
      const bench = benchOf(machine({ ...FAR, fillBuffers, loadPorts: ALL_PORTS }));
      return bench.cycles((core) => {
        for (let i = 0; i < n; i++) core.load64(bench.data + 128 * i, NOW);
      }, false);
    };
    const n = fillBuffers;
    const rounds = [misses(n), misses(n + 1), misses(2 * n), misses(2 * n + 1)];
    assert.deepEqual(rounds, [1 + DRAM, 1 + 2 * DRAM, 1 + 2 * DRAM, 1 + 3 * DRAM]);
  }
});

law([], 'every cycle is credited once, whatever the mix', () => {
  const bench = benchOf(machine({ fetchWidth: 4, dispatchWidth: 3, retireWidth: 2 }));
  const { core } = bench;
  const before = core.credits.reduce((a, b) => a + b, 0);
  const spent = bench.cycles((c) => {
    let t = c.load64(bench.data + 4096, NOW);
    for (let i = 0; i < 50; i++) {
      t = c.alu(t);
      c.store64(bench.data + 8 * i, 1, 0, t);
      if (i % 7 === 0) c.lockAdd32(bench.data + 512, 1, t);
      c.branch(i % 3 === 0, t);
    }
    c.lump(100);
  }, false);
  const after = core.credits.reduce((a, b) => a + b, 0);
  assert.equal(after - before, spent);
  assert.equal(core.credits.length % CAUSE_COUNT, 0);
});

law([], 'a new epoch changes no duration', () => {
  const bench = benchOf(machine({}));
  const code = (core: Core) => {
    core.chain(core.load64(bench.data, NOW), 10);
    core.lockAdd32(bench.data + 64, 1, NOW);
  };
  const before = settled(bench, code);
  bench.core.begin(bench.core.now + 3_000_000_000);
  assert.equal(bench.cycles(code, false), before);
});
