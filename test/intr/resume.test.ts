/** xen_intr_resume of generations A and C: what it does to isrcs and ports, in how many hypercalls (3.9). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVTCHN_TYPE, FLAG_MASKED, INVALID_EVTCHN } from '../../src/intr/layout.ts';
import { BindBench } from '../../src/lab/bind-bench.ts';
import { BIND_KINDS, type BindKind } from '../../src/lab/bind-kinds.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { SITES } from '../../src/x86/sites.ts';
import { Tape } from '../../src/x86/tape.ts';
import { Uop } from '../../src/x86/uop.ts';
import { ChannelKind, SHARED_INFO } from '../../src/xen/abi.ts';
import { EVTCHN } from '../../src/xen/layout.ts';

const kindOf = (name: string): BindKind => BIND_KINDS.find((k) => k.name === name)!;

/** Locked operations of FreeBSD's own code. */
class LockTape extends Tape {
  locks = 0;

  override begin(site: number, kind: number): void {
    if (kind === Uop.lock && SITES[site]!.file.startsWith('sys/')) this.locks++;
  }

  override issued(): void {}
  override end(): void {}
}

function guestOf(guest: string) {
  const bench = new BindBench(scenarioOf({ ...DEFAULT_NAMES, guest }), 2);
  const { kernel, memory, domain, channels, cpus } = bench.guest;
  const { os } = bench.guest.freeBsd;
  const { isrc: layout } = os.generation;
  const core = cpus[0]!.core;
  const bit = (base: number, port: number) => (memory.peek32(base + (port >>> 5) * 4) >>> (port & 31)) & 1;
  return {
    bench,
    bind: (name: string, to = 0) => {
      const { port } = bench.bind(kindOf(name), to);
      return { port, isrc: kernel.sourceOf(port) };
    },
    /** The domain is restored; `before` is what the toolstack opens for it first. */
    resume: (before: () => void = () => {}) => {
      bench.guest.restored();
      before();
      const calls = channels.stats.hypercalls;
      const tape = new LockTape();
      core.begin(core.now);
      core.tape = tape;
      bench.run(kernel.resume(0));
      core.tape = undefined;
      return { hypercalls: channels.stats.hypercalls - calls, locks: tape.locks };
    },
    unbindStale: (isrc: number) => {
      const calls = channels.stats.hypercalls;
      core.begin(core.now);
      bench.run(kernel.unbindStale(0, isrc));
      return channels.stats.hypercalls - calls;
    },
    /** What the toolstack opens: xenstore's and the console's channels. */
    open: (ports: readonly number[]) => {
      for (const port of ports) memory.poke32(domain.channel(port) + EVTCHN.state, ChannelKind.unbound);
    },
    portOf: (isrc: number) => memory.peek32(isrc + layout.port),
    cpuOf: (isrc: number) => memory.peek32(isrc + layout.cpu),
    masked: (port: number) => bit(domain.sharedInfo + SHARED_INFO.mask, port),
    enabled: (cpu: number, port: number) => bit(os.image.enabledWords(cpu), port),
    carriesMask: (isrc: number) => (memory.view8[isrc + layout.flags]! & FLAG_MASKED) !== 0,
    typeOf: (isrc: number) => memory.peek32(isrc + layout.type),
    source: (port: number) => kernel.sourceOf(port),
    domain,
  };
}

for (const guest of ['freebsd-a', 'freebsd-c']) {
  test(`${guest}: IPIs and VIRQs get new ports on their vCPUs, in two hypercalls each; the others wait`, () => {
    const g = guestOf(guest);
    const disk = g.bind('unbound-ithread', 1);
    const timers = [g.bind('virq', 0), g.bind('virq', 1)];
    const ipi = g.bind('ipi', 1);
    const user = g.bind('user', 0);
    const { hypercalls, locks } = g.resume();
    assert.equal(hypercalls, 2 * 3);
    // assign_cpu: its lock and three bits, without a hypercall.
    assert.equal(locks, 3 * (2 + 3));
    for (const [isrc, cpu, kind] of [
      [timers[0]!.isrc, 0, ChannelKind.virq],
      [timers[1]!.isrc, 1, ChannelKind.virq],
      [ipi.isrc, 1, ChannelKind.ipi],
    ] as const) {
      const port = g.portOf(isrc);
      assert.equal(g.source(port), isrc);
      assert.equal(g.cpuOf(isrc), cpu);
      assert.equal(g.domain.kindOf(port), kind);
      assert.equal(g.masked(port), 0);
      assert.deepEqual([g.enabled(0, port), g.enabled(1, port)], cpu === 0 ? [1, 0] : [0, 1]);
    }
    const none = guest === 'freebsd-a' ? 0 : INVALID_EVTCHN;
    assert.deepEqual([g.portOf(disk.isrc), g.portOf(user.isrc)], [none, none]);
    const mapped = Array.from({ length: 16 }, (_, port) => (g.source(port) === 0 ? 0 : port));
    assert.deepEqual(
      mapped.filter((port) => port !== 0),
      [1, 2, 3],
      'the lowest free ones, and no others',
    );
    for (const port of [4, 5, 100, 4095]) {
      assert.equal(g.masked(port), 1);
      assert.deepEqual([g.enabled(0, port), g.enabled(1, port)], [1, 0], 'as at boot');
    }
  });

  test(`${guest}: ports that others have in the new domain already: every isrc is bound once`, () => {
    const g = guestOf(guest);
    const sources = [0, 1, 0, 1, 0].map((cpu, i) => g.bind(i % 2 === 0 ? 'virq' : 'ipi', cpu).isrc);
    const { hypercalls } = g.resume(() => g.open([1, 2]));
    assert.equal(hypercalls, 2 * 5);
    const ports = sources.map(g.portOf);
    assert.deepEqual(
      [...ports].sort((a, b) => a - b),
      [3, 4, 5, 6, 7],
    );
    sources.forEach((isrc, i) => {
      assert.equal(g.source(ports[i]!), isrc);
      assert.equal(g.cpuOf(isrc), [0, 1, 0, 1, 0][i]);
    });
    // A goes by vectors. In C the first isrc gets port 3, whose isrc is next and gets 4, and so on; the second is left.
    if (guest === 'freebsd-a') assert.deepEqual(ports, [3, 4, 5, 6, 7]);
    else assert.deepEqual(ports, [3, 7, 4, 5, 6]);
    assert.deepEqual([g.source(1), g.source(2)], [0, 0]);
  });

  test(`${guest}: a driver gives a stale handle back without a close, and gets the isrc again`, () => {
    const g = guestOf(guest);
    const disk = g.bind('unbound');
    g.bind('virq');
    g.resume();
    assert.equal(g.typeOf(disk.isrc), EVTCHN_TYPE.port);
    assert.equal(g.unbindStale(disk.isrc), 0, 'nothing to close');
    // A has masked port 0, found it masked, and remembers: one unmask less. C does not look.
    assert.equal(g.carriesMask(disk.isrc), guest === 'freebsd-a');
    const again = g.bench.bind(kindOf('unbound'));
    assert.equal(again.hypercalls, guest === 'freebsd-a' ? 3 : 4);
    assert.equal(g.source(again.port), disk.isrc, 'reused');
    assert.equal(g.masked(again.port), 0);
  });

  test(`${guest}: with a thread the stale handle costs the thread an unmask of a port that is not there`, () => {
    const g = guestOf(guest);
    const disk = g.bind('unbound-ithread', 1);
    g.resume();
    assert.equal(g.unbindStale(disk.isrc), 1, 'the thread ends as after an event');
    assert.equal(g.carriesMask(disk.isrc), false);
    const again = g.bench.bind(kindOf('unbound-ithread'), 1);
    assert.equal(again.hypercalls, 4);
    assert.equal(g.source(again.port), disk.isrc);
  });

  test(`${guest}: resumed twice, it is as resumed once`, () => {
    const g = guestOf(guest);
    const sources = [g.bind('virq', 0), g.bind('ipi', 1), g.bind('virq', 1)].map((b) => b.isrc);
    g.resume();
    const once = sources.map((isrc) => [g.portOf(isrc), g.cpuOf(isrc)]);
    assert.equal(g.resume().hypercalls, 6);
    assert.deepEqual(
      sources.map((isrc) => [g.portOf(isrc), g.cpuOf(isrc)]),
      once,
    );
  });
}

test('A walks the isrcs, C the port table', () => {
  const cycles = (guest: string, idle: number) => {
    const g = guestOf(guest);
    g.bench.populate(idle);
    const core = g.bench.guest.cpus[0]!.core;
    const before = core.credited;
    g.resume();
    return core.credited - before;
  };
  const [a, c] = ['freebsd-a', 'freebsd-c'].map((guest) => cycles(guest, 2000) - cycles(guest, 10));
  assert.ok(a! > 1990 * 10, `${a} cycles for 1,990 isrcs`);
  // C's first pass writes to each isrc that has a port; without ports it only reads the table.
  assert.ok(cycles('freebsd-c', 0) > 2 * 4096, 'two passes over 4,096 slots');
  assert.ok(c! > 0);
});
