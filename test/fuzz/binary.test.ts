/** A short seeded run of damaged binary tables: each is refused with its place, or is a complete table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../src/model/errors.ts';
import { openBinaryAt } from '../../src/trace/binary/seek.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { fileOf, mended, partsOf } from './binary-frame.ts';
import { judge } from './judge.ts';
import { Mutator } from './mutations.ts';
import { TARGETS } from './targets.ts';

/** Inputs in a run of the tests; `npm run fuzz` makes longer ones. */
const RUNS = 4000;
const target = TARGETS.find((t) => t.name === 'upcall-trace-binary')!;

test('damage is refused where it is, unless checksums are made right; then what is read is a table', async () => {
  const mutator = new Mutator(target, 1);
  const seen = { complete: 0, refused: 0 };
  for (let i = 0; i < RUNS; i++) {
    const bytes = mutator.input(i);
    const whole = target.samples.some((sample) => sample.equals(bytes));
    const outcome = await judge(bytes, target.read, i);
    if (i % 2 === 0) assert.equal(outcome, whole ? 'complete' : 'refused', `input ${i}`);
    else seen[outcome]++;
  }
  assert.ok(seen.refused > RUNS / 4 && seen.complete > RUNS / 200, JSON.stringify(seen));
});

test('damage does not mislead whoever comes by the index', async () => {
  const folder = temporaryFolder();
  const mutator = new Mutator(target, 2);
  const seen = { complete: 0, refused: 0 };
  for (let i = 0; i < RUNS / 8; i++) {
    const path = fileIn(folder, 'fuzzed', mutator.input(i));
    try {
      for await (const batch of (await openBinaryAt(path, (i % 8) * 50_000)).batches)
        assert.ok(batch.length > 0);
      seen.complete++;
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /fuzzed at byte \d+(, record \d+)?: found [^\n]+, expected [^\n]+$/);
      seen.refused++;
    }
  }
  assert.ok(seen.refused > RUNS / 16 && seen.complete > 1, JSON.stringify(seen));
});

test('a file that is taken apart and put together again is the same, with mended checksums too', async () => {
  for (const sample of target.samples) {
    assert.deepEqual(fileOf(partsOf(sample)), sample);
    const bad = Buffer.from(sample);
    bad.fill(0, bad.length - 4);
    assert.deepEqual(mended(bad), sample);
    assert.equal(await judge(bad, target.read, 0), 'refused');
  }
});
