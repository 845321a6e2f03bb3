/** Putting histories together changes nothing that is found: compared with exploring them one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explore, Grain } from './explore.ts';
import { Merge } from './local-states.ts';
import { PAIRS } from './scenarios.ts';

/** Scenarios that are small enough for it, or on these consumers. */
const SMALL: Readonly<Record<string, RegExp>> = {
  'one word': /./,
  'one port': /freebsd|2l/,
  unmask: /freebsd-a|linux-2l/,
  'masking handler': /freebsd-a/,
  close: /./,
  'unmask, one sender': /./,
  'unbind, one sender': /./,
};

for (const { plan, consumer } of PAIRS) {
  const fits = SMALL[plan.name]?.test(consumer.name) === true;
  if (!fits || (plan.name === 'close' && consumer.abi === 'fifo')) continue;
  test(`${consumer.name}, ${plan.name}: as many orders, the same ends and findings with fewer states`, () => {
    const all = explore(consumer, plan, Grain.access, Merge.none);
    for (const merge of [Merge.learnt, Merge.used]) {
      const merged = explore(consumer, plan, Grain.access, merge);
      assert.equal(merged.orders, all.orders);
      assert.equal(merged.depth, all.depth);
      assert.deepEqual([...merged.outcomes].sort(), [...all.outcomes].sort());
      const orders = (of: typeof all) => [...of.findings].map(([name, finding]) => [name, finding.orders]);
      assert.deepEqual(orders(merged), orders(all));
      assert.ok(merged.states < all.states);
    }
  });
}
