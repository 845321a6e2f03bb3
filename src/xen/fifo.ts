/**
 * The FIFO ABI on Xen's side: xen/common/event_fifo.c, as the fact sheet on Xen describes it (sections 2.2, 3.7).
 * Every access to a page shared with the guest, and to what another sender may change, is a step of its own.
 *
 * Left out: pollers (the 2-level ABI leaves them out too), and the nodes of the lock profile.
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import { SourceFile } from '../x86/sites.ts';
import { CONTROL_BLOCK, DEFAULT_PRIORITY, EVENT_WORD } from './abi-fifo.ts';
import type { Domain } from './domain.ts';
import { setLink } from './fifo-link.ts';
import { EVTCHN_FIFO, FIFO_VCPU, FifoStructs, lastQueue, QUEUE, VCPU_FIFO } from './fifo-structs.ts';
import { EVTCHN } from './layout.ts';
import { spinLock, spinUnlock } from './locks.ts';
import type { Delivery, Marker, PortOps } from './port-ops.ts';
import type { EvtchnStats } from './stats.ts';

const file = new SourceFile('xen/common/event_fifo.c');
const setPendingFn = file.fn('evtchn_fifo_set_pending');
const unmaskFn = file.fn('evtchn_fifo_unmask');
const clearFn = file.fn('evtchn_fifo_clear_pending');
const initFn = file.fn('evtchn_fifo_init');
const busyFn = file.fn('evtchn_fifo_is_busy');

const At = {
  word: setPendingFn.site('event word of the port', 14),
  save: setPendingFn.site('no page yet: save the event', 4),
  queues: setPendingFn.site('queue and last queue of the channel', 18),
  lock: setPendingFn.site('spin_lock_irqsave, lower address first', 12),
  again: setPendingFn.site('still both current?', 14),
  block: setPendingFn.site('a control block?', 3),
  pending: setPendingFn.site('set PENDING', 5),
  masked: setPendingFn.site('test MASKED', 3),
  linked: setPendingFn.site('set LINKED', 4),
  oldTail: setPendingFn.site('no longer the tail of the last queue', 4),
  moved: setPendingFn.site('another queue than the last', 8),
  tail: setPendingFn.site('tail of the queue', 14),
  head: setPendingFn.site('the queue was empty: set its head', 3),
  newTail: setPendingFn.site('new tail', 1),
  unlock: setPendingFn.site('spin_unlock_irqrestore', 8),
  ready: setPendingFn.site('set the ready bit', 6),
  unmask: unmaskFn.site('clear MASKED', 16),
  unmaskPending: unmaskFn.site('test PENDING', 4),
  clear: clearFn.site('clear PENDING of a closed port', 16),
  opened: initFn.site('default priority', 2),
  busy: busyFn.site('on a queue still?', 14),
};

/** Why an event is queued: it is new, was pending behind a mask bit just cleared, or waited for its page. */
const Why = { sent: 0, unmasked: 1, saved: 2 } as const;

/** Times the queues are looked up and locked before an event is given up. */
const TRIES = 3;

/** The FIFO ABI of one domain. */
export class Fifo implements PortOps {
  readonly structs: FifoStructs;
  readonly #memory: Memory;
  readonly #domain: Domain;
  readonly #delivery: Delivery;
  readonly #marker: Marker;
  readonly #stats: EvtchnStats;

  constructor(memory: Memory, domain: Domain, delivery: Delivery, marker: Marker, stats: EvtchnStats) {
    this.structs = new FifoStructs(memory, domain);
    this.#memory = memory;
    this.#domain = domain;
    this.#delivery = delivery;
    this.#marker = marker;
    this.#stats = stats;
  }

  *setPending(core: Core, port: Port, channel: Addr): Kernel {
    yield* this.#enqueue(core, port, channel, Why.sent);
  }

  *unmask(core: Core, port: Port, channel: Addr): Kernel {
    core.at(At.unmask);
    const tWord = this.structs.wordFromPort(core, port);
    const word = core.lo;
    if (core.branch(word === 0, tWord)) return;
    if (core.behind(tWord)) yield;
    core.lockBitReset(word, EVENT_WORD.masked, tWord);
    if (core.lo !== 0) this.#delivery.unmasked(port, core);
    core.at(At.unmaskPending);
    if (core.behind(NOW)) yield;
    const tPending = core.load32(word, NOW);
    if (core.branch(core.lo >= 0, tPending)) return;
    yield* this.#enqueue(core, port, channel, Why.unmasked);
  }

  *clearPending(core: Core, port: Port): Kernel {
    core.at(At.clear);
    const tWord = this.structs.wordFromPort(core, port);
    const word = core.lo;
    if (core.branch(word === 0, tWord)) return;
    if (core.behind(tWord)) yield;
    core.lockBitReset(word, EVENT_WORD.pending, tWord);
    if (core.lo !== 0) this.#stats.cancelled++;
  }

  /** Raises again what was saved while the port's page was missing: add_page_to_event_array. */
  *raiseSaved(core: Core, port: Port, channel: Addr): Kernel {
    yield* this.#enqueue(core, port, channel, Why.saved);
  }

  isBusy(core: Core, port: Port): boolean {
    core.at(At.busy);
    const tWord = this.structs.wordFromPort(core, port);
    const word = core.lo;
    if (core.branch(word === 0, tWord)) return false;
    const tLinked = core.load32(word, tWord);
    return core.branch((core.lo & (1 << EVENT_WORD.linked)) !== 0, tLinked);
  }

  opened(core: Core, channel: Addr): void {
    core.at(At.opened);
    core.store8(channel + EVTCHN_FIFO.priority, DEFAULT_PRIORITY, NOW);
  }

  stillPending(): number {
    let n = 0;
    for (let port = 1; port < this.#domain.validEvtchns; port++) {
      const word = this.structs.word(port);
      if (word !== 0) n += this.#memory.peek32(word) < 0 ? 1 : 0;
      else n += this.#memory.view8[this.#domain.channel(port) + EVTCHN_FIFO.pendingSaved]!;
    }
    return n;
  }

  /** evtchn_fifo_set_pending. @param why one of `Why` */
  *#enqueue(core: Core, port: Port, channel: Addr, why: number): Kernel {
    const { structs } = this;
    core.at(At.word);
    const tWord = structs.wordFromPort(core, port);
    const word = core.lo;
    if (core.branch(word === 0, tWord)) {
      yield* this.#save(core, port, channel);
      return;
    }
    core.load32(channel + EVTCHN.notifyVcpu, NOW);
    const vcpu: Vcpu = core.lo;
    for (let i = 0; i < TRIES; i++) {
      core.at(At.queues);
      if (core.behind(NOW)) yield;
      core.load32(channel + EVTCHN_FIFO.lastq, NOW);
      const lastq = core.lo;
      core.load8(channel + EVTCHN_FIFO.priority, NOW);
      const priority = core.lo;
      core.load64(this.#domain.vcpu(vcpu) + VCPU_FIFO, NOW);
      core.load64(this.#domain.vcpu(lastq >>> 16) + VCPU_FIFO, NOW);
      core.free(6);
      const queue = structs.queue(vcpu, priority);
      const last = structs.queueOf(lastq);
      yield* this.#lock(core, queue, last);
      core.at(At.again);
      if (core.behind(NOW)) yield;
      const tPriority = core.load8(channel + EVTCHN_FIFO.priority, NOW);
      const samePriority = core.lo === priority;
      const tLastq = core.load32(channel + EVTCHN_FIFO.lastq, NOW);
      const sameLast = core.lo === lastq;
      core.free(4);
      if (core.branch(samePriority && sameLast, core.join(tPriority, tLastq))) {
        yield* this.#underLock(core, port, channel, why, word, vcpu, priority, last);
        return;
      }
      yield* this.#unlock(core, queue, last);
    }
    if (why === Why.sent) this.#stats.unqueued++;
  }

  /** evtchn->pending: the event waits for the page of its word. */
  *#save(core: Core, port: Port, channel: Addr): Kernel {
    core.at(At.save);
    if (core.behind(NOW)) yield;
    if (this.#memory.view8[channel + EVTCHN_FIFO.pendingSaved] === 1) this.#stats.coalesced++;
    else this.#delivery.pending(port, core);
    core.store8(channel + EVTCHN_FIFO.pendingSaved, 1, NOW);
  }

  /** What is done with both queues locked, and behind that the ready bit and the mark. */
  *#underLock(
    core: Core,
    port: Port,
    channel: Addr,
    why: number,
    word: Addr,
    vcpu: Vcpu,
    priority: number,
    lockedLast: Addr,
  ): Kernel {
    const { structs } = this;
    const stats = this.#stats;
    const sent = why === Why.sent;
    const queue = structs.queue(vcpu, priority);
    let last = lockedLast;
    let linked = true;
    core.at(At.block);
    const tBlock = core.load64(structs.vcpu(vcpu) + FIFO_VCPU.controlBlock, NOW);
    const block = core.lo;
    if (core.branch(block === 0, tBlock)) {
      if (sent) stats.unqueued++;
      yield* this.#unlock(core, queue, last);
      return;
    }
    core.at(At.pending);
    if (core.behind(NOW)) yield;
    const tPending = core.lockBitSet(word, EVENT_WORD.pending, NOW);
    const first = core.lo === 0;
    core.free(1);
    if (first) {
      this.#delivery.pending(port, core);
      // The guest has consumed it since it was seen pending: Xen makes it pending once more.
      if (why === Why.unmasked) stats.repeated++;
    } else if (sent) stats.coalesced++;
    core.at(At.masked);
    if (core.behind(tPending)) yield;
    const tMasked = core.load32(word, NOW);
    if (core.branch((core.lo & (1 << EVENT_WORD.masked)) !== 0, tMasked)) {
      if (first && sent) stats.masked++;
    } else {
      core.at(At.linked);
      if (core.behind(tMasked)) yield;
      const tLinked = core.lockBitSet(word, EVENT_WORD.linked, NOW);
      if (core.branch(core.lo !== 0, tLinked)) stats.already_linked++;
      else {
        core.at(At.oldTail);
        const tTail = core.load32(last + QUEUE.tail, NOW);
        if (core.branch(core.lo === port, tTail)) core.store32(last + QUEUE.tail, 0, NOW);
        if (core.branch(last !== queue, NOW)) {
          core.at(At.moved);
          core.free(3);
          core.store32(channel + EVTCHN_FIFO.lastq, lastQueue(vcpu, priority), NOW);
          yield* spinUnlock(core, last + QUEUE.lock);
          last = queue;
        }
        linked = yield* this.#append(core, port, queue);
      }
    }
    yield* this.#unlock(core, queue, last);
    if (!linked) yield* this.#makeReady(core, block, vcpu, priority);
  }

  /** The port becomes the tail of its queue. Returns false where it is the head too. */
  *#append(core: Core, port: Port, queue: Addr): Kernel<boolean> {
    let linked = false;
    core.at(At.tail);
    const tTail = core.load32(queue + QUEUE.tail, NOW);
    const tail = core.lo;
    if (core.branch(tail !== 0, tTail)) {
      const tWord = this.structs.wordFromPort(core, tail);
      const word = core.lo;
      core.free(1);
      linked = yield* setLink(core, this.#memory, this.#stats, word, port, tWord);
    }
    if (core.branch(!linked, NOW)) {
      core.at(At.head);
      const tHead = core.load64(queue + QUEUE.head, NOW);
      const head = core.lo;
      if (core.behind(tHead)) yield;
      core.store32(head, port, NOW, tHead);
    } else this.#stats.appended++;
    core.at(At.newTail);
    core.store32(queue + QUEUE.tail, port, NOW);
    return linked;
  }

  /** The head of a queue is new: the vCPU has to look, unless it has been told and has not looked yet. */
  *#makeReady(core: Core, block: Addr, vcpu: Vcpu, priority: number): Kernel {
    core.at(At.ready);
    core.free(3);
    if (core.behind(NOW)) yield;
    const tReady = core.lockBitSet(block + CONTROL_BLOCK.ready, priority, NOW);
    if (core.branch(core.lo !== 0, tReady)) this.#stats.ready_set++;
    else yield* this.#marker.mark(core, vcpu);
  }

  *#lock(core: Core, a: Addr, b: Addr): Kernel {
    core.at(At.lock);
    core.microcoded(core.machine.n.cliCycles);
    core.branch(a === b, NOW);
    yield* spinLock(core, (a < b ? a : b) + QUEUE.lock);
    if (a === b) return;
    core.at(At.lock);
    yield* spinLock(core, (a < b ? b : a) + QUEUE.lock);
  }

  *#unlock(core: Core, queue: Addr, last: Addr): Kernel {
    core.at(At.unlock);
    if (core.branch(queue !== last, NOW)) yield* spinUnlock(core, last + QUEUE.lock);
    yield* spinUnlock(core, queue + QUEUE.lock);
    core.at(At.unlock);
    core.microcoded(core.machine.n.popfCycles);
  }
}
