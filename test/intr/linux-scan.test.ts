/** Linux's scans: the test vectors of the fact sheet, the outer loop, priorities, and what masks and unmasks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HandlerKind, type HandlerKindCode, runAlone } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { plainCase, ScanBench } from '../../src/lab/scan.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { ChannelKind, type ChannelKindCode } from '../../src/xen/abi.ts';
import { QUEUES } from '../../src/xen/abi-fifo.ts';
import { EVTCHN_FIFO } from '../../src/xen/fifo-structs.ts';

const FIFO_GUESTS = ['linux-fifo', 'freebsd-fifo'];

const scan = (guest: string) => new ScanBench(scenarioOf({ ...DEFAULT_NAMES, guest }));

test('the eight vectors of the fact sheet on Xen, section 10.4: order and snapshots of Linux', () => {
  const bench = scan('linux-2l');
  const vectors: Array<[ports: number[], start: [number, number], order: number[], snapshots: number]> = [
    [[3, 10, 40], [0, 11], [40, 3, 10], 2],
    [[3, 10, 40], [0, 0], [3, 10, 40], 2],
    [[3, 70], [0, 4], [70, 3], 3],
    [[3, 66], [0, 4], [66, 3], 3],
    [[5, 66, 130], [1, 3], [130, 5, 66], 4],
    [[63, 64], [0, 0], [63, 64], 3],
    [[5, 69], [0, 6], [69, 5], 3],
    [[5, 69], [1, 6], [5, 69], 3],
  ];
  for (const [ports, start, order, snapshots] of vectors) {
    const r = bench.run(plainCase(ports, ...start), false);
    assert.deepEqual(
      [r.order, r.activeReads, r.stillPending],
      [order, snapshots, []],
      `${ports} from ${start}`,
    );
  }
});

test('the 2-level cursor is the position behind the port served last', () => {
  const bench = scan('linux-2l');
  assert.deepEqual(bench.run(plainCase([70]), false).cursor, { word: 1, bit: 7 });
  assert.deepEqual(bench.run(plainCase([127]), false).cursor, { word: 2, bit: 0 });
  assert.deepEqual(bench.run(plainCase([4095]), false).cursor, { word: 0, bit: 0 });
});

test('an arrival in the word under way waits for the next visit: one snapshot each', () => {
  const bench = scan('linux-2l');
  const arrivals = [{ during: 1, port: 9 }];
  const r = bench.run({ ...plainCase([3, 70], 1, 0), arrivals }, false);
  // Word 1 is begun with, word 0 comes second and is entered once: port 9 came before that.
  assert.deepEqual(r.order, [70, 3, 9]);
  const same = bench.run({ ...plainCase([70, 71], 1, 0), arrivals: [{ during: 1, port: 72 }] }, false);
  assert.deepEqual(same.order, [70, 71, 72], 'the word begun with is visited twice');
});

const active = fc.uniqueArray(fc.integer({ min: 1, max: 4095 }), { maxLength: 80 });

test('2-level, against a plain oracle: every selected, pending, unmasked, enabled port once', () => {
  const bench = scan('linux-2l');
  fc.assert(
    fc.property(active, active, active, fc.nat(63), fc.nat(63), (pending, masked, notEnabled, l1, l2) => {
      const r = bench.run({ ...plainCase(pending, l1, l2), masked, notEnabled }, false);
      const due = pending.filter((p) => !masked.includes(p) && !notEnabled.includes(p));
      const sorted = (xs: readonly number[]) => [...xs].sort((a, b) => a - b);
      assert.deepEqual(sorted(r.order), sorted(due));
    }),
    { seed: 12, numRuns: 60 },
  );
});

test('FIFO: within one priority events are served as they came, masked ones not', () => {
  for (const guest of FIFO_GUESTS) {
    const bench = scan(guest);
    fc.assert(
      fc.property(active, active, (pending, masked) => {
        const r = bench.run({ ...plainCase(pending), masked }, false);
        assert.deepEqual(
          r.order,
          pending.filter((p) => !masked.includes(p)),
          guest,
        );
        assert.equal(r.cursor, undefined);
      }),
      { seed: 13, numRuns: 25 },
    );
  }
});

test('FIFO: an arrival during the call is served behind those before it', () => {
  for (const guest of FIFO_GUESTS) {
    const bench = scan(guest);
    const r = bench.run({ ...plainCase([30, 20]), arrivals: [{ during: 1, port: 10 }] }, false);
    assert.deepEqual(r.order, [30, 20, 10], guest);
    const last = bench.run({ ...plainCase([30]), arrivals: [{ during: 1, port: 10 }] }, false);
    assert.deepEqual(last.order, [30, 10], 'the queue was empty: a new head');
  }
});

/** A guest whose ports are bound by hypercalls, with what a test needs of it. */
function guestOf(guest: string) {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest }), 1, 1);
  const { kernel, channels, cores, memory, domain } = bench.guest;
  const core = cores[0]!;
  const run = <T>(k: Parameters<typeof bench.run<T>>[0]): T => {
    core.begin(core.now);
    return bench.run(k);
  };
  const bind = (kind: ChannelKindCode = ChannelKind.unbound, handler: HandlerKindCode = HandlerKind.filter) =>
    run(kernel.bind(0, kind, handler, 0));
  const send = (port: number) => run(channels.setPending(core, port));
  /** From another core, while a handler runs. */
  const arrive = (port: number) => {
    const other = cores[1]!;
    other.begin(Math.max(other.now, core.now));
    runAlone(channels.setPending(other, port));
  };
  const upcall = () => {
    bench.order.length = 0;
    run(kernel.upcall(0, false));
    return [...bench.order];
  };
  const prioritise = (port: number, priority: number) => {
    memory.view8[domain.channel(port) + EVTCHN_FIFO.priority] = priority;
  };
  const threads = () =>
    run(
      (function* () {
        yield;
      })(),
    );
  return { bench, kernel, channels, memory, domain, run, bind, send, arrive, upcall, prioritise, threads };
}

test('FIFO: 16 priorities, the highest first, in the order of arrival within each', () => {
  for (const guest of FIFO_GUESTS) {
    const x = guestOf(guest);
    const ports = Array.from({ length: 2 * QUEUES }, () => x.bind());
    for (const [i, port] of ports.entries()) x.prioritise(port, QUEUES - 1 - (i % QUEUES));
    for (const port of ports) x.send(port);
    const byPriority = (p: number) => ports.filter((_, i) => QUEUES - 1 - (i % QUEUES) === p);
    assert.deepEqual(x.upcall(), Array.from({ length: QUEUES }, (_, p) => byPriority(p)).flat(), guest);
  }
});

test('FIFO: an event of a higher priority goes before those that wait, one of a lower does not', () => {
  for (const guest of FIFO_GUESTS) {
    const x = guestOf(guest);
    const [a, b, high, low] = Array.from({ length: 4 }, () => x.bind());
    x.prioritise(high!, 0);
    x.prioritise(low!, 15);
    x.send(a!);
    x.send(b!);
    x.bench.onHandler = (port) => {
      if (port !== a) return;
      x.arrive(low!);
      x.arrive(high!);
    };
    assert.deepEqual(x.upcall(), [a, high, b, low], guest);
    assert.deepEqual(x.upcall(), [], 'and nothing is left');
  }
});

test('Linux handles events until the upcall flag stays clear; FreeBSD leaves it to the next upcall', () => {
  for (const [guest, order] of [
    ['linux-2l', [1, 2]],
    ['linux-fifo', [1, 2]],
    ['freebsd-c', [1]],
  ] as const) {
    const x = guestOf(guest);
    const [a, b] = [x.bind(), x.bind()];
    x.send(a);
    // The last thing the scan does is to serve a: in a word of its own, b would need another turn.
    x.bench.onHandler = (port) => {
      if (port === a) x.bench.onHandler = () => {};
      if (port === a) x.arrive(b);
    };
    const served = x.upcall();
    const left = x.memory.peek32(x.domain.vcpuInfo[0]!) & 0xff;
    if (guest === 'freebsd-c') assert.equal(left, 1, 'still marked');
    else assert.deepEqual([served, left], [order, 0], guest);
  }
});

test('VIRQ_TIMER goes first on Linux with the 2-level ABI', () => {
  const x = guestOf('linux-2l');
  const [a, b] = [x.bind(), x.bind()];
  const timer = x.bind(ChannelKind.virq);
  for (const port of [a, b, timer]) x.send(port);
  assert.deepEqual(x.upcall(), [timer, a, b]);
  x.run(x.kernel.unbind(0, timer));
  x.send(a);
  assert.deepEqual(x.upcall(), [a]);
});

test('Linux: a plain event costs no hypercall; a lateeoi one is masked until its end, which needs one if it came again', () => {
  for (const guest of ['linux-2l', 'linux-fifo']) {
    const x = guestOf(guest);
    const plain = x.bind();
    const late = x.bind(ChannelKind.unbound, HandlerKind.ithread);
    const user = x.bind(ChannelKind.unbound, HandlerKind.user);
    const { stats } = x.channels;
    const unmasks = () => stats.unmasks;
    const before = unmasks();
    x.send(plain);
    x.send(late);
    x.send(user);
    assert.deepEqual(x.upcall(), [plain, late, user], guest);
    x.threads();
    x.run(x.kernel.userWrites(0, user));
    assert.equal(unmasks(), before, 'unmasked locally');
    x.send(late);
    x.upcall();
    const masked = stats.masked;
    x.send(late);
    assert.equal(stats.masked, masked + 1, 'masked until the thread has run');
    x.threads();
    assert.equal(unmasks(), before + 1, 'pending: by hypercall');
    assert.deepEqual(x.upcall(), [late]);
    assert.equal(x.kernel.servedByUser(user), true);
    assert.equal(x.kernel.servedByUser(late), false);
  }
});

test('freebsd-fifo unmasks by hypercall, whatever is pending', () => {
  const x = guestOf('freebsd-fifo');
  const port = x.bind(ChannelKind.unbound, HandlerKind.ithread);
  const before = x.channels.stats.unmasks;
  x.send(port);
  assert.deepEqual(x.upcall(), [port]);
  x.threads();
  assert.equal(x.channels.stats.unmasks, before + 1);
});
