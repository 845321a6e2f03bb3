/** Every order of the steps of a few kernels, for every consumer: docs/interleavings.md has the method. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Grain } from './explore.ts';
import { explored, makePage, PAGE } from './page.ts';
import { PAIRS } from './scenarios.ts';

for (const { plan, consumer, windows } of PAIRS) {
  test(`${consumer.name}, ${plan.name}: what is found in all orders is what is known`, () => {
    const fine = explored(consumer, plan, Grain.access);
    const coarse = explored(consumer, plan, Grain.yields);
    for (const [finding, { example }] of fine.findings) {
      const known = (windows as readonly string[]).includes(finding);
      assert.ok(known, `${finding}:\n${example.join('\n')}`);
    }
    assert.deepEqual([...fine.findings.keys()].sort(), [...windows].sort(), 'windows that are gone');
    const reached = [...fine.findings.keys()].filter(
      (finding) => !(plan.hidden as readonly string[] | undefined)?.includes(finding),
    );
    assert.deepEqual([...coarse.findings.keys()], reached, 'what own turns hide');
    for (const outcome of coarse.outcomes) assert.ok(fine.outcomes.has(outcome), outcome);
    const binds = plan.tasks.some(({ does }) => does === 'unbind' || does === 'rebind');
    if (!binds && consumer.name.startsWith('freebsd') && consumer.abi === '2-level')
      assert.deepEqual([...fine.overtaking], [], 'loads that may overtake a store');
    assert.ok(fine.orders >= coarse.orders && fine.states >= coarse.states);
  });
}

test('docs/interleavings.md is as the model is', () => {
  const actual = makePage().split('\n');
  const page = readFileSync(PAGE, 'utf8').split('\n');
  const at = actual.findIndex((line, i) => line !== page[i]);
  if (at < 0 && actual.length === page.length) return;
  const [is, should] = [page[at] ?? '(the end)', actual[at] ?? '(the end)'];
  assert.fail(
    `docs/interleavings.md:${at + 1} is "${is}", the model now says "${should}"; run: npm run interleavings`,
  );
});
