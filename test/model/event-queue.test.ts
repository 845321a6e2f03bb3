import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventQueue } from '../../src/model/event-queue.ts';

test('events leave in the order (cycle, priority, sequence), against a stable sort', () => {
  const event = fc.record({ cycle: fc.nat(5), priority: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 700 }), (events) => {
      const queue = new EventQueue();
      events.forEach((e, i) => {
        queue.push(e.cycle, e.priority, 0, i, 0);
      });
      const expected = events.map((e, i) => ({ ...e, i }));
      expected.sort((x, y) => x.cycle - y.cycle || x.priority - y.priority || x.i - y.i);
      for (const { cycle, i } of expected) {
        assert.equal(queue.cycle, cycle);
        assert.equal(queue.a, i);
        queue.pop();
      }
      assert.equal(queue.length, 0);
      assert.equal(queue.cycle, Number.POSITIVE_INFINITY);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('pushes between pops keep the order', () => {
  const queue = new EventQueue();
  queue.push(10, 0, 1, 0, 0);
  queue.push(5, 1, 2, 0, 0);
  queue.push(5, 0, 3, 0, 0);
  assert.equal(queue.kind, 3);
  queue.pop();
  queue.push(4, 9, 4, 0, 0);
  const kinds = [];
  while (queue.length > 0) {
    kinds.push(queue.kind);
    queue.pop();
  }
  assert.deepEqual(kinds, [4, 2, 1]);
});
