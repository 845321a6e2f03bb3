/** Every order of the steps of a few kernels, for every consumer: docs/interleavings.md has the method. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPair } from './expected.ts';
import { sample } from './explore.ts';
import { makePage, PAGE, rowStart } from './page.ts';
import { PAIRS, type Pair } from './scenarios.ts';

/** Random orders of a scenario that is too long for here; `npm run interleavings` explores it. */
const ORDERS = 3000;

for (const pair of PAIRS) {
  const { plan, consumer, windows } = pair;
  const name = `${consumer.name}, ${plan.name}`;
  if (pair.long) {
    test(`${name}: what is found in ${ORDERS} random orders is known`, () => {
      for (const finding of sample(consumer, plan, ORDERS, 7))
        assert.ok((windows as readonly string[]).includes(finding), finding);
    });
  } else test(`${name}: what is found in all orders is what is known`, () => checkPair(pair));
}

/** The row of a long scenario, as `npm run interleavings` has written it. */
function writtenRow(pair: Pair): string {
  const rows = readFileSync(PAGE, 'utf8').split('\n');
  return (
    rows.find((row) => row.startsWith(rowStart(pair))) ?? `${rowStart(pair)}(run: npm run interleavings)`
  );
}

test('docs/interleavings.md is as the model is', () => {
  const actual = makePage(writtenRow).split('\n');
  const page = readFileSync(PAGE, 'utf8').split('\n');
  const at = actual.findIndex((line, i) => line !== page[i]);
  if (at < 0 && actual.length === page.length) return;
  const [is, should] = [page[at] ?? '(the end)', actual[at] ?? '(the end)'];
  assert.fail(
    `docs/interleavings.md:${at + 1} is "${is}", the model now says "${should}"; run: npm run interleavings`,
  );
});
