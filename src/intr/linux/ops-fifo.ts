/**
 * The FIFO ABI as Linux uses it: drivers/xen/events/events_fifo.c at 067e2601d3c0 (fact sheet on Xen, section 10.3).
 * Unmasking is a cmpxchg that waits while Xen has the word BUSY; the hypercall is for a port that is pending.
 */
import type { Port, Ready } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import type { Memory } from '../../x86/memory.ts';
import { SourceFile } from '../../x86/sites.ts';
import { EVENT_WORD, type FifoHypercalls } from '../../xen/abi-fifo.ts';
import type { FifoArea } from '../fifo-area.ts';
import { consumeEvents, consumerSites, type FifoConsumer } from '../fifo-consumer.ts';
import { unmaskWord, wordSites } from '../local-unmask.ts';
import { callOp } from './call-op.ts';
import type { LinuxCpu } from './image.ts';
import { handleIrqForPort } from './irq.ts';
import { EVTCHN_OPS } from './layout.ts';
import type { EventOps, Linux } from './os.ts';

const file = new SourceFile('drivers/xen/events/events_fifo.c');
const handleFn = file.fn('__evtchn_fifo_handle_events');
const unmaskFn = file.fn('evtchn_fifo_unmask');

const At = {
  enter: handleFn.site('control block', 10),
  leave: handleFn.site('return', 8),
  call: file.fn('consume_one_event (call)').site('handle_irq_for_port', 2),
  clear: file.fn('evtchn_fifo_clear_pending').site('sync_clear_bit', 12),
  mask: file.fn('evtchn_fifo_mask').site('sync_set_bit', 12),
  unmask: unmaskFn.site('event word of the port', 10),
  local: wordSites(unmaskFn),
  hypercall: unmaskFn.site('EVTCHNOP_unmask', 6),
  done: unmaskFn.site('return', 4),
  bind: file.fn('evtchn_fifo_bind_to_cpu').site('nothing', 1),
  remove: file.fn('evtchn_fifo_close').site('still linked?', 14),
  setUp: file.fn('evtchn_fifo_setup').site('page of the port', 16),
};

const CONSUMER = consumerSites(handleFn, file.fn('consume_one_event'));
const FRAME_BYTES = 16;

/** evtchn_ops_fifo. */
export class FifoEventOps implements EventOps {
  readonly area: FifoArea;
  readonly #hypercalls: FifoHypercalls;
  /** By vCPU: its consumer. */
  readonly #consumers: FifoConsumer[] = [];

  readonly entries = [
    [EVTCHN_OPS.clearPending, At.clear],
    [EVTCHN_OPS.mask, At.mask],
    [EVTCHN_OPS.unmask, At.unmask],
    [EVTCHN_OPS.bindToCpu, At.bind],
    [EVTCHN_OPS.remove, At.remove],
    [EVTCHN_OPS.handleEvents, At.enter],
  ] as const;

  constructor(area: FifoArea, hypercalls: FifoHypercalls) {
    this.area = area;
    this.#hypercalls = hypercalls;
  }

  *setUp(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    yield* this.area.setUp(cpu.core, this.#hypercalls, port, At.setUp, os.lumps.mallocCycles);
  }

  *clearPending(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.clearPending, At.clear);
    const tWord = this.area.locate(core, port, NOW);
    // The bit operations are on 64 bits: which half of them is the word in?
    core.free(3);
    if (core.behind(tWord)) yield;
    this.area.clearPending(core, port, tWord);
    cpu.fresh = core.lo !== 0;
    core.ret();
  }

  *mask(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.mask, At.mask);
    const tWord = this.area.locate(core, port, NOW);
    core.free(3);
    if (core.behind(tWord)) yield;
    this.area.mask(core, port, tWord);
    core.ret();
  }

  *unmask(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.unmask, At.unmask);
    core.push(1);
    const tWord = this.area.locate(core, port, NOW);
    if (yield* unmaskWord(core, os.image.memory, this.area, os.observer, port, tWord, At.local)) {
      core.at(At.hypercall);
      core.free(4);
      yield* os.hypercalls.unmask(core, port);
    }
    core.at(At.done);
    core.pop(1);
    core.ret();
  }

  /** Nothing: Xen queues the event for the vCPU it notifies. */
  *bindToCpu(os: Linux, cpu: LinuxCpu): Kernel {
    callOp(cpu.core, os, EVTCHN_OPS.bindToCpu, At.bind);
    cpu.core.ret();
  }

  /** Waits until the port is on no queue: its number may be handed out again after the close. */
  *remove(os: Linux, cpu: LinuxCpu, port: Port): Kernel {
    const { core } = cpu;
    callOp(core, os, EVTCHN_OPS.remove, At.remove);
    const word = this.area.word(port);
    for (;;) {
      core.free(2);
      const tWord = this.area.locate(core, port, NOW);
      if (core.behind(tWord)) yield;
      const tLinked = core.load32(word, tWord);
      if (core.branch((core.lo & (1 << EVENT_WORD.linked)) === 0, tLinked)) break;
      core.lfence();
      core.behind(NOW);
      // Always: the upcall that takes it off its queue may have to run on this very CPU.
      yield;
      core.at(At.remove);
    }
    core.ret();
  }

  *handleEvents(os: Linux, cpu: LinuxCpu): Kernel {
    const { core } = cpu;
    core.at(At.enter);
    core.push(4);
    core.frame(FRAME_BYTES);
    const tBlock = core.load64(this.area.blockPointer(cpu.id), NOW);
    core.free(2);
    yield* consumeEvents(this.#consumer(os, cpu), cpu, tBlock);
    core.at(At.leave);
    core.unframe(FRAME_BYTES);
    core.pop(4);
    core.ret();
  }

  #consumer(os: Linux, cpu: LinuxCpu): FifoConsumer {
    this.#consumers[cpu.id] ??= new Consumer(os, cpu, this.area);
    return this.#consumers[cpu.id]!;
  }
}

class Consumer implements FifoConsumer {
  readonly at = CONSUMER;
  readonly area: FifoArea;
  readonly #os: Linux;
  readonly #cpu: LinuxCpu;

  constructor(os: Linux, cpu: LinuxCpu, area: FifoArea) {
    this.#os = os;
    this.#cpu = cpu;
    this.area = area;
  }

  get memory(): Memory {
    return this.#os.image.memory;
  }

  *serve(port: Port, tPort: Ready): Kernel {
    const { core } = this.#cpu;
    core.at(At.call);
    core.call();
    yield* handleIrqForPort(this.#os, this.#cpu, port, tPort);
  }
}
