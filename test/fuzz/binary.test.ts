/** A short seeded run of damaged tables: each is refused with its place, or is a complete table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RandomStream } from '../../src/model/random.ts';
import { ROOT } from '../support/root.ts';
import { everyKind, writtenBytes } from '../support/tables.ts';
import { fileOf, partsOf } from './binary-frame.ts';
import { mutated } from './mutate.ts';
import { outcomeOf, readTable } from './outcome.ts';

/** Inputs of each kind in a run of the tests; a longer run is the fuzz harness's. */
const RUNS = 3000;

test('damaged bytes of a binary table are refused where they are', async () => {
  const random = new RandomStream(1, 'binary');
  const good = await writtenBytes('good.utt', everyKind());
  assert.equal(await outcomeOf(good, readTable), 'complete');
  for (let i = 0; i < RUNS; i++) {
    const bad = mutated(good, random);
    const expected = bad.equals(good) ? 'complete' : 'refused';
    assert.equal(await outcomeOf(bad, readTable), expected, `input ${i}`);
  }
});

test('damaged sections with right checksums are refused, or are a complete table', async () => {
  const random = new RandomStream(2, 'sections');
  const parts = partsOf(await writtenBytes('parts.utt', everyKind()));
  const seen = { complete: 0, refused: 0 };
  for (let i = 0; i < RUNS; i++) {
    const bad = [...parts];
    const at = random.below(parts.length);
    bad[at] = { tag: parts[at]!.tag, payload: mutated(parts[at]!.payload, random) };
    if (random.below(20) === 0) bad.splice(random.below(bad.length), 1);
    if (random.below(20) === 0) bad.splice(random.below(bad.length), 0, bad[random.below(bad.length)]!);
    seen[await outcomeOf(fileOf(bad), readTable)]++;
  }
  assert.ok(seen.refused > RUNS / 2 && seen.complete > 10, JSON.stringify(seen));
});

test('damaged text tables are refused, or are a complete table', async () => {
  const random = new RandomStream(3, 'text');
  const good = readFileSync(join(ROOT, 'traces/micro/hypervisor.trace'));
  const seen = { complete: 0, refused: 0 };
  for (let i = 0; i < RUNS; i++) seen[await outcomeOf(mutated(good, random), readTable)]++;
  assert.ok(seen.refused > RUNS / 2 && seen.complete > 10, JSON.stringify(seen));
});
