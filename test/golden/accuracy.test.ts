/** docs/accuracy.md is what the model says about the ground truth now. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeAccuracyPage, PAGE } from '../support/accuracy-page.ts';

test('docs/accuracy.md is as the model is', async () => {
  const actual = (await makeAccuracyPage()).split('\n');
  const page = readFileSync(PAGE, 'utf8').split('\n');
  const at = actual.findIndex((line, i) => line !== page[i]);
  if (at < 0 && actual.length === page.length) return;
  const [is, should] = [page[at] ?? '(the end)', actual[at] ?? '(the end)'];
  assert.fail(`docs/accuracy.md:${at + 1} is "${is}", the model now says "${should}"; run: npm run accuracy`);
});
