/** docs/accuracy.md and docs/isca16.md are what the model says now. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeAccuracyPage, PAGE } from '../support/accuracy-page.ts';
import { ISCA16_PAGE, makeIsca16Page } from '../support/isca16-page.ts';

test('docs/accuracy.md is as the model is', async () => {
  assertCurrent('docs/accuracy.md', PAGE, await makeAccuracyPage());
});

test('docs/isca16.md is as the model is', () => {
  assertCurrent('docs/isca16.md', ISCA16_PAGE, makeIsca16Page());
});

/** Names the first line of a page that differs. */
function assertCurrent(name: string, file: string, made: string): void {
  const actual = made.split('\n');
  const page = readFileSync(file, 'utf8').split('\n');
  const at = actual.findIndex((line, i) => line !== page[i]);
  if (at < 0 && actual.length === page.length) return;
  const [is, should] = [page[at] ?? '(the end)', actual[at] ?? '(the end)'];
  assert.fail(`${name}:${at + 1} is "${is}", the model now says "${should}"; run: npm run accuracy`);
}
