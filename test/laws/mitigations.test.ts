/** Laws of mitigations: what each takes, how often, and what it makes the core forget. */
import assert from 'node:assert/strict';
import type { BenchGuest } from '../../src/lab/bench-guest.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import { vmExit } from '../../src/xen/vmexit.ts';
import { benchOf, SITE } from '../support/core.ts';
import { law, machine, type Parameter } from './covered.ts';
import { type HostOptions, host, type Numbers, nullHypercall, pcpuOf, timesPaid } from './host.ts';
import { AWAY, BRANCHES, slope } from './measure.ts';
import { switchToHog } from './switches.ts';

const paid = (times: number) => [times, times];

/** How often a VM exit with its entry pays a mitigation. */
const PER_EXIT: ReadonlyArray<readonly [name: Parameter, times: number]> = [
  ['specCtrlCycles', 2],
  ['rsbFillCycles', 1],
  ['bhbClearCycles', 1],
  ['verwCycles', 1],
];

for (const [name, times] of PER_EXIT) {
  law([name], `an exit with its entry pays it ${times === 1 ? 'once' : 'twice'}`, () => {
    assert.deepEqual(timesPaid(name, nullHypercall), paid(times));
    assert.deepEqual(
      timesPaid(name, ({ guest }) => guest.hvm.eoi(guest.cores[0]!)),
      paid(times),
      'EOI',
    );
  });
}

/** Mispredictions of a piece of work: by how many times ten cycles more each makes it longer. */
function mispredictions(numbers: Numbers, run: (bench: BenchGuest) => number, options?: HostOptions): number {
  const cost = (mispredictCycles: number) => run(host({ ...numbers, mispredictCycles }, options));
  return (cost(30) - cost(20)) / 10;
}

/** Nothing of the host's displaces anything, so that what is forgotten is forgotten by the mitigation. */
const ALONE = { exitDataLines: 0, exitCodeLines: 0 };

/** Calls that nest `depth` deep, a hypercall in the innermost, and their returns. */
function* aroundHypercall(bench: BenchGuest, depth: number) {
  const core = bench.guest.cores[0]!;
  for (let i = 0; i < depth; i++) {
    core.at(BRANCHES[2 * i]!);
    core.call();
  }
  core.at(AWAY);
  yield* nullHypercall(bench);
  core.at(AWAY);
  for (let i = depth - 1; i >= 0; i--) {
    core.ret();
    core.at(BRANCHES[2 * i + 1]!);
  }
  core.alu(NOW);
}

law(['rsbFillCycles', 'mispredictCycles'], 'behind a filled return stack every return mispredicts', () => {
  for (const depth of [0, 1, 5]) {
    const run = (bench: BenchGuest) => {
      for (let i = 0; i < 3; i++) bench.measure(aroundHypercall(bench, depth));
      return bench.measure(aroundHypercall(bench, depth));
    };
    assert.equal(mispredictions({ ...ALONE, rsbFillCycles: 0 }, run), 0, `${depth} calls, no fill`);
    assert.equal(mispredictions({ ...ALONE, rsbFillCycles: 60 }, run), depth, `${depth} calls, filled`);
  }
});

/** Branches of a pattern that only their history predicts: not taken every seventh time. */
function* pattern(core: Core, from: number, n: number) {
  for (let i = from; i < from + n; i++) {
    core.at(SITE);
    core.branch(i % 7 !== 0, NOW);
    core.at(AWAY);
    core.alu(NOW);
  }
}

law(
  ['bhbClearCycles', 'mispredictCycles'],
  'a branch that its history predicts is a surprise after it',
  () => {
    const run = (bench: BenchGuest) => {
      const { core } = bench.guest.cpus[0]!;
      bench.measure(pattern(core, 0, 700));
      vmExit(bench.guest.xen, pcpuOf(bench), 'exits_hypercall');
      return bench.measure(pattern(core, 700, 14));
    };
    assert.equal(mispredictions({ ...ALONE, bhbClearCycles: 0 }, run), 0);
    assert.ok(mispredictions({ ...ALONE, bhbClearCycles: 400 }, run) >= 1);
  },
);

/**
 * A branch that is never taken and an indirect call, both learned, then a switch, then both again. Branches in front
 * that anybody would guess, so that the history is the same each time.
 */
const learnedThenSwitched = (bench: BenchGuest) => {
  const { core } = bench.guest.cpus[0]!;
  function* learned() {
    for (let i = 0; i < 256; i++) {
      core.at(SITE);
      core.branch(true, NOW);
    }
    core.branch(false, NOW);
    core.indirectCall(AWAY, NOW);
    core.at(AWAY);
    core.alu(NOW);
  }
  for (let i = 0; i < 20; i++) bench.measure(learned());
  const known = bench.measure(learned());
  bench.measure(switchToHog(bench));
  return bench.measure(learned()) - known;
};

law(['ibpbCycles', 'mispredictCycles'], 'a switch to another vCPU pays it, and learns again', () => {
  const options = { run: ['hogs=1'] };
  assert.deepEqual(timesPaid('ibpbCycles', switchToHog, { ...options, warmUp: 0 }), paid(1));
  assert.equal(mispredictions({ ibpbCycles: 0 }, learnedThenSwitched, options), 0);
  assert.equal(mispredictions({ ibpbCycles: 8000 }, learnedThenSwitched, options), 2);
});

law(['safeReturnCycles'], 'a safe return is waited for every time, known or not', () => {
  for (const safeReturnCycles of [12, 30]) {
    const numbers = { safeReturnCycles, callReturnCycles: 0, returnCheckCycles: 1, forwardWithinCycles: 7 };
    const pairs = (mispredictCycles: number) =>
      slope(
        benchOf(machine({ ...numbers, mispredictCycles })),
        (core, n) => {
          for (let i = 0; i < n; i++) {
            core.call();
            core.at(AWAY);
            core.ret();
            core.at(SITE);
          }
        },
        10,
        30,
      );
    // Dispatch of the call, its word forwarded to the return, the check, then the wait.
    assert.equal(pairs(5), 20 * (1 + 7 + 1 + safeReturnCycles));
    assert.equal(pairs(5), pairs(50), 'instead of a misprediction, not beside it');
  }
});

law([], 'translations are tagged: neither an exit nor a switch flushes them', () => {
  const options = { run: ['hogs=1', 'pageBits=12'] };
  for (const between of [nullHypercall, switchToHog]) {
    const cost = (walkCycles: number) => {
      const bench = host({ ...ALONE, walkCycles }, options);
      const { cores, memory } = bench.guest;
      const core = cores[0]!;
      const data = memory.place('pages of the law', 32 * 4096, 4096);
      function* touch() {
        for (let page = 0; page < 32; page++) core.load64(data + page * 4096, NOW);
      }
      bench.measure(touch());
      bench.measure(between(bench));
      return bench.measure(touch());
    };
    assert.equal(cost(200), cost(60));
  }
});
