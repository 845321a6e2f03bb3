/** alloc-each gives back what it took: the list of events, the table of vectors, and memory, but not too early. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_EVTCHN_IRQ } from '../../src/intr/kernel-image.ts';
import { EVENT, INTSRC } from '../../src/intr/layout.ts';
import { HandlerKind } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { RandomStream } from '../../src/model/random.ts';
import type { Port } from '../../src/model/units.ts';
import { ChannelKind } from '../../src/xen/abi.ts';

function guestOf(guest: string, vcpus: number) {
  const scenario = scenarioOf({ ...DEFAULT_NAMES, guest, strategy: 'alloc-each' });
  const bench = new BenchGuest(scenario, vcpus);
  const { os, cpus } = bench.guest.freeBsd;
  const { core } = cpus[0]!;
  const { memory, portToIsrc } = os.image;
  return {
    os,
    memory,
    cyclesPerTick: scenario.machine.n.clockHz / 100,
    bind(handler: keyof typeof HandlerKind, after = 0): Port {
      core.begin(core.now + after);
      return bench.run(bench.guest.kernel.bind(0, ChannelKind.unbound, HandlerKind[handler], 0));
    },
    unbind(port: Port): void {
      core.begin(core.now);
      bench.run(bench.guest.kernel.unbind(0, port));
    },
    isrcOf: (port: Port) => memory.peek32(portToIsrc + 8 * port),
  };
}

for (const guest of ['freebsd-a', 'freebsd-c']) {
  test(`${guest}: the list of events and the table hold the bound ports and nothing else`, () => {
    const g = guestOf(guest, 1);
    const random = new RandomStream(3, 'alloc-each');
    const bound = new Set<Port>();
    for (let i = 0; i < 400; i++) {
      if (bound.size === 0 || random.below(100) < 52) bound.add(g.bind(i % 3 === 0 ? 'ithread' : 'filter'));
      else {
        const port = [...bound][random.below(bound.size)]!;
        g.unbind(port);
        bound.delete(port);
      }
      const events: number[] = [];
      let next = 0;
      for (let event = g.os.table.lastEvent; event !== 0; event = g.memory.peek32(event + 8)) {
        assert.equal(g.memory.peek32(event), next, 'the link forward leads to what was behind');
        events.push(event);
        next = event;
      }
      const isrcs = [...bound].map(g.isrcOf);
      const of = (isrc: number) => g.memory.peek32(isrc + INTSRC.event);
      assert.deepEqual([...events].sort(), isrcs.map(of).sort());
      for (const event of events) assert.ok(isrcs.includes(g.memory.peek32(event + EVENT.source)));
      const slots = Array.from({ length: g.os.table.count }, (_, n) => g.memory.peek32(g.os.table.slot(n)));
      assert.deepEqual(slots.filter((isrc) => isrc !== 0).sort(), [...isrcs].sort());
    }
    assert.ok(g.os.table.count < 100);
  });

  test(`${guest}: a threaded handler needs a new ithread each time`, () => {
    const g = guestOf(guest, 1);
    const threads = [1, 2].map(() => {
      const port = g.bind('ithread');
      const isrc = g.isrcOf(port);
      const thread = g.memory.peek32(g.memory.peek32(isrc + INTSRC.event) + EVENT.thread);
      assert.equal(g.memory.peek32(isrc + INTSRC.index), FIRST_EVTCHN_IRQ, 'the lowest vector');
      g.unbind(port);
      const filtered = g.bind('filter');
      const event = g.memory.peek32(g.isrcOf(filtered) + INTSRC.event);
      assert.equal(g.memory.peek32(event + EVENT.thread), 0, 'the next one has none');
      g.unbind(filtered);
      return thread;
    });
    assert.ok(threads.every((thread) => thread !== 0));
  });
}

test('with several vCPUs memory comes back after a tick, with one at once', () => {
  const isrcs = (vcpus: number, ticks: number) => {
    const g = guestOf('freebsd-c', vcpus);
    const first = g.bind('filter');
    const was = g.isrcOf(first);
    g.unbind(first);
    return [was, g.isrcOf(g.bind('filter', ticks * g.cyclesPerTick))];
  };
  const [one, again] = isrcs(1, 0);
  assert.equal(again, one);
  const [early, other] = isrcs(2, 0.9);
  assert.notEqual(other, early);
  const [late, same] = isrcs(2, 1.1);
  assert.equal(same, late);
});
