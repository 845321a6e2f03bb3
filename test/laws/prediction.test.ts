/** Laws of prediction: the return stack, what a wrong guess costs, what is learned. */
import assert from 'node:assert/strict';
import { NOW } from '../../src/x86/core.ts';
import { benchOf } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { AWAY, BRANCHES, settled } from './measure.ts';

law(
  ['returnStackEntries', 'mispredictCycles'],
  'n nested calls return as predicted, each one more mispredicts',
  () => {
    for (const returnStackEntries of [4, 7]) {
      const nested = (depth: number) => {
        const cost = (mispredictCycles: number) => {
          const bench = benchOf(machine({ returnStackEntries, mispredictCycles }));
          return settled(bench, (core) => {
            for (let i = 0; i < depth; i++) {
              core.at(BRANCHES[2 * i]!);
              core.call();
            }
            core.at(AWAY);
            for (let i = depth - 1; i >= 0; i--) {
              core.ret();
              core.at(BRANCHES[2 * i + 1]!);
            }
            core.alu(NOW);
          });
        };
        return (cost(30) - cost(20)) / 10;
      };
      const n = returnStackEntries;
      assert.deepEqual([nested(n), nested(n + 1), nested(n + 2)], [0, 1, 2], `${n} entries`);
    }
  },
);

law(
  ['returnCheckCycles', 'mispredictCycles'],
  'from the popped address to the end of a return, right or wrong',
  () => {
    for (const returnCheckCycles of [1, 4]) {
      for (const mispredictCycles of [15, 20]) {
        const numbers = { returnCheckCycles, forwardWithinCycles: 7, callReturnCycles: 0, l1Cycles: 5 };
        const bench = benchOf(machine({ ...numbers, mispredictCycles, returnStackEntries: 1 }));
        const right = settled(bench, (core) => {
          core.call();
          core.ret();
        });
        assert.equal(right, 1 + 7 + returnCheckCycles);
        // The inner call took the only entry, so the outer return is a surprise; its word has drained by then.
        const wrong = settled(bench, (core) => {
          core.at(BRANCHES[0]!);
          core.call();
          core.at(BRANCHES[2]!);
          core.call();
          core.serialising(1000);
          core.at(AWAY);
          core.ret();
          core.at(BRANCHES[4]!);
          core.serialising(1000);
          core.at(AWAY);
          core.ret();
          core.at(BRANCHES[6]!);
          core.alu(NOW);
        });
        const without = settled(bench, (core) => {
          core.at(BRANCHES[0]!);
          core.call();
          core.at(BRANCHES[2]!);
          core.call();
          core.serialising(1000);
          core.at(AWAY);
          core.ret();
          core.at(BRANCHES[4]!);
          core.serialising(1000);
          core.at(AWAY);
          core.alu(NOW);
          core.sp += 8;
        });
        // Load, check, refill, and the add after it; against the add alone.
        assert.equal(wrong - without, 5 + returnCheckCycles + mispredictCycles + 1);
      }
    }
  },
);

law(['mispredictCycles'], 'from the end of a wrongly predicted branch to the next dispatch', () => {
  for (const mispredictCycles of [12, 20, 30]) {
    const bench = benchOf(machine({ mispredictCycles }));
    const branch = (taken: boolean) =>
      bench.cycles((core) => {
        core.branch(taken, NOW);
        core.alu(NOW);
      }, false);
    for (let i = 0; i < 40; i++) branch(true);
    assert.deepEqual([branch(true), branch(false)], [2, 2 + mispredictCycles + 2]);
  }
});

law([], 'a branch that always goes the same way is learned; one with a short period too', () => {
  for (const pattern of [(_i: number) => true, (i: number) => i % 2 === 0, (i: number) => i % 7 < 3]) {
    const bench = benchOf(machine({ mispredictCycles: 50 }));
    let wrong = 0;
    for (let i = 0; i < 600; i++) {
      const cost = bench.cycles((core) => {
        core.branch(pattern(i), NOW);
        core.alu(NOW);
      }, false);
      if (i >= 500 && cost !== 2) wrong++;
    }
    assert.equal(wrong, 0);
  }
});
