/** What an exploration must show: the windows that are known, and nothing else. */
import assert from 'node:assert/strict';
import { explored } from './page.ts';
import type { Pair } from './scenarios.ts';

/** Explores a pair and compares what is found with what is known. Throws, with an order that shows it. */
export function checkPair(pair: Pair): void {
  const { plan, consumer, windows } = pair;
  const { fine, coarse } = explored(pair);
  const at = `${consumer.name}, ${plan.name}`;
  for (const [finding, { example }] of fine.findings) {
    const known = (windows as readonly string[]).includes(finding);
    assert.ok(known, `${at}: ${finding}:\n${example.join('\n')}`);
  }
  assert.deepEqual([...fine.findings.keys()].sort(), [...windows].sort(), `${at}: windows that are gone`);
  const binds = plan.tasks.some(({ does }) => does === 'unbind' || does === 'rebind');
  if (!binds && consumer.name.startsWith('freebsd') && consumer.abi === '2-level')
    assert.deepEqual([...fine.overtaking], [], `${at}: loads that may overtake a store`);
  if (coarse === undefined) return;
  const reached = [...fine.findings.keys()].filter(
    (finding) => !(plan.hidden as readonly string[] | undefined)?.includes(finding),
  );
  assert.deepEqual([...coarse.findings.keys()], reached, `${at}: what own turns hide`);
  for (const outcome of coarse.outcomes) assert.ok(fine.outcomes.has(outcome), `${at}: ${outcome}`);
  assert.ok(fine.orders >= coarse.orders && fine.states >= coarse.states, at);
}
