/** Laws of execution: port sets bound throughput, latencies add up in chains, micro-ops take dispatch slots. */
import assert from 'node:assert/strict';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { settled, slope } from './measure.ts';

/** An independent instruction of each kind of port. */
const USERS: ReadonlyArray<readonly [Parameter, (core: Core, data: number) => void]> = [
  ['aluPorts', (core) => core.alu(NOW)],
  ['shiftPorts', (core) => core.shift(NOW)],
  ['bitScanPorts', (core) => core.bitScan(1, 0, NOW)],
  ['bitScanPorts', (core) => core.imul(NOW)],
  ['branchPorts', (core) => core.jcc(true, NOW)],
  ['loadPorts', (core, data) => core.load64(data, NOW)],
  ['storeAddressPorts', (core, data) => core.store64(data, 0, 0, NOW)],
  ['storeDataPorts', (core, data) => core.store64(data, 0, 0, NOW)],
];

for (const [name, instruction] of USERS) {
  law([name], 'independent instructions are bounded by the ports they can use', () => {
    for (const width of [1, 2, 3]) {
      const others = { storeAddressPorts: 0x0ff0, storeDataPorts: 0xf000 };
      const bench = benchOf(machine({ ...others, [name]: (1 << width) - 1 }));
      const n = (core: Core, count: number) => {
        for (let i = 0; i < count; i++) instruction(core, bench.data);
      };
      assert.equal(slope(bench, n, 12, 12 + 48), 48 / width, `${width} ports`);
    }
  });
}

law(['shiftPorts'], 'kinds that share a port wait for each other, kinds that do not do not', () => {
  for (const [aluPorts, shiftPorts, cycles] of [
    [0b1, 0b1, 2],
    [0b1, 0b10, 1],
  ] as const) {
    const bench = benchOf(machine({ aluPorts, shiftPorts }));
    const pairs = (core: Core, n: number) => {
      for (let i = 0; i < n; i++) {
        core.alu(NOW);
        core.shift(NOW);
      }
    };
    assert.equal(slope(bench, pairs, 10, 30), 20 * cycles);
  }
});

const CHAINS: ReadonlyArray<readonly [Parameter, (core: Core, t: number) => number]> = [
  ['bitScanCycles', (core, t) => core.bitScan(2, 0, t)],
  ['imulCycles', (core, t) => core.imul(t)],
  ['divCycles', (core, t) => core.div(t)],
];

for (const [name, instruction] of CHAINS) {
  law([name], 'a chain takes the latency each, and one alone the latency and its dispatch', () => {
    for (const latency of [1, 3, 10]) {
      const bench = benchOf(machine({ [name]: latency }));
      const chain = (core: Core, n: number) => {
        let t = NOW;
        for (let i = 0; i < n; i++) t = instruction(core, t);
      };
      assert.equal(slope(bench, chain, 5, 25), 20 * latency);
      assert.equal(
        settled(bench, (core) => chain(core, 1)),
        1 + latency,
      );
    }
  });
}

law([], 'n dependent instructions take n cycles more', () => {
  const bench = benchOf(machine({}));
  assert.equal(
    slope(bench, (core, n) => core.chain(NOW, n), 10, 60),
    50,
  );
});

const LOCKED: ReadonlyArray<readonly [Parameter, string, (core: Core, data: number) => void]> = [
  ['lockUops', 'lock add', (core, data) => core.lockAdd32(data, 1, NOW)],
  ['lockUops', 'lock and', (core, data) => core.lockAnd64(data, -1, -1, NOW)],
  ['lockUops', 'lock or', (core, data) => core.lockOr64(data, 1, 0, NOW)],
  ['lockBitStringUops', 'lock bts', (core, data) => core.lockBitSet(data, 5, NOW)],
  ['lockBitStringUops', 'lock btr', (core, data) => core.lockBitReset(data, 5, NOW)],
  ['lockBitStringUops', 'lock btc', (core, data) => core.lockBitComplement(data, 5, NOW)],
  ['xchgUops', 'xchg of 32 bits', (core, data) => core.xchg32(data, 0, NOW)],
  ['xchgUops', 'xchg of 64 bits', (core, data) => core.xchg64(data, 0, 0, NOW)],
  ['cmpxchgUops', 'cmpxchg of 32 bits', (core, data) => core.cmpxchg32(data, 0, 0, NOW)],
  ['cmpxchgUops', 'cmpxchg of 64 bits', (core, data) => core.cmpxchg64(data, 0, 0, 0, 0, NOW)],
  ['xaddUops', 'xadd', (core, data) => core.xadd32(data, 0, NOW)],
];

for (const [name, what, instruction] of LOCKED) {
  law([name], `${what} is so many micro-ops, each with a dispatch slot, and one instruction`, () => {
    for (const uops of [1, 2, 9]) {
      const bench = benchOf(machine({ [name]: uops, dispatchWidth: 1, lockLatencyCycles: 15 }));
      const { core } = bench;
      settled(bench, (c) => instruction(c, bench.data));
      const [uopsBefore, instructionsBefore] = [core.uopCount, core.instructionCount];
      assert.equal(
        bench.cycles((c) => instruction(c, bench.data), false),
        uops + 15,
      );
      assert.equal(core.uopCount - uopsBefore, uops);
      assert.equal(core.instructionCount - instructionsBefore, 1);
    }
  });
}
