/** Binds and unbinds: hypercalls as the fact sheet counts them (FreeBSD, 3.6 and 3.7), and what is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRATEGIES } from '../../src/intr/alloc/strategies.ts';
import { EVENT, FLAG_MASKED, INTSRC } from '../../src/intr/layout.ts';
import { HandlerKind, type HandlerKindCode } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { ChannelKind, type ChannelKindCode, SHARED_INFO } from '../../src/xen/abi.ts';

const GUESTS = ['freebsd-a', 'freebsd-c'];

function guestOf(guest: string, strategy = 'slist') {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest, strategy }));
  const { channels, memory, domain } = bench.guest;
  const { os, cpus } = bench.guest.freeBsd;
  const cpu = cpus[0]!;
  const { stats } = channels;
  const bind = (kind: ChannelKindCode, handler: HandlerKindCode = HandlerKind.filter) => {
    const before = stats.hypercalls;
    cpu.core.begin(cpu.core.now);
    const port = bench.run(os.generation.bind(os, cpu, kind, handler, 0));
    return { port, hypercalls: stats.hypercalls - before };
  };
  const unbind = (port: number) => {
    const before = stats.hypercalls;
    cpu.core.begin(cpu.core.now);
    bench.run(os.generation.unbind(os, cpu, port));
    return stats.hypercalls - before;
  };
  const bit = (array: number, port: number) =>
    (memory.peek32(domain.sharedInfo + array + (port >>> 5) * 4) >>> (port & 31)) & 1;
  const isrcOf = (port: number) => memory.peek32(os.image.portToIsrc + 8 * port);
  return { bench, os, cpu, bind, unbind, bit, isrcOf, memory, stats };
}

for (const guest of GUESTS) {
  test(`${guest}: hypercalls of a bind by kind, on fresh isrcs`, () => {
    const g = guestOf(guest);
    assert.equal(g.bind(ChannelKind.interdomain).hypercalls, 4, '1 + bind_vcpu + 2 unmask');
    assert.equal(g.bind(ChannelKind.unbound).hypercalls, 4);
    assert.equal(g.bind(ChannelKind.virq).hypercalls, 4, '1 + 2 unmask + 1 unmask of the assignment');
    assert.equal(g.bind(ChannelKind.ipi).hypercalls, 3, 'already assigned to CPU 0');
  });

  test(`${guest}: an unbind makes one hypercall, and the port can be bound again`, () => {
    const g = guestOf(guest);
    const { port } = g.bind(ChannelKind.unbound);
    assert.equal(g.unbind(port), 1);
    assert.equal(g.isrcOf(port), 0);
    assert.equal(g.bit(SHARED_INFO.mask, port), 1);
    assert.equal(g.bind(ChannelKind.unbound).port, port, 'the lowest free port');
  });

  test(`${guest}: a bound port is unmasked, enabled, and served by an isrc that knows it`, () => {
    const g = guestOf(guest);
    const { port } = g.bind(ChannelKind.virq);
    const isrc = g.isrcOf(port);
    assert.equal(g.bit(SHARED_INFO.mask, port), 0);
    assert.equal(g.memory.peek32(isrc + g.os.generation.isrc.port), port);
    assert.equal(g.memory.peek32(isrc + g.os.generation.isrc.refcount), 1);
    const event = g.memory.peek32(isrc + INTSRC.event);
    assert.notEqual(g.memory.peek32(event + EVENT.handlers), 0);
  });

  test(`${guest}: a recycled isrc keeps its ithread, so the second threaded bind is cheaper`, () => {
    const g = guestOf(guest);
    const cost = () => {
      g.cpu.core.begin(g.cpu.core.now);
      const before = g.cpu.core.credited;
      const port = g.bench.run(
        g.os.generation.bind(g.os, g.cpu, ChannelKind.unbound, HandlerKind.ithread, 0),
      );
      return { port, cycles: g.cpu.core.credited - before };
    };
    const first = cost();
    g.unbind(first.port);
    const second = cost();
    assert.ok(first.cycles - second.cycles > g.os.lumps.threadCreateCycles);
    assert.equal(g.os.table.count, 1, 'no second isrc');
  });

  test(`${guest}: xi_masked survives reuse, so a recycled isrc can need one unmask less`, () => {
    const g = guestOf(guest);
    const { port } = g.bind(ChannelKind.unbound);
    const flags = g.isrcOf(port) + g.os.generation.isrc.flags;
    g.memory.view8[flags]! |= FLAG_MASKED;
    const isrc = g.isrcOf(port);
    g.unbind(port);
    g.memory.view8[isrc + g.os.generation.isrc.flags]! |= FLAG_MASKED;
    assert.equal(g.bind(ChannelKind.unbound).hypercalls, 3);
  });
}

test('every strategy serves the same ports in the same state after the same binds and unbinds', () => {
  const states = STRATEGIES.flatMap((strategy) =>
    GUESTS.map((guest) => {
      const g = guestOf(guest, strategy.name);
      const ports = Array.from({ length: 12 }, () => g.bind(ChannelKind.unbound).port);
      for (const port of [ports[3]!, ports[7]!, ports[1]!]) g.unbind(port);
      const again = [g.bind(ChannelKind.interdomain).port, g.bind(ChannelKind.virq).port];
      const bound = Array.from({ length: 16 }, (_, p) => (g.isrcOf(p) === 0 ? 0 : 1));
      return JSON.stringify({ ports, again, bound, isrcs: g.os.table.count });
    }),
  );
  assert.equal(new Set(states).size, 1);
});
