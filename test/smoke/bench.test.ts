/** Every piece of the benchmark runs; how fast is not a test's business. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pieces } from '../../bench/pieces.ts';

test('every piece of the benchmark does work, again and again', () => {
  for (const { name, run } of pieces()) {
    for (let round = 0; round < 300; round++) assert.ok(run() > 0, name);
  }
});
