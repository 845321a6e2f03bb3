/**
 * Runs every test file with Node's own runner, in the same way on every Node version, and ends with the line
 * `N passed, N failed`.
 */

import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => process.argv[2] === undefined || name.includes(process.argv[2]))
  .sort()
  .map((name) => join(here, name));

let passed = 0;
let failed = 0;
// Node's own choice leaves one core unused, which is half of a machine with two.
const stream = run({ files, concurrency: availableParallelism() });
stream.on('test:pass', (event) => {
  if (event.details.type !== 'suite') passed++;
});
stream.on('test:fail', (event) => {
  if (event.details.type !== 'suite') failed++;
});
const report = stream.compose(new spec());
report.pipe(process.stdout, { end: false });
report.on('end', () => {
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
});
