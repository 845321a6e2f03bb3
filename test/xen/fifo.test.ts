/** Xen's side of the FIFO ABI: every transition of an event word, set_link with its BUSY protocol, the hypercalls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAlone } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { ModelBug } from '../../src/model/errors.ts';
import { Uncore } from '../../src/x86/coherence.ts';
import { Core, type Kernel } from '../../src/x86/core.ts';
import { Memory, PAGE_BYTES } from '../../src/x86/memory.ts';
import { SITES } from '../../src/x86/sites.ts';
import { ChannelKind } from '../../src/xen/abi.ts';
import { CONTROL_BLOCK, EVENT_WORD, WORDS_PER_PAGE } from '../../src/xen/abi-fifo.ts';
import { Domain } from '../../src/xen/domain.ts';
import { EventChannels } from '../../src/xen/event-channels.ts';
import { Fifo } from '../../src/xen/fifo.ts';
import { setLink } from '../../src/xen/fifo-link.ts';
import { FifoOps } from '../../src/xen/fifo-ops.ts';
import { EVTCHN_FIFO, QUEUE } from '../../src/xen/fifo-structs.ts';
import { EVTCHN } from '../../src/xen/layout.ts';
import { markUpcall } from '../../src/xen/mark.ts';
import { newEvtchnStats } from '../../src/xen/stats.ts';

const P = 1 << EVENT_WORD.pending;
const M = 1 << EVENT_WORD.masked;
const L = 1 << EVENT_WORD.linked;
const B = 1 << EVENT_WORD.busy;

/** A domain with the FIFO ABI and no guest: its memory is changed by hand. `horizon` 0 makes every access a step. */
function domainOf(vcpus = 2) {
  const { machine } = scenarioOf(DEFAULT_NAMES);
  const memory = new Memory(32);
  const infos = Array.from({ length: vcpus }, (_, i) => memory.place(`info ${i}`, 64, 64));
  const domain = new Domain(memory, vcpus, infos, 0xf3, 131_072);
  const horizon = { cycle: Number.POSITIVE_INFINITY };
  const uncore = new Uncore(machine, memory, 1);
  const core = new Core(machine, memory, uncore, horizon);
  core.sp = memory.place('stack', PAGE_BYTES, PAGE_BYTES) + PAGE_BYTES;
  const marks: number[] = [];
  const unmasked: number[] = [];
  const host = {
    pending: () => {},
    unmasked: (port: number) => void unmasked.push(port),
    closed: () => {},
  };
  const stats = newEvtchnStats();
  const marker = {
    *mark(core: Core, vcpu: number): Kernel {
      if (yield* markUpcall(core, domain.virtualCpus[vcpu]!, stats)) marks.push(vcpu);
    },
  };
  const gate = { *enter(): Kernel {}, *leave(): Kernel {} };
  const fifo = new Fifo(memory, domain, host, marker, stats);
  const channels = new EventChannels(domain, host, gate, fifo, stats);
  const ops = new FifoOps(channels, domain, fifo);
  core.begin(0);
  const blocks = infos.map(() => memory.place('control block', PAGE_BYTES, PAGE_BYTES));
  const run = <T>(kernel: Kernel<T>) => runAlone(kernel);
  const page = () => {
    const at = memory.place('event words', PAGE_BYTES, PAGE_BYTES);
    for (let w = 0; w < WORDS_PER_PAGE; w++) memory.poke32(at + 4 * w, M);
    run(ops.expandArray(core, at));
  };
  const word = (port: number) => memory.peek32(fifo.structs.word(port));
  const setWord = (port: number, value: number) => memory.poke32(fifo.structs.word(port), value);
  const ready = (vcpu = 0) => memory.peek32(blocks[vcpu]! + CONTROL_BLOCK.ready);
  const head = (priority = 7, vcpu = 0) => memory.peek32(blocks[vcpu]! + CONTROL_BLOCK.head + 4 * priority);
  const tail = (priority = 7, vcpu = 0) => memory.peek32(fifo.structs.queue(vcpu, priority) + QUEUE.tail);
  const lastq = (port: number) => memory.peek32(domain.channel(port) + EVTCHN_FIFO.lastq);
  const bind = (vcpu = 0) => run(channels.bind(core, ChannelKind.unbound, vcpu));
  const send = (port: number) => run(channels.setPending(core, port));
  const unmask = (port: number) => run(channels.unmask(core, port));
  /** Everything a guest needs before its first event: blocks, one page, and a port that is not masked. */
  const booted = (ports = 4) => {
    blocks.forEach((block, v) => void run(ops.initControl(core, v, block)));
    page();
    return Array.from({ length: ports }, () => {
      const port = bind();
      unmask(port);
      return port;
    });
  };
  return {
    memory,
    domain,
    core,
    channels,
    fifo,
    ops,
    blocks,
    marks,
    unmasked,
    horizon,
    run,
    page,
    word,
    setWord,
    ready,
    head,
    tail,
    lastq,
    bind,
    send,
    unmask,
    booted,
    stats: channels.stats,
  };
}

test('an event of an empty queue: PENDING, LINKED, head, tail, ready bit, upcall', () => {
  const x = domainOf();
  const [a] = x.booted();
  x.send(a!);
  assert.equal(x.word(a!), P | L);
  assert.deepEqual([x.head(), x.tail(), x.ready()], [a, a, 1 << 7]);
  assert.deepEqual(x.marks, [0]);
  assert.equal(x.memory.peek32(x.domain.vcpuInfo[0]!) & 0xff, 1);
});

test('events of one queue are linked behind each other and marked once', () => {
  const x = domainOf();
  const [a, b, c] = x.booted();
  for (const port of [b!, a!, c!]) x.send(port);
  assert.equal(x.word(b!), (P | L | a!) >> 0);
  assert.equal(x.word(a!), P | L | c!);
  assert.equal(x.word(c!), P | L);
  assert.deepEqual([x.head(), x.tail()], [b, c]);
  assert.deepEqual([x.marks.length, x.stats.appended, x.stats.marked], [1, 2, 1]);
});

test('each rung stops a send', () => {
  const x = domainOf();
  const [a, b] = x.booted();
  x.send(a!);
  x.send(a!);
  assert.deepEqual([x.stats.coalesced, x.stats.already_linked], [1, 1], 'pending and linked');
  x.setWord(a!, L);
  x.send(a!);
  assert.deepEqual([x.stats.coalesced, x.stats.already_linked], [1, 2], 'linked, not pending: a new event');
  assert.equal(x.word(a!), P | L);
  x.setWord(b!, M);
  x.send(b!);
  assert.deepEqual([x.word(b!), x.stats.masked], [P | M, 1], 'masked: stored, on no queue');
  // The guest takes the queue's only event, but has not looked at the ready bit yet.
  x.setWord(a!, 0);
  x.send(a!);
  assert.deepEqual([x.stats.ready_set, x.marks.length], [1, 1], 'new head, ready bit still set');
  // It has looked, and its upcall is still marked.
  x.setWord(a!, 0);
  x.memory.poke32(x.blocks[0]! + CONTROL_BLOCK.ready, 0);
  x.send(a!);
  assert.deepEqual([x.stats.upcall_set, x.marks.length], [1, 1], 'upcall already marked');
  assert.equal(x.stats.sends, 6);
});

test('a tail that was taken and comes again is the head of an empty queue, not its own successor', () => {
  const x = domainOf();
  const [a] = x.booted();
  x.send(a!);
  x.setWord(a!, 0);
  x.memory.poke32(x.blocks[0]! + CONTROL_BLOCK.ready, 0);
  x.memory.poke32(x.blocks[0]! + CONTROL_BLOCK.head + 4 * 7, 0);
  x.send(a!);
  assert.deepEqual([x.word(a!), x.head(), x.tail()], [P | L, a, a]);
});

test('an event that stays pending while it is unlinked is queued again by the next send', () => {
  const x = domainOf();
  const [a] = x.booted();
  x.send(a!);
  x.setWord(a!, P);
  x.send(a!);
  assert.equal(x.word(a!), P | L);
  assert.deepEqual([x.stats.coalesced, x.stats.already_linked], [1, 0]);
});

test('unmask clears MASKED, and raises only what is pending', () => {
  const x = domainOf();
  const [a] = x.booted();
  x.setWord(a!, M);
  x.unmask(a!);
  assert.deepEqual([x.word(a!), x.marks.length], [0, 0]);
  x.setWord(a!, M);
  x.send(a!);
  x.unmask(a!);
  assert.deepEqual([x.word(a!), x.head(), x.marks.length], [P | L, a, 1]);
  assert.deepEqual([x.stats.sends, x.stats.coalesced], [1, 0], 'an unmask is no send');
});

test('a priority is that of the next event, and a queue of its own', () => {
  const x = domainOf();
  const [a, b] = x.booted();
  x.run(x.ops.setPriority(x.core, a!, 0));
  x.run(x.ops.setPriority(x.core, b!, 15));
  x.send(b!);
  x.send(a!);
  assert.deepEqual([x.head(0), x.head(15), x.ready()], [a, b, 1 | (1 << 15)]);
  assert.deepEqual([x.lastq(a!), x.lastq(b!)], [0, 15]);
  assert.throws(() => x.run(x.ops.setPriority(x.core, a!, 16)), ModelBug);
});

test('a port that moves leaves its old queue without a tail', () => {
  const x = domainOf();
  const [a, b] = x.booted();
  x.send(a!);
  // Taken by the guest; Xen still has it as the tail of its queue.
  x.setWord(a!, 0);
  x.memory.poke32(x.domain.channel(a!) + EVTCHN.notifyVcpu, 1);
  x.send(a!);
  assert.deepEqual([x.tail(7, 0), x.tail(7, 1), x.head(7, 1)], [0, a, a]);
  assert.equal(x.lastq(a!), (1 << 16) | 7);
  assert.deepEqual(x.marks, [0, 1]);
  x.send(b!);
  assert.equal(x.word(a!) & EVENT_WORD.link, 0, 'nothing of the old queue hangs on it');
});

test('an event without a page is saved, once, and raised when the page comes', () => {
  const x = domainOf();
  x.blocks.forEach((block, v) => void x.run(x.ops.initControl(x.core, v, block)));
  const port = x.bind();
  x.send(port);
  x.send(port);
  assert.deepEqual([x.stats.sends, x.stats.coalesced, x.fifo.stillPending()], [2, 1, 1]);
  x.page();
  assert.deepEqual([x.word(port), x.fifo.stillPending()], [P | M, 1], 'words of a new page are masked');
  assert.deepEqual([x.stats.masked, x.stats.coalesced], [0, 1]);
  x.unmask(port);
  assert.equal(x.word(port), P | L);
});

test('without a control block an event is lost, and counted', () => {
  const x = domainOf();
  x.page();
  const port = x.bind();
  x.setWord(port, 0);
  x.send(port);
  assert.deepEqual([x.word(port), x.stats.unqueued, x.fifo.stillPending()], [0, 1, 0]);
});

test('close clears PENDING, and a port the guest may still meet is not handed out', () => {
  const x = domainOf();
  const [a, b] = x.booted();
  x.send(a!);
  x.run(x.channels.close(x.core, a!));
  assert.deepEqual([x.word(a!), x.stats.cancelled], [L, 1]);
  const next = x.bind();
  assert.ok(next !== a! && next > b!, 'busy');
  x.setWord(a!, M);
  assert.equal(x.bind(), a);
});

test('ports beyond those of the 2-level ABI', () => {
  const x = domainOf(1);
  x.booted(0);
  while (x.domain.validEvtchns < 9000) x.domain.addBucket();
  while (x.fifo.structs.ports < 9000) x.page();
  const port = 8500;
  x.memory.poke32(x.domain.channel(port) + EVTCHN.state, ChannelKind.interdomain);
  x.memory.view8[x.domain.channel(port) + EVTCHN_FIFO.priority] = 3;
  x.setWord(port, 0);
  x.send(port);
  assert.deepEqual([x.head(3), x.word(port)], [port, P | L]);
  const behind = 4097;
  x.memory.poke32(x.domain.channel(behind) + EVTCHN.state, ChannelKind.interdomain);
  x.memory.view8[x.domain.channel(behind) + EVTCHN_FIFO.priority] = 3;
  x.setWord(behind, 0);
  x.send(behind);
  assert.equal(x.word(port) & EVENT_WORD.link, behind);
});

test('the hypercalls refuse what Xen refuses', () => {
  const x = domainOf();
  const block = x.blocks[0]!;
  assert.throws(() => x.run(x.ops.initControl(x.core, 0, block + 4)), ModelBug, 'alignment');
  assert.throws(
    () => x.run(x.ops.initControl(x.core, 0, block + PAGE_BYTES - 64)),
    ModelBug,
    'crosses a page',
  );
  x.run(x.ops.initControl(x.core, 0, block + PAGE_BYTES - 72));
  assert.throws(() => x.run(x.ops.expandArray(x.core, block + 64)), ModelBug);
  assert.throws(() => x.run(x.ops.initControl(x.core, 0, block)), ModelBug, 'one each');
  // What breaks the model inside an operation leaves its lock held: another domain.
  const y = domainOf();
  for (let i = 0; i < 128; i++) y.run(y.ops.expandArray(y.core, y.blocks[0]!));
  assert.throws(() => y.run(y.ops.expandArray(y.core, y.blocks[0]!)), ModelBug, '128 pages');
});

/** set_link with a guest that changes the word at each stop of the kernel. */
function linking(first: number, changes: readonly number[]) {
  const { machine } = scenarioOf(DEFAULT_NAMES);
  const memory = new Memory(16);
  const core = new Core(machine, memory, new Uncore(machine, memory, 1), { cycle: 0 });
  core.begin(0);
  const word = memory.place('word', 64, 64);
  memory.poke32(word, first);
  const stats = newEvtchnStats();
  const kernel = setLink(core, memory, stats, word, 42, 0);
  let stops = 0;
  for (;;) {
    const step = kernel.next();
    if (step.done === true) return { linked: step.value, word: memory.peek32(word), stats, stops };
    const change = changes[stops++];
    if (change !== undefined) memory.poke32(word, change | (memory.peek32(word) & B));
  }
}

test('set_link: the link is set, kept out of an emptied queue, or set on a second look', () => {
  assert.deepEqual([linking(P | L, []).linked, linking(P | L, []).word], [true, P | L | 42]);
  const empty = linking(P, []);
  assert.deepEqual([empty.linked, empty.word], [false, P]);
  // Stops: before the read, before the compare, then BUSY, the read, a compare for each try.
  const masked = linking(P | L, [P | L, P | L | M]);
  assert.deepEqual([masked.linked, masked.word], [true, P | L | M | 42]);
  assert.equal(masked.word & B, 0, 'BUSY goes with the exchange');
  assert.equal(masked.stats.link_busy, 1);
  const taken = linking(P | L, [P | L, P | L | M, P | L, 0]);
  assert.deepEqual([taken.linked, taken.word], [false, 0], 'taken while BUSY: cleared again');
});

test('set_link: four changes under BUSY are absorbed, a guest that goes on changing is given up', () => {
  const flip = (i: number) => (i % 2 === 0 ? P | L : P | L | M);
  // Read, compare, BUSY, read, and three failing compares: the fourth meets what it saw.
  const late = linking(flip(0), [flip(0), flip(1), flip(1), flip(1), flip(0), flip(1), flip(0)]);
  assert.deepEqual([late.linked, late.word & EVENT_WORD.link, late.stats.link_failed], [true, 42, 0]);
  const never = linking(flip(0), [flip(0), flip(1), flip(1), flip(1), flip(0), flip(1), flip(0), flip(1)]);
  assert.deepEqual([never.linked, never.word & EVENT_WORD.link, never.stats.link_failed], [true, 0, 1]);
  assert.equal(never.word & B, 0);
});

/** A send that stops at every access; `at` runs before the n-th goes on. */
function stepping(x: ReturnType<typeof domainOf>, port: number, at: () => void): number {
  x.horizon.cycle = 0;
  const kernel = x.channels.setPending(x.core, port);
  for (let stop = 0; ; stop++) {
    if (kernel.next().done === true) {
      x.horizon.cycle = Number.POSITIVE_INFINITY;
      return stop;
    }
    at();
  }
}

test('a queue that changes between look and lock is looked up again; after three times the event is lost', () => {
  const x = domainOf();
  const [a, b] = x.booted();
  let priority = 7;
  const change = () => {
    priority = priority === 7 ? 3 : 7;
    x.memory.view8[x.domain.channel(a!) + EVTCHN_FIFO.priority] = priority;
  };
  // Once, after the queues were looked up: the event ends on the queue of the new priority.
  let changes = 0;
  const atLook = (most: number) => () => {
    if (SITES[x.core.atSite]!.what !== 'still both current?' || changes >= most) return;
    changes++;
    change();
  };
  stepping(x, a!, atLook(1));
  assert.deepEqual([x.head(3), x.stats.unqueued], [a, 0]);
  assert.equal(x.lastq(a!), 3);
  // Whenever it looks: given up, PENDING not set, locks free.
  x.setWord(a!, 0);
  stepping(x, a!, atLook(10));
  assert.equal(changes, 4, 'three looks more');
  assert.deepEqual([x.word(a!), x.stats.unqueued], [0, 1]);
  x.send(b!);
  assert.equal(x.head(7), b, 'the locks were given back');
});

test('freebsd-fifo and linux-fifo register a control block for each vCPU and no page before the first bind', () => {
  for (const guest of ['freebsd-fifo', 'linux-fifo']) {
    const { channels } = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest })).guest;
    assert.ok(channels.ops instanceof Fifo);
    assert.deepEqual([channels.ops.structs.ports, channels.stats.hypercalls], [0, 1], guest);
  }
});
