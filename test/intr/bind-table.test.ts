/**
 * Binds and unbinds, counted: hypercalls and locked operations by kind, generation, and whether the isrc is new or
 * another's before, against the fact sheet on FreeBSD (3.2 to 3.7). What each number is made of stands beside it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT, FLAG_CLOSE, FLAG_MASKED, INTSRC } from '../../src/intr/layout.ts';
import { BindBench, type BindCost, partsOf, stagesOf } from '../../src/lab/bind-bench.ts';
import { BIND_KINDS, type BindKind } from '../../src/lab/bind-kinds.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Core } from '../../src/x86/core.ts';
import { SITES } from '../../src/x86/sites.ts';
import { Tape } from '../../src/x86/tape.ts';
import { Uop } from '../../src/x86/uop.ts';

/** The generations, each with the strategy it has. */
const GENERATIONS = [
  { guest: 'freebsd-a', strategy: 'linear' },
  { guest: 'freebsd-c', strategy: 'slist' },
];

/** Functions of the thread that removes a handler: what they lock is not the caller's. */
const ITHREAD = ['ithread_loop', 'ithread_execute_handlers'];

/** Counts locked operations of the guest's own code, by function, and keeps nothing else. */
class LockTape extends Tape {
  guest = 0;
  ithread = 0;
  readonly byStage = new Map<string, number>();

  override begin(site: number, kind: number): void {
    if (kind !== Uop.lock) return;
    const { file, fn, what } = SITES[site]!;
    if (!file.startsWith('sys/')) {
      this.byStage.set(`${fn}: ${what}`, (this.byStage.get(`${fn}: ${what}`) ?? 0) + 1);
      return;
    }
    if (ITHREAD.includes(fn)) this.ithread++;
    else this.guest++;
  }

  override issued(): void {}
  override end(): void {}
}

function benchOf({ guest, strategy }: (typeof GENERATIONS)[number]) {
  return new BindBench(scenarioOf({ ...DEFAULT_NAMES, guest, strategy }), 2);
}

/** What was done, with the locked operations that were counted meanwhile. */
function counted(bench: BindBench, work: () => BindCost) {
  const core: Core = bench.guest.cpus[0]!.core;
  const tape = new LockTape();
  core.tape = tape;
  const cost = work();
  core.tape = undefined;
  return { cost, tape };
}

/** Steps 1 to 3 on the reuse path: A locks xen_intr_isrc_lock once, C each of its two locks. */
const TAKE: Readonly<Record<string, number>> = { 'freebsd-a': 2, 'freebsd-c': 4 };
/** A new isrc: event_lock 2, intrsrc_lock 2, intrcnt_lock 1; A gives the isrc lock back meanwhile. */
const CREATE: Readonly<Record<string, number>> = { 'freebsd-a': 2 + 5, 'freebsd-c': 5 };
/** intr_add_handler: ie_lock 2, intrsrc_lock 2. */
const HANDLER = 4;
/** The lock, and the mask bit. */
const ASSIGN = 2 + 1;
/** The bits of the old and the new CPU. */
const MOVE = 2;
/** icu_lock: a spin mutex is released by a plain store. */
const NEXT_CPU = 1;
/** intr_event_bind: intrsrc_lock. */
const EVENT_BIND = 2;

/** By kind: hypercalls of a bind to CPU 0 and to CPU 1, and the locked operations of its assignment there. */
const BINDS: Readonly<
  Record<string, readonly [zero: number, one: number, assign0: number, assign1: number]>
> = {
  // 1 + bind_vcpu + 2 unmask.
  interdomain: [4, 4, NEXT_CPU + ASSIGN, NEXT_CPU + ASSIGN + MOVE],
  'interdomain-ithread': [4, 4, NEXT_CPU + ASSIGN, NEXT_CPU + ASSIGN + MOVE],
  unbound: [4, 4, NEXT_CPU + ASSIGN, NEXT_CPU + ASSIGN + MOVE],
  'unbound-ithread': [4, 4, NEXT_CPU + ASSIGN, NEXT_CPU + ASSIGN + MOVE],
  // 1 + 2 unmask + 1 unmask of the assignment, which finds the port unmasked.
  virq: [4, 4, EVENT_BIND + ASSIGN + MOVE, EVENT_BIND + ASSIGN + MOVE],
  'virq-ithread': [4, 4, EVENT_BIND + ASSIGN + MOVE, EVENT_BIND + ASSIGN + MOVE],
  // The same, but on CPU 0 it is where it should be.
  ipi: [3, 4, 0, ASSIGN + MOVE],
  // The evtchn device assigns before it adds the handler: the port is masked then.
  user: [4, 4, NEXT_CPU + ASSIGN, NEXT_CPU + ASSIGN + MOVE],
  'user-virq': [3, 3, EVENT_BIND + ASSIGN + MOVE, EVENT_BIND + ASSIGN + MOVE],
  // Somebody else has opened the channel.
  local: [3, 3, NEXT_CPU + ASSIGN, NEXT_CPU + ASSIGN + MOVE],
};

/** Locked operations of an unbind: the reference 3, the handler, the release. */
const UNBIND = {
  /** ie_lock 2, fence 1, intrsrc_lock 2, mask 2. */
  filter: 3 + 2 + 1 + 2 + 2,
  /** ie_lock 4 with the sleep, thread_lock 1, intrsrc_lock 2, mask 2. */
  ithread: 3 + 4 + 1 + 2 + 2,
  /** isrc lock 2, mask, pending, two enabled bits; C's second lock. */
  release: { 'freebsd-a': 2 + 4, 'freebsd-c': 2 + 4 + 2 } as Readonly<Record<string, number>>,
};

test('every kind of bind is in the table', () => {
  assert.deepEqual(Object.keys(BINDS).sort(), BIND_KINDS.map((k) => k.name).sort());
});

for (const generation of GENERATIONS) {
  const { guest } = generation;
  for (const kind of BIND_KINDS) {
    test(`${guest}, ${kind.name}: hypercalls and locked operations, on a new isrc and on another's`, () => {
      const [zero, one, assign0, assign1] = BINDS[kind.name]!;
      for (const [to, hypercalls, assign] of [
        [0, zero, assign0],
        [1, one, assign1],
      ] as const) {
        const bench = benchOf(generation);
        const fresh = counted(bench, () => bench.bind(kind, to));
        assert.equal(fresh.cost.hypercalls, hypercalls, `to ${to}`);
        assert.equal(fresh.tape.guest, TAKE[guest]! + CREATE[guest]! + HANDLER + assign, `new, to ${to}`);
        const threaded = kind.name.endsWith('ithread') || kind.local || kind.name.startsWith('user');
        const gone = counted(bench, () => bench.unbind(fresh.cost.port));
        assert.equal(gone.cost.hypercalls, kind.local ? 0 : 1, 'close, of what was opened');
        // The thread that removes the handler ends as after an event: it unmasks the port.
        assert.equal(gone.cost.ithreadHypercalls, threaded ? 1 : 0);
        assert.equal(gone.tape.guest, (threaded ? UNBIND.ithread : UNBIND.filter) + UNBIND.release[guest]!);
        const again = counted(bench, () => bench.bind(kind, to));
        assert.equal(bench.guest.freeBsd.os.table.count, 1, 'no second isrc');
        assert.equal(again.cost.hypercalls, hypercalls, `reused, to ${to}`);
        assert.equal(again.tape.guest, TAKE[guest]! + HANDLER + assign, `reused, to ${to}`);
      }
    });
  }

  const kindOf = (name: string): BindKind => BIND_KINDS.find((k) => k.name === name)!;
  const isrcOf = (bench: BindBench, port: number) => {
    const { image } = bench.guest.freeBsd.os;
    return image.memory.peek32(image.portToIsrc + 8 * port);
  };

  test(`${guest}: a filter on an isrc that had a thread is removed by that thread`, () => {
    const bench = benchOf(generation);
    const first = bench.bind(kindOf('unbound-ithread'));
    bench.unbind(first.port);
    const filter = bench.bind(kindOf('unbound'));
    const gone = counted(bench, () => bench.unbind(filter.port));
    assert.equal(gone.tape.guest, UNBIND.ithread + UNBIND.release[guest]!);
    assert.ok(gone.cost.ithreadCycles > 0);
    assert.equal(gone.cost.ithreadHypercalls, 1);
    const plain = benchOf(generation);
    const never = plain.unbind(plain.bind(kindOf('unbound')).port);
    assert.equal(never.ithreadCycles, 0, 'no thread was ever there');
  });

  test(`${guest}: the thread of an isrc is made once, whatever is bound to it later`, () => {
    const bench = benchOf(generation);
    const { memory } = bench.guest;
    const threadOf = (port: number) =>
      memory.peek32(memory.peek32(isrcOf(bench, port) + INTSRC.event) + EVENT.thread);
    const first = bench.bind(kindOf('unbound-ithread'));
    const thread = threadOf(first.port);
    assert.notEqual(thread, 0);
    bench.unbind(first.port);
    const filter = bench.bind(kindOf('virq'));
    assert.equal(threadOf(filter.port), thread);
    bench.unbind(filter.port);
    const last = bench.bind(kindOf('interdomain-ithread'));
    assert.equal(threadOf(last.port), thread);
    const { threadCreateCycles } = bench.guest.freeBsd.os.lumps;
    assert.ok(first.cycles - last.cycles > threadCreateCycles);
  });

  test(`${guest}: unbound while its user has it masked, a port leaves xi_masked and saves the next an unmask`, () => {
    const bench = benchOf(generation);
    const { guest: host } = bench;
    const { channels, kernel, cpus, memory } = host;
    const core = cpus[0]!.core;
    const user = bench.bind(kindOf('user'));
    const isrc = isrcOf(bench, user.port);
    core.begin(core.now);
    bench.run(channels.send(core, user.port));
    bench.run(kernel.upcall(0, false));
    const gone = bench.unbind(user.port);
    assert.equal(gone.ithreadHypercalls, 0, 'the thread leaves the port as its user has it');
    const flags = () => memory.view8[isrc + host.freeBsd.os.generation.isrc.flags]!;
    assert.equal(flags() & FLAG_MASKED, FLAG_MASKED, 'carried over');
    assert.equal(bench.bind(kindOf('unbound')).hypercalls, 3, '1 + bind_vcpu + 1 unmask');
    assert.equal(flags() & FLAG_MASKED, FLAG_MASKED, 'a bind does not touch it');
  });

  test(`${guest}: xi_close is the last caller's`, () => {
    const bench = benchOf(generation);
    const flags = (port: number) =>
      bench.guest.memory.view8[isrcOf(bench, port) + bench.guest.freeBsd.os.generation.isrc.flags]! &
      FLAG_CLOSE;
    const own = bench.bind(kindOf('unbound'));
    assert.equal(flags(own.port), FLAG_CLOSE);
    bench.unbind(own.port);
    const local = bench.bind(kindOf('local'));
    assert.equal(flags(local.port), 0);
  });

  test(`${guest}: the counters of an isrc are two words of intrcnt[] in the order of creation, for ever`, () => {
    const bench = benchOf(generation);
    const { memory } = bench.guest;
    const { image } = bench.guest.freeBsd.os;
    const ports = [0, 1, 2].map(() => bench.bind(kindOf('unbound')).port);
    const counter = (port: number) => memory.peek32(isrcOf(bench, port) + INTSRC.count) - image.intrcnt;
    assert.deepEqual(ports.map(counter), [8, 24, 40]);
    const isrc = isrcOf(bench, ports[1]!);
    bench.unbind(ports[1]!);
    const again = bench.bind(kindOf('virq')).port;
    assert.equal(isrcOf(bench, again), isrc);
    assert.equal(counter(again), 24);
  });

  test(`${guest}: a bind is its stages, and Xen's search for a port grows with the ports that are live`, () => {
    const few = benchOf(generation).settled(64, 63).bind;
    const many = benchOf(generation).settled(1024, 1023).bind;
    for (const cost of [few, many]) {
      const { find, portSearch, hypercalls, guest: rest } = partsOf(cost);
      assert.equal(find + portSearch + hypercalls + rest, cost.cycles);
      assert.ok(Math.min(find, portSearch, hypercalls, rest) > 0);
      assert.equal(
        stagesOf(cost).reduce((n, s) => n + s.cycles, 0),
        cost.cycles,
      );
    }
    const grown = partsOf(many).portSearch - partsOf(few).portSearch;
    assert.ok(grown > 960 && grown < 960 * 5, `${grown} cycles for 960 ports`);
    assert.ok(Math.abs(partsOf(many).hypercalls - partsOf(few).hypercalls) < 300);
  });
}

test("Xen's locks: of both domains and both ends for an interdomain channel, of the VIRQ when one is closed", () => {
  const bench = benchOf(GENERATIONS[1]!);
  const locks = (kind: string) => {
    const made = counted(bench, () => bench.bind(BIND_KINDS.find((k) => k.name === kind)!));
    const gone = counted(bench, () => bench.unbind(made.cost.port));
    const of = ({ tape }: typeof made) => tape.byStage.get('_write_lock: nobody else, or wait');
    return [of(made), of(gone)];
  };
  // event_lock twice (bind, bind_vcpu), channel; the other domain's, the other end. A close has no bind_vcpu.
  assert.deepEqual(locks('interdomain'), [5, 4]);
  // Whoever sends to it has bound to it when it is closed.
  assert.deepEqual(locks('unbound'), [3, 4]);
  assert.deepEqual(locks('virq'), [2, 3], 'event_lock and channel; virq_lock');
  assert.deepEqual(locks('ipi'), [2, 2]);
});
