/** Xen's side: the ladder of a send, unmask, close, and the search for a port. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandlerKind, runAlone } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { ChannelKind, SHARED_INFO, VCPU_INFO } from '../../src/xen/abi.ts';
import { EVENT_WORD } from '../../src/xen/abi-fifo.ts';
import { Fifo } from '../../src/xen/fifo.ts';

function bench() {
  const b = new BenchGuest(scenarioOf(DEFAULT_NAMES));
  const { guest } = b;
  const { core } = guest.cpus[0]!;
  const { channels, memory, domain } = guest;
  core.begin(0);
  const bind = () => runAlone(channels.bind(core, ChannelKind.unbound, 0));
  const bit = (array: number, port: number) => {
    const word = domain.sharedInfo + array + (port >>> 5) * 4;
    return {
      get: () => (memory.peek32(word) >>> (port & 31)) & 1,
      set: (v: number) => {
        const mask = 1 << (port & 31);
        memory.poke32(word, v === 1 ? memory.peek32(word) | mask : memory.peek32(word) & ~mask);
      },
    };
  };
  const info = domain.vcpuInfo[0]!;
  const flags = () => [
    memory.peek32(info + VCPU_INFO.pendingSel),
    memory.peek32(info + VCPU_INFO.upcallPending) & 0xff,
  ];
  return { b, core, channels, memory, info, bind, bit, flags, stats: channels.stats };
}

test('each rung of the ladder stops a send, and only the last marks', () => {
  const x = bench();
  const port = x.bind();
  x.bit(SHARED_INFO.mask, port).set(0);
  const send = () => runAlone(x.channels.setPending(x.core, port));
  send();
  assert.deepEqual([x.stats.marked, ...x.flags()], [1, 1, 1]);
  send();
  assert.equal(x.stats.coalesced, 1, 'pending already');
  x.bit(SHARED_INFO.pending, port).set(0);
  send();
  assert.equal(x.stats.selector_set, 1, 'selector bit already set');
  x.bit(SHARED_INFO.pending, port).set(0);
  x.memory.poke64(x.info + VCPU_INFO.pendingSel, 0);
  send();
  assert.equal(x.stats.upcall_set, 1, 'upcall already marked');
  x.bit(SHARED_INFO.pending, port).set(0);
  x.bit(SHARED_INFO.mask, port).set(1);
  send();
  assert.equal(x.stats.masked, 1, 'masked');
  assert.equal(x.stats.sends, 5);
  assert.equal(x.stats.marked, 1);
});

test('unmask raises a port that is pending, and does nothing to one that is not masked', () => {
  const x = bench();
  const port = x.bind();
  runAlone(x.channels.setPending(x.core, port));
  assert.equal(x.stats.marked, 0, 'fresh ports are masked');
  runAlone(x.channels.unmask(x.core, port));
  assert.deepEqual([x.stats.marked, x.bit(SHARED_INFO.mask, port).get()], [1, 0]);
  x.memory.poke64(x.info + VCPU_INFO.pendingSel, 0);
  x.memory.poke64(x.info + VCPU_INFO.upcallPending, 0);
  runAlone(x.channels.unmask(x.core, port));
  assert.equal(x.stats.marked, 1, 'the mask bit was clear: nothing is looked at');
});

test('ports are handed out lowest first, the search costs more the more are live, and close frees one', () => {
  const x = bench();
  const cost = () => {
    x.core.begin(x.core.now);
    const port = x.bind();
    return { port, cycles: x.core.spent() };
  };
  const costs = Array.from({ length: 120 }, cost);
  assert.deepEqual(
    costs.map((c) => c.port),
    Array.from({ length: 120 }, (_, i) => i + 1),
  );
  const late = costs.slice(100, 120).reduce((n, c) => n + c.cycles, 0);
  const early = costs.slice(20, 40).reduce((n, c) => n + c.cycles, 0);
  assert.ok(late > early);
  runAlone(x.channels.close(x.core, 17));
  runAlone(x.channels.close(x.core, 60));
  assert.deepEqual([cost().port, cost().port, cost().port], [17, 60, 121]);
});

test('close clears what is pending and counts it', () => {
  const x = bench();
  const port = x.bind();
  runAlone(x.channels.setPending(x.core, port));
  runAlone(x.channels.close(x.core, port));
  assert.equal(x.bit(SHARED_INFO.pending, port).get(), 0);
  assert.equal(x.stats.cancelled, 1);
});

test('a freshly bound interdomain channel is pending behind its mask', () => {
  const x = bench();
  const port = runAlone(x.channels.bind(x.core, ChannelKind.interdomain, 0));
  assert.equal(x.bit(SHARED_INFO.pending, port).get(), 1);
  assert.equal(x.stats.masked, 1);
});

test('FIFO: an event consumed while its unmask is under way becomes pending once more, and is counted', () => {
  const b = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest: 'freebsd-fifo' }));
  const { guest, horizon } = b;
  const { ops, stats } = guest.channels;
  assert.ok(ops instanceof Fifo);
  const { core } = guest.cpus[0]!;
  core.begin(0);
  const port = runAlone(guest.kernel.bind(0, ChannelKind.unbound, HandlerKind.filter, 0));
  const word = ops.structs.word(port);
  const pendingBehindMask = (1 << EVENT_WORD.pending) | (1 << EVENT_WORD.masked) | 0;
  const unmask = (consumed: boolean) => {
    guest.memory.poke32(word, pendingBehindMask);
    // Every access to a shared word is a step: the event is consumed behind the test of PENDING.
    horizon.cycle = 0;
    const kernel = ops.unmask(core, port, guest.domain.channel(port));
    for (let step = 1; kernel.next().done !== true; step++) {
      if (consumed && step === 3) guest.memory.poke32(word, 0);
    }
    return [stats.repeated, guest.memory.peek32(word) < 0];
  };
  assert.deepEqual(unmask(false), [0, true]);
  assert.deepEqual(unmask(true), [1, true]);
});
