/** Populations laid out, points, break-even points: against real binds, plain oracles and one another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT, INTSRC, XENISRC_BUCKET } from '../../src/intr/layout.ts';
import { createIsrcs, layIsrc } from '../../src/intr/populate.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { crossoverTables } from '../../src/lab/crossover/crossover.ts';
import { intervalsOf, type Relation, relationOf } from '../../src/lab/crossover/intervals.ts';
import { bootIsrcs, unusedIndexes } from '../../src/lab/crossover/placement.ts';
import { measureBinds, measureFinds } from '../../src/lab/crossover/point.ts';
import { answersOf, flipsOf } from '../../src/lab/crossover/sensitivity.ts';
import type { CrossoverSpec } from '../../src/lab/crossover/spec.ts';
import { reader } from '../../src/lab/crossover/summary.ts';
import { explainBind } from '../../src/lab/explain.ts';
import { boardFor } from '../../src/lab/guest.ts';
import { CACHE_STATES, DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';

const last = { unused: 1, place: 'last', bootIsrcs: 0, seed: 1 } as const;

test('an isrc laid out is the isrc that the kernel creates', () => {
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    const make = (lay: boolean) => {
      const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest, strategy: 'slist' }));
      const { os, cpus } = bench.guest.freeBsd;
      const isrcs = lay ? [1, 2, 3].map((port) => layIsrc(os, port)) : createIsrcs(os, cpus[0]!, 3);
      const { memory, statics } = os.image;
      const bytes = (from: number, n: number) => [...memory.view8.subarray(from, from + n)];
      return {
        count: [memory.peek32(statics.autoVectorCount), os.table.count],
        isrcs: isrcs.map((isrc, i) => ({
          isrc,
          bytes: bytes(isrc, XENISRC_BUCKET),
          event: bytes(memory.peek32(isrc + INTSRC.event), EVENT.bucket),
          slot: memory.peek32(os.table.slot(i)),
        })),
      };
    };
    assert.deepEqual(make(true), make(false), guest);
  }
});

test('unused isrcs stand behind those of the boot, at the end, or anywhere behind', () => {
  assert.equal(bootIsrcs('freebsd-a', 4), 44);
  assert.equal(bootIsrcs('freebsd-c', 4), 32);
  const at = (place: 'last' | 'first' | 'random', isrcs: number, unused: number, seed = 1) =>
    unusedIndexes({ isrcs, unused, place, bootIsrcs: 32, seed });
  assert.deepEqual(at('last', 100, 3), [97, 98, 99]);
  assert.deepEqual(at('first', 100, 3), [32, 33, 34]);
  // Not so many: then those of the boot are not all there yet.
  assert.deepEqual(at('first', 10, 2), [8, 9]);
  const drawn = at('random', 1000, 5);
  assert.deepEqual(at('random', 1000, 5), drawn);
  assert.notDeepEqual(at('random', 1000, 5, 2), drawn);
  assert.ok(new Set(drawn).size === 5 && Math.min(...drawn) >= 32 && Math.max(...drawn) < 1000);
});

test('intervals have every change between the neighbours of a grid, also where it turns back', () => {
  const relation = (n: number): Relation =>
    n < 7 ? 'cheaper' : n < 9 ? 'equal' : n < 100 ? 'dearer' : 'cheaper';
  assert.deepEqual(intervalsOf([1, 64, 128], 4095, relation), [
    { from: 1, to: 6, relation: 'cheaper' },
    { from: 7, to: 8, relation: 'equal' },
    { from: 9, to: 99, relation: 'dearer' },
    { from: 100, to: 128, relation: 'cheaper' },
  ]);
  const rough = intervalsOf([1, 64, 128], 16, relation);
  assert.deepEqual(rough.slice(0, 2), [
    { from: 1, to: 6, relation: 'cheaper' },
    { from: 7, to: 8, relation: 'equal' },
  ]);
  const [before, after] = [rough[2]!, rough[3]!];
  assert.ok(before.to < 100 && after.from >= 100 && after.from - before.to <= before.to / 16, String(rough));
  assert.deepEqual(intervalsOf([5], 16, relation), [{ from: 5, to: 5, relation: 'cheaper' }]);
});

test('costs within the tolerance are equal, at its edge too', () => {
  assert.equal(relationOf(1000, 1050, 50), 'equal');
  assert.equal(relationOf(1000, 1051, 50), 'cheaper');
  assert.equal(relationOf(1051, 1000, 50), 'dearer');
  assert.equal(relationOf(43, 44, 0), 'cheaper');
});

test('a point does not depend on what was measured before on the same board, and its parts sum to the bind', () => {
  const scenario = (strategy: string) => scenarioOf({ ...DEFAULT_NAMES, strategy });
  const fresh = () => boardFor(scenario('slist'), 16);
  const used = fresh();
  measureBinds(scenario('linear'), { ...last, isrcs: 700 }, used);
  measureFinds(scenario('bitmap'), { ...last, isrcs: 90, place: 'random' }, used);
  for (const strategy of ['linear', 'slist']) {
    const spec = { ...last, isrcs: 40 };
    const binds = measureBinds(scenario(strategy), spec, fresh());
    assert.deepEqual(
      measureFinds(scenario(strategy), spec, used),
      measureFinds(scenario(strategy), spec, fresh()),
    );
    assert.deepEqual(measureBinds(scenario(strategy), spec, used), binds);
    for (const { cycles, parts } of binds) {
      assert.equal(
        Object.values(parts).reduce((a, b) => a + b, 0),
        cycles,
      );
    }
  }
});

test('a bind in a population laid out costs what one costs after so many real binds, within 2 %', () => {
  for (const strategy of ['linear', 'slist']) {
    const scenario = scenarioOf({ ...DEFAULT_NAMES, strategy });
    const laid = measureBinds(scenario, { ...last, isrcs: 64 }, boardFor(scenario, 16));
    CACHE_STATES.forEach((cache, i) => {
      const real = explainBind({ ...scenario, cache }, 64).cycles;
      const error = laid[i]!.cycles / real - 1;
      assert.ok(Math.abs(error) < 0.02, `${strategy} ${cache}: ${laid[i]!.cycles} against ${real}`);
    });
  }
});

const SPEC: CrossoverSpec = {
  machine: 'zen5',
  guest: 'freebsd-c',
  strategies: ['linear', 'slist'],
  states: ['warm', 'cold'],
  set: [],
  isrcs: [4, 40],
  precision: 16,
  free: 'last',
  unused: 1,
  vcpus: 4,
  seed: 1,
};

test('the rows do not depend on the number of threads; break-even points stand between the grid', async () => {
  const specs = [SPEC, { ...SPEC, guest: 'freebsd-a' }, { ...SPEC, machine: 'skylake-sp' }];
  const one = await crossoverTables(specs, 1);
  assert.deepEqual(await crossoverTables(specs, 3), one);
  assert.equal(one.points.rows.length, 3 * 2 * 2 * 2);
  const cell = reader(one.breakEvens);
  for (const row of one.breakEvens.rows) {
    const [from, to] = [Number(cell(row, 'from_isrcs')), Number(cell(row, 'to_isrcs'))];
    assert.ok(4 <= from && from <= to && to <= 40);
  }
  const warm = one.breakEvens.rows.filter((row) => {
    const of = ['machine', 'guest', 'cache', 'metric'].map((column) => cell(row, column));
    return of.join() === 'zen5,freebsd-a,warm,find';
  });
  // The list has its own lock pair, which a scan of a few isrcs under a lock that is held anyway undercuts.
  const relations = warm.map((row) => cell(row, 'relation'));
  assert.deepEqual([relations[0], relations.at(-1)], ['cheaper', 'dearer'], relations.join());
});

test('answers with a number at the end of its range are those of a machine with that number', () => {
  const spec = { ...SPEC, states: ['cold'] as const };
  const flips = flipsOf(spec);
  assert.ok(flips.includes('mallocCycles=60') && flips.some((f) => f.startsWith('dramNanos=')));
  const base = answersOf(spec, '');
  const [flip] = flips.filter((f) => f.startsWith('evtchnOpCycles='));
  assert.deepEqual(answersOf(spec, flip!, base), answersOf({ ...spec, set: [flip!] }, ''));
  assert.notDeepEqual(answersOf(spec, flip!, base), base);
});
