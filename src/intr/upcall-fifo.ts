/**
 * A what-if: FreeBSD's generation C with the FIFO ABI. FreeBSD has no such consumer; this one is Linux's
 * (fifo-consumer.ts) under generation C's upcall and in front of its dispatch, written as xen_intr_handle_upcall
 * would be: the upcall flag is cleared once, and masking and unmasking are FreeBSD's, the hypercall included.
 */
import type { Addr, Port, Ready } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { type ChannelKindCode, VCPU_INFO } from '../xen/abi.ts';
import { takeIsrcC } from './bind-c.ts';
import { intrExecuteHandlers } from './dispatch.ts';
import { type ConsumingCpu, consumeEvents, consumerSites, type FifoConsumer } from './fifo-consumer.ts';
import type { KernelCpu } from './kernel-image.ts';
import { PCPU, THREAD } from './layout.ts';
import type { FreeBsd } from './os.ts';

const file = new SourceFile('sys/dev/xen/bus/xen_intr.c (what-if: FIFO)', 'upcall');
const handle = file.fn('xen_intr_handle_upcall');
const CONSUMER = consumerSites(handle, file.fn('xen_intr_consume_event'));
const setUp = file.fn('xen_intr_bind_isrc').site('event word of the port', 16);

const At = {
  enter: handle.site('P6-P8 control block and vcpu_info', 16),
  upcallPending: handle.site('P9 evtchn_upcall_pending := 0', 1),
  clear: handle.site('V4 clear PENDING', 8),
  isrc: handle.site('V5-V6 isrc of the port', 6),
  leave: handle.site('return', 9),
};

/** Locals of the C function on the stack. */
const FRAME_BYTES = 24;

/** The consumer of one CPU. */
class Consumer implements FifoConsumer {
  readonly at = CONSUMER;
  readonly #os: FreeBsd;
  readonly #cpu: KernelCpu;

  constructor(os: FreeBsd, cpu: KernelCpu) {
    this.#os = os;
    this.#cpu = cpu;
  }

  get area() {
    return this.#os.fifo!.area;
  }

  get memory() {
    return this.#os.image.memory;
  }

  *serve(port: Port, tPort: Ready): Kernel {
    const os = this.#os;
    const cpu = this.#cpu;
    const { core } = cpu;
    core.at(At.clear);
    const tBit = os.ports.locate(core, port, tPort);
    if (core.behind(tBit)) yield;
    os.ports.clearPending(core, port, tBit);
    cpu.fresh = core.lo !== 0;
    core.at(At.isrc);
    const tIsrc = core.load64(os.image.portToIsrc + port * 8, tPort);
    const isrc = core.lo;
    if (core.branch(isrc === 0, tIsrc)) {
      os.observer.unclaimed(cpu.fresh);
      return;
    }
    const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
    core.load64(cpu.thread + THREAD.intrFrame, tThread);
    core.call();
    cpu.port = port;
    yield* intrExecuteHandlers(os, cpu, isrc, tIsrc);
  }
}

/** By CPU: its consumer, made at its first upcall. */
const consumers = new WeakMap<ConsumingCpu, Consumer>();

/** xen_intr_handle_upcall of the what-if. The caller has made the call. */
export function* scanFifo(os: FreeBsd, cpu: KernelCpu): Kernel {
  const { core, pcpu } = cpu;
  let consumer = consumers.get(cpu);
  if (consumer === undefined) {
    consumer = new Consumer(os, cpu);
    consumers.set(cpu, consumer);
  }
  core.at(At.enter);
  core.push(6);
  core.frame(FRAME_BYTES);
  core.free(2);
  const tDynamic = core.load64(pcpu + PCPU.dynamic, NOW);
  const tInfo = core.load64(cpu.vcpuInfoPtr, tDynamic);
  const info: Addr = core.lo;
  const tBlock = core.load64(consumer.area.blockPointer(cpu.id), tDynamic);
  core.at(At.upcallPending);
  if (core.behind(tInfo)) yield;
  core.store8(info + VCPU_INFO.upcallPending, 0, NOW, tInfo);
  yield* consumeEvents(consumer, cpu, tBlock);
  core.at(At.leave);
  core.free(1);
  core.unframe(FRAME_BYTES);
  core.pop(6);
  core.ret();
}

/** Makes sure that a port has its event word. */
export function* setUpWord(os: FreeBsd, cpu: KernelCpu, port: Port): Kernel {
  const { area, hypercalls } = os.fifo!;
  yield* area.setUp(cpu.core, hypercalls, port, setUp, os.lumps.mallocCycles);
}

/** Steps 1 to 3 of a bind: the port needs an event word before it is unmasked. */
export function* takeIsrcFifo(os: FreeBsd, cpu: KernelCpu, kind: ChannelKindCode, port: Port): Kernel<Addr> {
  yield* setUpWord(os, cpu, port);
  return yield* takeIsrcC(os, cpu, kind, port);
}
