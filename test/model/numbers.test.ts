import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBug, nearestName, UserError, unknownName } from '../../src/model/errors.ts';
import { Fingerprint } from '../../src/model/fingerprint.ts';
import { checkParams, documented, parseAssignment } from '../../src/model/params.ts';
import { RandomStream } from '../../src/model/random.ts';
import { counters, reset } from '../../src/model/stats.ts';
import { summarise } from '../../src/model/summary.ts';
import { cyclesOfNanos } from '../../src/model/units.ts';

const SPECS = {
  width: { unit: 'uops', min: 1, max: 16, what: 'a width' },
  depth: { unit: 'entries', min: 1, max: 512, what: 'a depth' },
} as const;

test('nanoseconds become cycles exactly, rounded down', () => {
  assert.equal(cyclesOfNanos(135, 3_920_000_000), 529);
  assert.equal(cyclesOfNanos(3, 333_333_333), 0);
  assert.equal(cyclesOfNanos(9_007_199, 1_000_000_000), 9_007_199);
  assert.throws(() => cyclesOfNanos(Number.MAX_SAFE_INTEGER, 4_000_000_000), RangeError);
});

test('a set of parameters is refused when one is missing, undeclared, out of range or unsourced', () => {
  const good = { width: documented(4, 'manual'), depth: documented(100, 'manual') };
  checkParams('m', SPECS, good);
  const bad = [
    { width: documented(4, 'manual') },
    { ...good, other: documented(1, 'manual') },
    { ...good, width: documented(17, 'manual') },
    { ...good, width: documented(4.5, 'manual') },
    { ...good, width: documented(4, 'manual', 5, 6) },
    { ...good, width: documented(4, '') },
  ];
  for (const values of bad) assert.throws(() => checkParams('m', SPECS, values as typeof good), ModelBug);
});

test('an assignment names the nearest parameter, the range and the unit when it is wrong', () => {
  assert.deepEqual(parseAssignment('width=8', SPECS), ['width', 8]);
  assert.throws(() => parseAssignment('widht=8', SPECS), /did you mean width/);
  assert.throws(() => parseAssignment('width=99', SPECS), /expected 1\.\.16 uops/);
  assert.throws(() => parseAssignment('width=', SPECS), /expects an integer/);
  assert.throws(() => parseAssignment('width=1e3x', SPECS), /expects an integer/);
  assert.throws(() => parseAssignment('__proto__=1', SPECS), /unknown parameter/);
  assert.throws(() => parseAssignment('constructor=1', SPECS), /unknown parameter/);
});

test('names are suggested up to three edits away', () => {
  assert.equal(nearestName('lienar', ['linear', 'slist']), 'linear');
  assert.equal(nearestName('quite-different', ['linear', 'slist']), undefined);
  const error = unknownName('strategy', 'slits', ['linear', 'slist']);
  assert.ok(error instanceof UserError);
  assert.equal(error.exit, 2);
  assert.match(error.message, /did you mean slist/);
});

test('the random streams are fixed for ever: first numbers, and independence by name', () => {
  const a = new RandomStream(42, 'gaps');
  const b = new RandomStream(42, 'ports');
  const first = [a.uint32(), a.uint32(), a.uint32()];
  assert.deepEqual(first, [3_449_946_181, 3_508_631_959, 1_021_136_061]);
  assert.notEqual(first[0], b.uint32());
  const again = new RandomStream(42, 'gaps');
  assert.deepEqual([again.uint32(), again.uint32(), again.uint32()], first);
});

test('exponential gaps have the mean asked for, within 1 %', () => {
  const stream = new RandomStream(7, 'mean');
  let sum = 0;
  for (let i = 0; i < 200_000; i++) sum += stream.exponential(20_000);
  assert.ok(Math.abs(sum / 200_000 / 20_000 - 1) < 0.01);
});

test('below(n) stays below n and reaches every value', () => {
  const stream = new RandomStream(1, 'dice');
  const seen = new Set<number>();
  for (let i = 0; i < 1000; i++) seen.add(stream.below(6));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5]);
});

test('a fingerprint depends on every element and on their order', () => {
  const of = (xs: number[]) => {
    const f = new Fingerprint();
    for (const x of xs) f.add(x);
    return f.hex;
  };
  assert.equal(of([1, 2, 3]), of([1, 2, 3]));
  const others = [[1, 2], [1, 2, 4], [2, 1, 3], [1, 2, 3, 0], []];
  for (const other of others) assert.notEqual(of(other), of([1, 2, 3]));
  const reset1 = new Fingerprint();
  reset1.add(5);
  reset1.reset();
  reset1.add(1);
  assert.equal(reset1.hex, of([1]));
});

test('counters start at zero and go back there', () => {
  const stats = counters({
    hits: { unit: 'n', direction: 'higher', what: 'hits' },
    misses: { unit: 'n', direction: 'lower', what: 'misses' },
  });
  stats.hits += 3;
  stats.misses += 1;
  assert.deepEqual({ ...stats }, { hits: 3, misses: 1 });
  reset(stats);
  assert.deepEqual({ ...stats }, { hits: 0, misses: 0 });
});

test('summaries', () => {
  const s = summarise([3, 1, 2]);
  assert.deepEqual([s.n, s.median, s.mean], [3, 2, 2]);
  assert.equal(s.relativeDeviation, 0.5);
});
