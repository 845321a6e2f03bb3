/**
 * Timelines and lower bounds: no kernel in any state takes fewer cycles than a bound says, a bound that is broken
 * is noticed, and each bound is what a closed form says it must be.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerBounds } from '../../src/lab/bounds.ts';
import { findsIsrcs, NAMES } from '../../src/lab/catalogue.ts';
import { type Explanation, explainBind, explainUpcall, stepsOf } from '../../src/lab/explain.ts';
import { explainBoundsTable, explainTable } from '../../src/lab/explain-tables.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { taped } from '../../src/lab/taped.ts';
import type { Case } from '../../src/lab/validate/case.ts';
import { bitmapCase } from '../../src/lab/validate/cases/bitmap.ts';
import { LIST_KERNELS, listCase } from '../../src/lab/validate/cases/list.ts';
import { findCase, freeListCase } from '../../src/lab/validate/cases/real-alloc.ts';
import { realUpcallCase } from '../../src/lab/validate/cases/real-upcall.ts';
import { rotorCase, scanCase } from '../../src/lab/validate/cases/scan.ts';
import { UPCALL_KINDS, upcallCase } from '../../src/lab/validate/cases/upcall.ts';
import { Parameters as RowParameters } from '../../src/lab/validate/parameters.ts';
import { chill, STATES } from '../../src/lab/validate/states.ts';
import { ModelBug } from '../../src/model/errors.ts';
import type { Addr } from '../../src/model/units.ts';
import { timelineText } from '../../src/report/timeline-text.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import type { Machine } from '../../src/x86/machine.ts';
import { benchOf, lawMachine, SITE } from '../support/core.ts';

const STATES_OF_GUEST = ['warm', 'l2-cold', 'cold'];
const LAYOUT = { stride: 128, shuffled: true };

/** What every explanation must hold; that no bound is above the cycles is asserted in making it. */
function check(x: Explanation, name: string): void {
  assert.ok(x.steps.length > 100 && x.instructions > 100, name);
  let retired = 0;
  let dispatched = 0;
  for (const s of x.steps) {
    assert.ok(s.dispatch >= dispatched && s.issue > s.dispatch, name);
    assert.ok(s.retire >= s.ready && s.retire - retired === s.moved, name);
    assert.equal(s.behind === '', s.retire === s.ready, name);
    dispatched = s.dispatch;
    retired = s.retire;
  }
  assert.equal(retired, x.cycles, name);
  assert.ok(
    x.bounds.some((b) => b.cycles !== null && b.cycles > x.cycles / 20),
    `${name}: some bound tells`,
  );
}

for (const guest of NAMES.guest) {
  for (const cache of STATES_OF_GUEST) {
    test(`an upcall is never faster than its bounds: ${guest}, ${cache}`, () => {
      for (const ports of [[1], [3, 70], [1, 2, 3, 4, 5, 6, 7, 8], [5, 69, 133, 197, 261, 325]]) {
        for (const user of [0, 1]) {
          const set = [`interruptedUser=${user}`];
          const x = explainUpcall(scenarioOf({ ...DEFAULT_NAMES, guest, cache, set }), ports);
          check(x, `${ports} ${user}`);
          assert.deepEqual(x.ports, ports);
        }
      }
    });

    test(`a bind is never faster than its bounds: ${guest}, ${cache}`, () => {
      for (const strategy of findsIsrcs(guest) ? NAMES.strategy : ['own']) {
        for (const isrcs of [1, 40]) {
          check(explainBind(scenarioOf({ ...DEFAULT_NAMES, guest, cache, strategy }), isrcs), strategy);
        }
      }
    });
  }
}

test('on every machine, with and without prefetchers', () => {
  for (const machine of NAMES.machine) {
    for (const cache of STATES_OF_GUEST) {
      const scenario = scenarioOf({ ...DEFAULT_NAMES, machine, cache, strategy: 'linear' });
      check(explainUpcall(scenario, [3, 70]), machine);
      const bind = explainBind(scenario, 60);
      check(bind, machine);
      const fills = bind.bounds.find((b) => b.name === 'fill-buffers')!;
      assert.equal(fills.cycles === null, scenario.machine.n.stridePrefetch > 0, machine);
    }
  }
});

test('calls, returns and indirect calls that are free do not break the bound of fetch', () => {
  const set = ['callReturnCycles=0', 'indirectBranchCycles=0', 'fetchWidth=1', 'decodeWidth=1'];
  check(explainUpcall(scenarioOf({ ...DEFAULT_NAMES, set }), [3, 70]), 'free calls');
});

test('no measured kernel is faster than its bounds', () => {
  for (const name of ['zen5', 'skylake-sp', 'sandy-bridge-en']) {
    const { machine } = scenarioOf({ ...DEFAULT_NAMES, machine: name });
    for (const [kernel, c] of kernelsOf(machine)) {
      for (const state of STATES) {
        for (let call = 0; call < 3; call++) {
          c.restore();
          chill(c.core, c.uncore, c.data, state);
          const recording = taped(c.core, () => {
            c.core.call();
            c.call();
          });
          assert.ok(stepsOf(recording).length > 0);
          assert.doesNotThrow(() => lowerBounds(recording, machine), `${name} ${kernel} ${state}`);
        }
      }
    }
  }
});

/** Every kind of kernel that was measured, with some of its parameters. */
function* kernelsOf(machine: Machine): Generator<[string, Case]> {
  const p = (text: string) => new RowParameters(text, { file: 'test' });
  for (const n of [1, 30, 400]) {
    yield [`scan ${n}`, scanCase(machine, p(`N=${n};free=end`), LAYOUT, true)];
    yield [`scan by call ${n}`, scanCase(machine, p(`N=${n};free=end`), LAYOUT, false)];
    yield [`find ${n}`, findCase(machine, p(`N=${n};free=end`), LAYOUT, false)];
    yield [`rotor ${n}`, rotorCase(machine, p(`N=${n};free=none`), LAYOUT)];
    for (const pops of [true, false])
      yield [`list ${n}`, freeListCase(machine, p(`pool=${n}`), LAYOUT, pops)];
  }
  for (const name of Object.keys(LIST_KERNELS)) {
    yield [name, listCase(machine, name, p('pool=40;N=40'), LAYOUT)];
  }
  for (const deep of [false, true]) {
    yield ['bitmap alloc', bitmapCase(machine, p('free=word63'), LAYOUT, deep, false)];
    yield ['bitmap free', bitmapCase(machine, p('idx=4094'), LAYOUT, deep, true)];
  }
  for (const ports of ['ports=1;words=1;start=reset', 'ports=64;words=4;start=carry']) {
    for (const guest of ['freebsd-a', 'freebsd-c'])
      yield [`${guest} ${ports}`, realUpcallCase(machine, p(ports), LAYOUT, guest)];
    for (const kind of UPCALL_KINDS) {
      for (const btr of [false, true]) {
        yield [`upcall ${kind} ${ports}`, upcallCase(machine, p(ports), LAYOUT, kind, btr)];
      }
    }
  }
}

/**
 * Bounds of straight code on a machine of the laws, by name. The code runs thrice: its instructions and the way to
 * them are known at last, and `fresh` is memory nobody has touched.
 */
function boundsOf(
  code: (core: Core, fresh: Addr) => void,
  changes: Parameters<typeof lawMachine>[0] = {},
): { cycles: number; of: Record<string, number | null> } {
  const machine = lawMachine(changes);
  const { core, data } = benchOf(machine);
  let fresh = data;
  const run = () =>
    taped(core, () => {
      core.at(SITE);
      code(core, fresh);
    });
  run();
  run();
  fresh += 1 << 20;
  const recording = run();
  const bounds = lowerBounds(recording, machine);
  return { cycles: recording.cycles, of: Object.fromEntries(bounds.map((b) => [b.name, b.cycles])) };
}

test('the bounds of straight code are closed forms', () => {
  const chain = boundsOf((core) => core.chain(NOW, 50));
  assert.deepEqual([chain.cycles, chain.of.dependency], [51, 51]);
  const free = boundsOf((core) => core.free(60), {
    aluPorts: 0b111,
    dispatchWidth: 4,
    retireWidth: 5,
    fetchWidth: 6,
    decodeWidth: 3,
  });
  assert.deepEqual(
    [free.of.dependency, free.of.ports, free.of.fetch, free.of.dispatch, free.of.retire],
    [2, 20, 10, 15, 12],
  );
  const locks = boundsOf((core, fresh) => {
    for (let i = 0; i < 10; i++) core.lockAdd32(fresh - (1 << 20), 1, NOW);
  });
  const { lockCycles, lockLatencyCycles } = lawMachine().n;
  assert.ok(locks.of.dependency! >= 9 * lockCycles + lockLatencyCycles);
  const fences = boundsOf((core) => {
    for (let i = 0; i < 3; i++) {
      core.chain(NOW, 4);
      core.lfence();
    }
  });
  assert.equal(fences.of.dependency, 3 * (1 + 4 + lawMachine().n.lfenceCycles));
});

test('ports: the worst union of port sets counts, and a store takes two ports', () => {
  const ports = {
    aluPorts: 0b1111,
    shiftPorts: 0b0001,
    branchPorts: 0b0010,
    storeAddressPorts: 0b10000,
    storeDataPorts: 0b10000,
  };
  const code = (shifts: number, alus: number, stores: number) => (core: Core, fresh: Addr) => {
    for (let i = 0; i < shifts; i++) core.shift(NOW);
    core.free(alus);
    for (let i = 0; i < stores; i++) core.store64(fresh + 8 * i, 0, 0, NOW);
  };
  assert.equal(boundsOf(code(20, 4, 0), ports).of.ports, 20);
  assert.equal(boundsOf(code(5, 40, 0), ports).of.ports, 12);
  assert.equal(boundsOf(code(0, 0, 15), ports).of.ports, 30);
});

test('memory: dependent misses add up, others come line by line and through the fill buffers', () => {
  const { dramCycles } = lawMachine();
  const dependent = boundsOf((core, fresh) => {
    let t = NOW;
    for (let i = 0; i < 6; i++) t = core.load64(fresh + 4096 * i, t);
  });
  assert.equal(dependent.of.dependency, 1 + 6 * dramCycles);
  const changes = { dramLineCycles: 10, fillBuffers: 8 };
  const independent = boundsOf((core, fresh) => {
    for (let i = 0; i < 40; i++) core.load64(fresh + 4096 * (i >> 1) + 8 * i, NOW);
  }, changes);
  assert.equal(independent.of.dependency, 1 + dramCycles);
  assert.equal(independent.of['memory-lines'], 18 * 10 + dramCycles);
  assert.equal(independent.of['fill-buffers'], Math.ceil((20 * dramCycles) / 8));
  assert.equal(independent.of['l3-lines'], 0);
});

test('of several producers that were ready in one cycle the cheapest is taken', () => {
  const { of, cycles } = boundsOf(
    (core) => {
      core.chain(NOW, 2);
      core.shift(NOW);
      // Ready with the chain, as it waited for the port.
      core.alu(core.shift(NOW));
    },
    { aluPorts: 0b10, shiftPorts: 0b01 },
  );
  assert.deepEqual([cycles, of.dependency], [4, 3]);
});

test('a simulation below a bound, or one that does not add up, is a bug of the model', () => {
  const machine = lawMachine();
  const { core } = benchOf(machine);
  const recording = taped(core, () => {
    core.at(SITE);
    core.chain(NOW, 50);
  });
  assert.equal(core.tape, undefined);
  lowerBounds(recording, machine);
  assert.throws(() => lowerBounds({ ...recording, cycles: 40 }, machine), ModelBug);
  assert.throws(() => stepsOf({ ...recording, cycles: 40 }), ModelBug);
});

test('the tables and the text say the same, and nothing of the past shows', () => {
  const scenario = scenarioOf({ ...DEFAULT_NAMES, cache: 'l2-cold' });
  const [x, again] = [0, 1].map(() => explainUpcall(scenario, [70, 3, 3], 80)) as [Explanation, Explanation];
  assert.deepEqual(again.steps, x.steps);
  assert.deepEqual(x.ports, [3, 70]);
  const table = explainTable([x]);
  const at = table.columns.findIndex((c) => c.name === 'moved');
  assert.equal(
    table.rows.reduce((sum, row) => sum + (row[at] as number), 0),
    x.cycles,
  );
  for (const t of [table, explainBoundsTable([x])]) {
    const keys = t.rows.map((row) => row.slice(0, t.keys).join());
    assert.equal(new Set(keys).size, keys.length, 'keys identify a row');
    assert.ok(t.rows.every((row) => row.length === t.columns.length));
  }
  const lines = timelineText(x).split('\n');
  assert.match(lines[0]!, /^upcall on zen5, freebsd-c, slist, l2-cold; 80 isrcs, pending 3 70 /);
  assert.match(lines[1]!, new RegExp(`^${x.cycles} cycles, ${x.steps.length} micro-ops`));
  const numbered = lines.filter((line) => /^ *\d+ {2}/.test(line));
  assert.equal(numbered.length, x.steps.length, 'one line for each micro-op');
  assert.ok(Math.max(...numbered.map((line) => line.length)) <= 116);
});
