/** A Linux kernel with one of the ABIs, as the lab drives it. */
import type { Addr, Port, Vcpu } from '../../model/units.ts';
import { type Kernel, NOW } from '../../x86/core.ts';
import { type Memory, PAGE_BYTES } from '../../x86/memory.ts';
import { SITE_ADDRESS, SourceFile } from '../../x86/sites.ts';
import { ChannelKind, type ChannelKindCode } from '../../xen/abi.ts';
import type { FifoHypercalls } from '../../xen/abi-fifo.ts';
import { FifoArea } from '../fifo-area.ts';
import {
  type AbiName,
  type GuestKernel,
  type KernelEnv,
  noResume,
  type PlacedKernel,
} from '../guest-kernel.ts';
import { HandlerKind, type HandlerKindCode } from '../os.ts';
import { bindIrq, rebind } from './bind.ts';
import { CHIP_ENTRY } from './chip.ts';
import { HANDLER } from './drivers.ts';
import { type LinuxCpu, LinuxImage } from './image.ts';
import { evtchnWrite, runLate, userEoi } from './lateeoi.ts';
import { ACTION, EVTCHN_OPS, IRQ_DESC, MASK_REASON } from './layout.ts';
import { lockIrqSave, unlockIrqRestore } from './locks.ts';
import { doMask, doUnmask } from './mask.ts';
import { TwoLevelOps } from './ops-2l.ts';
import { FifoEventOps } from './ops-fifo.ts';
import type { EventOps, Linux } from './os.ts';
import { LinuxScanner } from './scanner.ts';
import { unbindIrq } from './unbind.ts';
import { upcall } from './upcall.ts';

const manage = new SourceFile('kernel/irq/manage.c', 'affinity').fn('irq_set_affinity');
const At = {
  affinity: manage.site('raw_spin_lock_irqsave, set_affinity_irq', 16),
  done: manage.site('raw_spin_unlock_irqrestore', 10),
};

/** Lays a kernel out. */
export function placeLinux(memory: Memory, vcpus: number, abi: AbiName): PlacedKernel {
  const image = new LinuxImage(memory, vcpus);
  const area = abi === 'fifo' ? new FifoArea(memory, vcpus) : undefined;
  return { vcpuInfo: image.vcpuInfo, boot: (env) => new LinuxKernel(image, area, env) };
}

/** A Linux kernel that runs. */
export class LinuxKernel implements GuestKernel {
  readonly os: Linux;
  readonly cpus: readonly LinuxCpu[];
  readonly #area: FifoArea | undefined;
  readonly #fifo: FifoHypercalls | undefined;

  constructor(image: LinuxImage, area: FifoArea | undefined, env: KernelEnv) {
    const { pages, hypercalls, hardware, needsEoi, perVcpu, lumps, observer } = env;
    const ops: EventOps = area === undefined ? new TwoLevelOps() : new FifoEventOps(area, env.fifo!);
    const [, handleEvents] = ops.entries.find(([slot]) => slot === EVTCHN_OPS.handleEvents)!;
    for (const name of ['dynamic', 'lateeoi', 'percpu'] as const) image.placeChip(name, CHIP_ENTRY[name]);
    image.share(pages, ops.entries);
    this.#area = area;
    this.#fifo = env.fifo;
    this.os = { image, ops, handleEvents, pages, hypercalls, hardware, needsEoi, perVcpu, lumps, observer };
    this.cpus = env.cores.map((core, i) => image.cpu(i, core));
  }

  get sources(): number {
    return this.os.image.irqs;
  }

  *start(): Kernel {
    if (this.#area !== undefined) yield* this.#area.start(this.cpus[0]!.core, this.#fifo!);
  }

  upcall(on: Vcpu, fromUser: boolean): Kernel {
    return upcall(this.os, this.cpus[on]!, fromUser);
  }

  bind(on: Vcpu, kind: ChannelKindCode, handler: HandlerKindCode, to: Vcpu): Kernel<Port> {
    return bindIrq(this.os, this.cpus[on]!, kind, handler, to);
  }

  unbind(on: Vcpu, port: Port): Kernel {
    return unbindIrq(this.os, this.cpus[on]!, port);
  }

  resume(): Kernel {
    throw noResume(this.#area === undefined ? 'linux-2l' : 'linux-fifo');
  }

  unbindStale(): Kernel {
    return this.resume();
  }

  /** irq_set_affinity. Xen refuses to move per-CPU VIRQs and IPIs, and with a callback line all stay: the refused call is not charged. */
  *move(on: Vcpu, port: Port, kind: ChannelKindCode, to: Vcpu): Kernel {
    const cpu = this.cpus[on]!;
    const { core } = cpu;
    const desc = this.sourceOf(port);
    const info = this.os.image.memory.peek32(desc + IRQ_DESC.chipData);
    core.at(At.affinity);
    core.call();
    core.push(4);
    yield* lockIrqSave(core, desc + IRQ_DESC.lock, At.affinity);
    const stays = !this.os.perVcpu || kind === ChannelKind.virq || kind === ChannelKind.ipi;
    if (core.branch(stays, NOW)) {
      yield* doMask(this.os, cpu, info, MASK_REASON.temporary);
      core.at(At.affinity);
      yield* doUnmask(this.os, cpu, info, MASK_REASON.temporary);
    } else yield* rebind(this.os, cpu, info, port, to);
    yield* unlockIrqRestore(core, desc + IRQ_DESC.lock, At.done);
    core.pop(4);
    core.ret();
  }

  thread(on: Vcpu, info: Addr): Kernel {
    return runLate(this.os, this.cpus[on]!, info);
  }

  userWrites(on: Vcpu, port: Port): Kernel {
    return evtchnWrite(this.os, this.cpus[on]!, port);
  }

  userUnmasks(on: Vcpu, port: Port): Kernel {
    return userEoi(this.os, this.cpus[on]!, port);
  }

  servedByUser(port: Port): boolean {
    const { memory } = this.os.image;
    const desc = this.sourceOf(port);
    const action = desc === 0 ? 0 : memory.peek32(desc + IRQ_DESC.action);
    return action !== 0 && memory.peek32(action + ACTION.handler) === SITE_ADDRESS[HANDLER[HandlerKind.user]];
  }

  /** Stack of the thread, per-CPU area, static variables. */
  warmData(on: Vcpu): ReadonlyArray<readonly [Addr, Addr]> {
    const { pcpu, stackTop } = this.cpus[on]!;
    const { sharedInfoPtr, apic } = this.os.image.statics;
    return [
      [pcpu, pcpu + PAGE_BYTES],
      [stackTop - PAGE_BYTES, stackTop],
      [sharedInfoPtr, apic],
    ];
  }

  scanner(): LinuxScanner {
    return new LinuxScanner(this.os, this.cpus[0]!, this.#area === undefined);
  }

  /** Descriptor of a port's interrupt; 0 for none. Not charged. */
  sourceOf(port: Port): Addr {
    const { image } = this.os;
    if (image.memory.peek32(image.rowSlot(port)) === 0) return 0;
    const irq = image.memory.peek32(image.irqSlot(port));
    return irq < 0 ? 0 : image.desc(irq);
  }
}
