import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from '../../src/model/histogram.ts';

/** Nearest rank on the sorted values. */
function nearestRank(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent * sorted.length) / 100)) - 1]!;
}

test('percentiles are exact below 65,536', () => {
  const values = fc.array(fc.nat(65_535), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.constantFrom(1, 25, 50, 75, 99, 100), (sample, percent) => {
      const h = new Histogram();
      for (const v of sample) h.add(v);
      assert.equal(h.percentile(percent), nearestRank(sample, percent));
      assert.equal(h.max, Math.max(...sample));
      assert.equal(h.min, Math.min(...sample));
      assert.equal(h.count, sample.length);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test('percentiles above are at most 0.8 % too high and never above the maximum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 65_536, max: 2 ** 52 }), { minLength: 1, maxLength: 100 }),
      (sample) => {
        const h = new Histogram();
        for (const v of sample) h.add(v);
        const exact = nearestRank(sample, 50);
        const got = h.percentile(50)!;
        assert.ok(got >= exact && got <= Math.min(h.max, exact * 1.008), `${got} for ${exact}`);
      },
    ),
    { seed: 3, numRuns: 200 },
  );
});

test('p99 of 1..1000 is 990, p99.9 is 999: nearest rank, no interpolation', () => {
  const h = new Histogram();
  for (let v = 1; v <= 1000; v++) h.add(v);
  assert.equal(h.percentile(99), 990);
  assert.equal(h.percentile(99.9), 999);
  assert.equal(h.percentile(100), 1000);
});

test('buckets hold every value once and do not overlap', () => {
  const h = new Histogram();
  const values = [0, 1, 31, 32, 33, 4000, 65_535, 65_536, 65_537, 1_000_000, 2 ** 40];
  for (const v of values) h.add(v);
  const rows = h.buckets();
  assert.equal(
    rows.reduce((n, row) => n + row[2], 0),
    values.length,
  );
  for (let i = 1; i < rows.length; i++) assert.ok(rows[i]![0] > rows[i - 1]![1]);
  for (const v of values) assert.ok(rows.some(([low, high]) => v >= low && v <= high));
});

test('an empty histogram has no percentile', () => {
  assert.equal(new Histogram().percentile(50), undefined);
  assert.deepEqual(new Histogram().buckets(), []);
});
