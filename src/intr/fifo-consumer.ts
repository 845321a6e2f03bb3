/**
 * The consumer of the FIFO ABI: which event is next, and how it leaves its queue (fact sheet on Xen, 10.3, from
 * drivers/xen/events/events_fifo.c of Linux at 067e2601d3c0). FreeBSD's what-if has the same.
 *
 * After every event the ready bits are taken again, so that an event of a higher priority goes first.
 */
import type { Addr, Port, Ready } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import type { CodeFunction } from '../x86/sites.ts';
import { lowestBit32 } from '../x86/word64.ts';
import { CONTROL_BLOCK, EVENT_WORD } from '../xen/abi-fifo.ts';
import type { FifoArea } from './fifo-area.ts';
import type { GuestCpu } from './guest-kernel.ts';

/** Sites of the consumer in the functions of one operating system. */
export function consumerSites(handle: CodeFunction, consume: CodeFunction) {
  return {
    ready: handle.site('exchange of ready', 4),
    more: handle.site('ready empty?', 3),
    queue: handle.site('highest priority that is ready', 6),
    head: consume.site('private head of the queue', 8),
    shared: consume.site('head in the control block', 3),
    word: consume.site('event word of the port', 6),
    unlink: consume.site('clear LINKED and LINK', 8),
    last: consume.site('last of its queue?', 6),
    active: consume.site('PENDING and not MASKED?', 8),
    next: consume.site('store the private head', 3),
    again: handle.site('take ready again', 4),
  };
}

/** One operating system's consumer. */
export interface FifoConsumer {
  readonly at: ReturnType<typeof consumerSites>;
  readonly area: FifoArea;
  readonly memory: Memory;
  /** Handles a port that is pending and not masked; clearing PENDING is part of it. */
  serve(port: Port, tPort: Ready): Kernel;
}

/** A CPU that counts the event words it looks at. */
export interface ConsumingCpu extends GuestCpu {
  evaluations: number;
}

/** Bytes of the local copy of `ready` on the stack. */
const FRAME_BYTES = 8;

/**
 * Serves what is ready until nothing is.
 *
 * @param tBlock when the address of the control block is known
 */
export function* consumeEvents(consumer: FifoConsumer, cpu: ConsumingCpu, tBlock: Ready): Kernel {
  const { at, area } = consumer;
  const { core, id } = cpu;
  const block = area.block(id);
  core.at(at.ready);
  core.frame(FRAME_BYTES);
  if (core.behind(tBlock)) yield;
  let tReady = core.xchg32(block + CONTROL_BLOCK.ready, 0, tBlock);
  let ready = core.lo;
  core.store32(core.sp, ready, tReady);
  for (;;) {
    core.at(at.more);
    if (!core.branch(ready !== 0, tReady)) break;
    core.at(at.queue);
    core.load32(core.sp, NOW);
    const tQueue = core.bitScan(ready, 0, tReady);
    const queue = lowestBit32(ready);
    core.free(2);
    if (yield* consumeOne(consumer, cpu, queue, tQueue)) {
      ready &= ~(1 << queue);
      core.lo = ready;
    }
    core.at(at.again);
    if (core.behind(NOW)) yield;
    tReady = core.xchg32(block + CONTROL_BLOCK.ready, 0, NOW);
    ready |= core.lo;
    core.or32(core.sp, ready, tReady);
  }
  core.unframe(FRAME_BYTES);
}

/** consume_one_event. Returns whether the queue is empty now. */
function* consumeOne(
  consumer: FifoConsumer,
  cpu: ConsumingCpu,
  queue: number,
  tQueue: Ready,
): Kernel<boolean> {
  const { at, area } = consumer;
  const { core, id } = cpu;
  core.at(at.head);
  core.free(3);
  let tPort = core.load32(area.head(id, queue), tQueue);
  let port: Port = core.lo;
  if (core.branch(port === 0, tPort)) {
    core.at(at.shared);
    if (core.behind(tQueue)) yield;
    tPort = core.load32(area.sharedHead(id, queue), tQueue);
    port = core.lo;
  }
  core.at(at.word);
  const tWord = area.locate(core, port, tPort);
  const word = area.word(port);
  cpu.evaluations++;
  const next = yield* clearLinked(core, consumer, word, tWord);
  core.at(at.last);
  const empty = core.branch(next === 0, NOW);
  // clear_bit of the local copy: a locked operation although nobody else sees it.
  if (empty) core.lockBitReset(core.sp, queue, tQueue);
  core.at(at.active);
  if (core.behind(NOW)) yield;
  const tPending = core.load32(word, tWord);
  let active = core.branch(core.lo < 0, tPending);
  if (active) {
    if (core.behind(NOW)) yield;
    const tMasked = core.load32(word, tWord);
    active = core.branch((core.lo & (1 << EVENT_WORD.masked)) === 0, tMasked);
  }
  if (active) yield* consumer.serve(port, tPort);
  core.at(at.next);
  core.free(1);
  core.store32(area.head(id, queue), next, NOW);
  return empty;
}

/** clear_linked: takes the event off its queue. Returns the port behind it, 0 for none. */
function* clearLinked(core: Core, { at, memory }: FifoConsumer, word: Addr, tWord: Ready): Kernel<Port> {
  core.at(at.unlink);
  if (core.behind(tWord)) yield;
  let t = core.load32(word, tWord);
  let seen = core.lo;
  for (;;) {
    const next = seen & ~(1 << EVENT_WORD.linked) & ~EVENT_WORD.link;
    t = core.alu(t);
    if (core.behind(t)) yield;
    t = core.cmpxchg32(word, seen, next, t);
    const same = core.lo === 1;
    // A failed compare leaves the word's value in the register.
    const now = memory.peek32(word);
    if (core.jcc(same, t)) return seen & EVENT_WORD.link;
    seen = now;
    core.at(at.unlink);
  }
}
