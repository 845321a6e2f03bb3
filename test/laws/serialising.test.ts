/** Laws of fences, of instructions that serialise, and of rep stos. */
import assert from 'node:assert/strict';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { AWAY, DRAM, FAR, settled, slope } from './measure.ts';

law(['lfenceCycles', 'mfenceCycles'], 'one after another each takes its cycles', () => {
  for (const [name, fence] of [
    ['lfenceCycles', (core: Core) => core.lfence()],
    ['mfenceCycles', (core: Core) => core.mfence()],
  ] as const) {
    for (const cycles of [11, 77]) {
      const bench = benchOf(machine({ [name]: cycles }));
      const fences = (core: Core, n: number) => {
        for (let i = 0; i < n; i++) fence(core);
      };
      assert.equal(slope(bench, fences, 2, 12), 10 * cycles);
      const between = settled(bench, (core) => {
        const t = core.chain(NOW, 30);
        fence(core);
        core.chain(t, 30);
      });
      assert.equal(between, 1 + 30 + cycles + 1 + 30, 'nothing starts before it is done');
    }
  }
});

/** Cycles of an instruction behind a store that misses. */
function behindMiss(changes: Partial<Record<Parameter, number>>, code: (core: Core) => void): number {
  const bench = benchOf(machine({ ...FAR, ...changes }));
  settled(bench, code);
  return bench.cycles((core) => {
    core.store64(bench.data + 8192, 0, 0, NOW);
    code(core);
  }, false);
}

law(['mfenceCycles', 'lfenceCycles'], 'mfence waits for older stores to be in L1D, lfence does not', () => {
  for (const cycles of [11, 77]) {
    const numbers = { mfenceCycles: cycles, lfenceCycles: cycles };
    assert.equal(
      behindMiss(numbers, (core) => core.mfence()),
      1 + DRAM + 1 + cycles,
    );
    assert.equal(
      behindMiss(numbers, (core) => core.lfence()),
      2 + cycles,
    );
  }
});

law([], 'serialising and transition wait for older stores, microcoded does not', () => {
  const drained = 1 + DRAM + 1;
  assert.equal(
    behindMiss({}, (core) => core.serialising(30)),
    drained + 30,
  );
  assert.equal(
    behindMiss({}, (core) => core.transition(30)),
    drained + 30,
  );
  assert.equal(
    behindMiss({}, (core) => core.lump(30)),
    drained + 30,
  );
  assert.equal(
    behindMiss({}, (core) => core.microcoded(30)),
    2 + 30,
  );
});

law(['lfenceCycles'], 'fetch goes on during an lfence, and stops for what serialises', () => {
  for (const cycles of [30, 50]) {
    const bench = benchOf(machine({ lfenceCycles: cycles, takenBranchHalfCycles: 16, uopQueueEntries: 256 }));
    const around = (stop: (core: Core) => void) =>
      settled(bench, (core) => {
        stop(core);
        core.alu(NOW);
        core.at(AWAY);
        core.alu(NOW);
      });
    assert.equal(
      around((core) => core.lfence()),
      cycles + 2,
      'the branch is fetched meanwhile',
    );
    for (const stop of ['serialising', 'microcoded', 'transition', 'lump'] as const) {
      assert.equal(
        around((core) => core[stop](cycles)),
        cycles + 2 + 8,
        stop,
      );
    }
  }
});

law([], 'nothing younger starts before a serialising instruction is done, needed or not', () => {
  const bench = benchOf(machine({}));
  const withWork = settled(bench, (core) => {
    core.chain(NOW, 20);
    core.serialising(40);
    core.chain(NOW, 20);
  });
  assert.equal(withWork, 1 + 20 + 40 + 1 + 20);
});

law(
  ['repStos64Cycles', 'repStos256Cycles', 'repStos4096Cycles'],
  'the measured sizes, and lines between',
  () => {
    for (const [c64, c256, c4096] of [
      [15, 43, 119],
      [20, 68, 548],
    ] as const) {
      const numbers = { repStos64Cycles: c64, repStos256Cycles: c256, repStos4096Cycles: c4096 };
      const bench = benchOf(machine(numbers));
      const fill = (bytes: number) => settled(bench, (core) => core.repStos(bench.data, bytes, NOW)) - 1;
      assert.deepEqual([8, 64, 256, 4096].map(fill), [c64, c64, c256, c4096]);
      assert.equal(fill(160), Math.floor((c64 + c256) / 2));
      assert.equal(fill(2176), (c256 + c4096) / 2);
      assert.equal(fill(7936), 2 * c4096 - c256, 'beyond, at the last slope');
    }
  },
);

law([], 'rep stos waits for the last of its lines', () => {
  const bench = benchOf(machine(FAR));
  const cost = bench.cycles((core) => core.repStos(bench.data, 256, NOW), false);
  assert.equal(cost, 1 + DRAM, 'four lines that miss together');
});
