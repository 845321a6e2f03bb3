/** Laws of branches: what taken ones cost, calls and returns, and which targets the front end knows. */
import assert from 'node:assert/strict';
import { type Core, NOW } from '../../src/x86/core.ts';
import { benchOf, SITE } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { ALL_PORTS, AWAY, BRANCHES, slope } from './measure.ts';

law(['takenBranchHalfCycles'], 'every taken branch takes its half cycles', () => {
  for (const half of [1, 2, 3, 5]) {
    const bench = benchOf(machine({ takenBranchHalfCycles: half, aluPorts: ALL_PORTS }));
    const thereAndBack = (core: Core, n: number) => {
      for (let i = 0; i < n; i++) {
        core.at(AWAY);
        core.alu(NOW);
        core.at(SITE);
        core.alu(NOW);
      }
    };
    assert.equal(slope(bench, thereAndBack, 10, 30), 20 * half, `${half} half cycles`);
  }
});

law(['callReturnCycles'], 'calls and returns back to back', () => {
  for (const callReturnCycles of [2, 4, 5, 7]) {
    const bench = benchOf(machine({ callReturnCycles }));
    const pairs = (core: Core, n: number) => {
      for (let i = 0; i < n; i++) {
        core.call();
        core.at(AWAY);
        core.ret();
        core.at(SITE);
      }
    };
    assert.equal(slope(bench, pairs, 10, 30), 20 * callReturnCycles);
  }
});

/** Indirect calls of an empty function and their returns. */
function indirectPairs(core: Core, n: number): void {
  for (let i = 0; i < n; i++) {
    core.indirectCall(AWAY, NOW);
    core.at(AWAY);
    core.ret();
    core.at(SITE);
  }
}

law(['indirectBranchCycles'], 'rightly predicted indirect calls back to back', () => {
  for (const indirectBranchCycles of [2, 3, 6]) {
    const bench = benchOf(machine({ indirectBranchCycles, callReturnCycles: 0 }));
    assert.equal(slope(bench, indirectPairs, 20, 40), 20 * indirectBranchCycles);
  }
});

law(['retpolineCycles'], 'a retpoline is waited for at every indirect call, known target or not', () => {
  for (const retpolineCycles of [20, 35]) {
    const numbers = { retpolineCycles, indirectBranchCycles: 3, callReturnCycles: 0, mispredictCycles: 9 };
    const bench = benchOf(machine(numbers));
    // Dispatch to the end of the call, two; the retpoline; the call's own cycles.
    assert.equal(slope(bench, indirectPairs, 10, 20), 10 * (2 + retpolineCycles + 3));
    let calls = 0;
    const changing = (core: Core, n: number) => {
      for (let i = 0; i < n; i++) {
        const target = (calls++ * 7) % 3 === 0 ? AWAY : BRANCHES[0]!;
        core.indirectCall(target, NOW);
        core.at(target);
        core.ret();
        core.at(SITE);
      }
    };
    assert.equal(slope(bench, changing, 10, 20), 10 * (2 + retpolineCycles + 3));
  }
});

law(['btbMissCycles'], 'a branch whose target is new waits for the decoders, once', () => {
  for (const btbMissCycles of [10, 25]) {
    const bench = benchOf(machine({ btbMissCycles }));
    bench.cycles((core) => {
      core.at(AWAY);
      core.alu(NOW);
    }, false);
    const run = () =>
      bench.cycles((core) => {
        core.alu(NOW);
        core.at(AWAY);
        core.alu(NOW);
      }, false);
    assert.deepEqual([run(), run(), run()], [2 + btbMissCycles, 2, 2]);
  }
});

law(['btbEntries'], 'so many targets are known, one more and two branches displace each other', () => {
  for (const [btbEntries, fit] of [
    [8, 8],
    [15, 15],
    [16, 16],
    [31, 31],
  ] as const) {
    const numbers = { btbEntries, btbMissCycles: 7, takenBranchHalfCycles: 2, aluPorts: ALL_PORTS };
    const bench = benchOf(machine(numbers));
    // From the last site to the first, so that every step is a taken branch.
    const laps = (sites: number) => (core: Core, n: number) => {
      for (let lap = 0; lap < n; lap++) {
        for (let i = sites - 1; i >= 0; i--) {
          core.at(BRANCHES[i]!);
          core.alu(NOW);
        }
      }
    };
    assert.equal(slope(bench, laps(fit), 3, 13), 10 * fit, `${btbEntries} entries`);
    assert.equal(
      slope(bench, laps(fit + 1), 3, 13),
      10 * (fit + 1 + 2 * 7),
      `${btbEntries} entries, one more`,
    );
  }
});
