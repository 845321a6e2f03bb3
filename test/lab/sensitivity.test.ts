/** The sweep: what it flips, what it calls a movement, and what a change of places. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { scenarioOf } from '../../src/lab/scenario.ts';
import { type Computed, flipsOf, parametersNamed, type Sweep, sweep } from '../../src/lab/sensitivity.ts';
import { largestMovements, rankingChanges } from '../../src/lab/sensitivity-effects.ts';
import { UserError } from '../../src/model/errors.ts';
import { ROOT } from '../support/root.ts';

const scenario = scenarioOf({ machine: 'zen5', guest: 'freebsd-a', strategy: 'slist', cache: 'warm' });

/** Answers in which only the searches with 8 isrcs and warm caches differ. */
function computed(upcallP50: number, breakEven: number | null, small: number[]): Computed {
  const searches = ['warm', 'cold'].flatMap((cache) =>
    [8, 128, 1024].map((isrcs) => {
      return { cache, isrcs, cycles: cache === 'warm' && isrcs === 8 ? small : [100, 50, 50] };
    }),
  );
  return { upcallP50, bindMean: 1000, searches, breakEven };
}

test('a number is set to the ends of its range that are not its value, and no other', () => {
  const { low, high } = scenario.machine.values.dramNanos;
  assert.deepEqual(flipsOf(scenario.machine, ['dramNanos', 'l1dWays']), [
    { parameter: 'dramNanos', bound: 'low', value: low },
    { parameter: 'dramNanos', bound: 'high', value: high },
  ]);
  assert.deepEqual(parametersNamed(['robEntries', 'clockHz']), ['clockHz', 'robEntries']);
  assert.throws(() => parametersNamed(['robEntry']), UserError);
});

test('movements are relative, the largest of each number counts, an answer that ends is the largest', () => {
  const of: Sweep = {
    scenario,
    base: computed(1000, 10, [90, 50, 50]),
    flips: [
      { parameter: 'robEntries', bound: 'low', value: 224, computed: computed(1100, 10, [90, 50, 50]) },
      { parameter: 'robEntries', bound: 'high', value: 512, computed: computed(700, 10, [90, 50, 50]) },
      { parameter: 'dramNanos', bound: 'low', value: 1, computed: computed(1000, null, [90, 50, 50]) },
      { parameter: 'clockHz', bound: 'low', value: 1e9, computed: computed(1000, 10, [90, 50, 50]) },
    ],
  };
  const found = largestMovements(of, 10).map((m) => [
    m.flip.parameter,
    m.flip.bound,
    m.answer.name,
    m.change,
  ]);
  assert.deepEqual(found, [
    ['dramNanos', 'low', 'break-even warm', Number.POSITIVE_INFINITY],
    ['robEntries', 'high', 'upcall p50', 700 / 1000 - 1],
  ]);
  assert.equal(largestMovements(of, 1).length, 1);
});

test('a ranking turns when two strategies change places, not when a tie comes or goes', () => {
  const ranked = (is: number[]) => {
    const flip = { parameter: 'robEntries', bound: 'low', value: 1, computed: computed(1, 1, is) } as const;
    return rankingChanges({ scenario, base: computed(1, 1, [90, 50, 50]), flips: [flip] });
  };
  assert.deepEqual(ranked([90, 50, 51]), []);
  assert.deepEqual(ranked([50, 50, 50]), []);
  const [change, ...more] = ranked([40, 50, 50]);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [change!.cache, change!.isrcs, change!.was, change!.is],
    ['warm', 8, 'slist 50 = bitmap 50 < linear 90', 'linear 40 < slist 50 = bitmap 50'],
  );
});

test('a sweep leaves the base as a run without it, and is the same twice', async () => {
  const path = (file: string) => join(ROOT, 'traces', file);
  const run = async () => {
    const { base, flips } = await sweep(scenario, path, ['exitSoftwareCycles']);
    return { base, flips };
  };
  const { base, flips } = await run();
  assert.deepEqual(await run(), { base, flips });
  const { value, low, high } = scenario.machine.values.exitSoftwareCycles;
  assert.deepEqual(
    flips.map((f) => f.computed.upcallP50! - base.upcallP50!),
    [low - value, high - value],
  );
  for (const f of flips) assert.deepEqual(f.computed.searches, base.searches);
});
