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

test('of six strategies with measured searches, these are outside the bars, and no other', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [section] = /^## The search of each strategy\n[\s\S]*?(?=^## )/m.exec(page)!;
  const rows = [...section.matchAll(/^\| ([\w-]+) \| (search|release) \| (\w+) \|.* (yes|\*\*no\*\*) \|$/gm)];
  const strategies = new Set(rows.map((row) => row[1]));
  assert.deepEqual([...strategies], ['linear', 'slist', 'bitmap', 'fifo-list', 'next-fit', 'bitmap2']);
  const outside = rows.filter((row) => row[4] !== 'yes').map((row) => row.slice(1, 4).join(' '));
  assert.deepEqual(outside, ['fifo-list search warm', 'bitmap2 search warm']);
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
