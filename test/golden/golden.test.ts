/** Small named traces, compared exactly, in both directions. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { GOLDENS, goldenFile, makeGolden } from '../support/goldens.ts';

for (const name of GOLDENS) {
  test(`golden ${name}`, async () => {
    const file = goldenFile(name);
    const actual = await makeGolden(name);
    if (existsSync(file) && readFileSync(file, 'utf8') === actual) return;
    const shown = file.replace(/\.csv$/, '.actual.csv');
    writeFileSync(shown, actual);
    assert.fail(`differs from ${file}; see ${shown}, and if it is meant: npm run bless -- ${name} "reason"`);
  });
}

test('every golden file belongs to a golden', () => {
  const files = readdirSync(dirname(goldenFile('x'))).filter(
    (f) => f.endsWith('.csv') && !f.includes('.actual.'),
  );
  assert.deepEqual(files.map((f) => f.slice(0, -4)).sort(), [...GOLDENS].sort());
});
