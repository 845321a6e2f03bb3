/** Laws of forwarding: what a load gets from the stores before it, and when. */
import assert from 'node:assert/strict';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { settled, slope } from './measure.ts';

law(['forwardExactCycles', 'forwardWithinCycles'], 'a chain through memory takes the forwarding each', () => {
  for (const cycles of [1, 3, 8]) {
    const exact = benchOf(machine({ forwardExactCycles: cycles }));
    const through = (core: Core, n: number, load: (t: number) => number) => {
      let t = NOW;
      for (let i = 0; i < n; i++) {
        core.store64(exact.data, 1, 2, t);
        t = load(NOW);
      }
    };
    const whole = (core: Core, n: number) => through(core, n, (t) => core.load64(exact.data, t));
    assert.equal(slope(exact, whole, 4, 14), 10 * cycles);
    const within = benchOf(machine({ forwardWithinCycles: cycles }));
    for (const [offset, load] of [
      [0, 'load32'],
      [4, 'load32'],
      [6, 'load16'],
      [7, 'load8'],
    ] as const) {
      const part = (core: Core, n: number) => through(core, n, (t) => core[load](exact.data + offset, t));
      assert.equal(slope(within, part, 4, 14), 10 * cycles, `${load} at ${offset}`);
    }
  }
});

law(
  ['forwardFailCycles', 'storeDrainCycles'],
  'a load of more than a store wrote waits for its drain',
  () => {
    for (const forwardFailCycles of [5, 21]) {
      for (const storeDrainCycles of [1, 6]) {
        const bench = benchOf(machine({ forwardFailCycles, storeDrainCycles }));
        const failing = (core: Core, n: number) => {
          let t = NOW;
          for (let i = 0; i < n; i++) {
            core.store32(bench.data, 1, t);
            t = core.load64(bench.data, NOW);
          }
        };
        // A store retires the cycle after its data.
        assert.equal(slope(bench, failing, 4, 14), 10 * (1 + storeDrainCycles + forwardFailCycles));
      }
    }
  },
);

/** Numbers by which the kinds of forwarding can be told apart, and the cycles of one load of each kind. */
const KINDS = {
  forwardExactCycles: 3,
  forwardWithinCycles: 9,
  forwardFailCycles: 21,
  storeDrainCycles: 5,
  l1Cycles: 4,
};
const EXACT = 1 + 3;
const WITHIN = 1 + 9;
const CACHE = 1 + 4;
/** The store retires at 2 and drains five cycles later. */
const FAILS = 2 + 5 + 21;

law(['forwardExactCycles', 'forwardWithinCycles', 'forwardFailCycles'], 'which bytes a load may take', () => {
  const cases: Array<[string, number, (core: Core, at: number) => void]> = [
    ['two stores, load of the older alone', EXACT, (c, a) => [half(c, a), half(c, a + 4), c.load32(a, NOW)]],
    ['two stores, load of the younger', EXACT, (c, a) => [half(c, a), half(c, a + 4), c.load32(a + 4, NOW)]],
    ['two stores, part of the older', WITHIN, (c, a) => [half(c, a), half(c, a + 4), c.load16(a + 2, NOW)]],
    ['two stores, a load of both', FAILS, (c, a) => [half(c, a), half(c, a + 4), c.load64(a, NOW)]],
    ['a store over another, the same bytes', EXACT, (c, a) => [half(c, a), half(c, a), c.load32(a, NOW)]],
    [
      'half a store over a whole, load of the new half',
      EXACT,
      (c, a) => [all(c, a), half(c, a), c.load32(a, NOW)],
    ],
    [
      'half a store over a whole, of the old half',
      FAILS,
      (c, a) => [all(c, a), half(c, a), c.load32(a + 4, NOW)],
    ],
    ['half a store over a whole, load of all', FAILS, (c, a) => [all(c, a), half(c, a), c.load64(a, NOW)]],
    ['a whole store over a half, load of all', EXACT, (c, a) => [half(c, a), all(c, a), c.load64(a, NOW)]],
    [
      'a whole store over a half, load of a byte',
      WITHIN,
      (c, a) => [half(c, a), all(c, a), c.load8(a + 5, NOW)],
    ],
    ['a store of a half, load of the other half', CACHE, (c, a) => [half(c, a), c.load32(a + 4, NOW)]],
    ['a store of other bytes', CACHE, (c, a) => [all(c, a + 8), c.load64(a, NOW)]],
  ];
  for (const [what, expected, code] of cases) {
    const bench = benchOf(machine(KINDS));
    assert.equal(
      settled(bench, (core) => code(core, bench.data)),
      expected,
      what,
    );
  }
  const other = benchOf(
    machine({ ...KINDS, forwardExactCycles: 2, forwardWithinCycles: 8, forwardFailCycles: 20 }),
  );
  assert.equal(
    settled(other, (core) => cases[3]![2](core, other.data)),
    FAILS - 1,
  );
});

function half(core: Core, address: number): void {
  core.store32(address, 1, NOW);
}

function all(core: Core, address: number): void {
  core.store64(address, 1, 1, NOW);
}

law(['forwardExactCycles'], 'a plain read-modify-write chain takes the forwarding plus one', () => {
  for (const forwardExactCycles of [0, 4]) {
    const bench = benchOf(machine({ forwardExactCycles }));
    const chain = (core: Core, n: number) => {
      for (let i = 0; i < n; i++) core.add64(bench.data, 1, NOW);
    };
    assert.equal(slope(bench, chain, 5, 25), 20 * (1 + forwardExactCycles));
  }
});

law(['forwardWithinCycles', 'forwardExactCycles'], 'the word of a return address is never renamed', () => {
  for (const forwardWithinCycles of [7, 11]) {
    for (const forwardExactCycles of [0, 3]) {
      const bench = benchOf(
        machine({ forwardWithinCycles, forwardExactCycles, callReturnCycles: 0, returnCheckCycles: 1 }),
      );
      const cost = settled(bench, (core) => {
        core.call();
        core.ret();
      });
      // Dispatch, the load of the return, its branch.
      assert.equal(cost, 1 + forwardWithinCycles + 1);
    }
  }
});
