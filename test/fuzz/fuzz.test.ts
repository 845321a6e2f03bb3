/** A short seeded run of every reader, and every input that once broke one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/root.ts';
import { judge } from './judge.ts';
import { Mutator } from './mutations.ts';
import { TARGETS } from './targets.ts';

/** Inputs of each reader here; docs/fuzzing.md records the long runs. */
const RUNS = 1500;
const SEED = 1;
const CASES = join(ROOT, 'test/fuzz/cases');

for (const target of TARGETS) {
  test(`${target.name}: the samples are complete, damaged ones complete or refused with their place`, async () => {
    for (const sample of target.samples) assert.equal(await judge(sample, target.read, 1), 'complete');
    const mutator = new Mutator(target, SEED);
    const seen = { complete: 0, refused: 0 };
    for (let i = 0; i < RUNS; i++) seen[await judge(mutator.input(i), target.read, i)]++;
    assert.ok(seen.complete > 0 && seen.refused > RUNS / 10, JSON.stringify(seen));
  });
}

for (const file of readdirSync(CASES).sort()) {
  const [reader, name] = file.split('.');
  test(`${reader}: ${name} no longer breaks it`, async () => {
    const target = TARGETS.find((t) => t.name === reader)!;
    const bytes = readFileSync(join(CASES, file));
    for (let i = 0; i < 8; i++) await judge(bytes, target.read, i);
  });
}

test('an input depends on its seed and number alone', () => {
  for (const target of TARGETS) {
    const [a, b] = [new Mutator(target, 7), new Mutator(target, 7)];
    a.input(1);
    assert.deepEqual(a.input(99), b.input(99));
    assert.notDeepEqual(new Mutator(target, 8).input(99), b.input(99));
  }
});
