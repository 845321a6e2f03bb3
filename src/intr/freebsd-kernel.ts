/** A FreeBSD kernel of one generation, as the lab drives it. */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { type Memory, PAGE_BYTES } from '../x86/memory.ts';
import { SITE_ADDRESS, SourceFile } from '../x86/sites.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import { assignCpu } from './assign-cpu.ts';
import { FILTER } from './dispatch.ts';
import { FifoArea } from './fifo-area.ts';
import { FreeBsdScanner } from './freebsd-scanner.ts';
import {
  type AbiName,
  type GuestKernel,
  type KernelEnv,
  noResume,
  type PlacedKernel,
} from './guest-kernel.ts';
import { IsrcTable } from './isrc-table.ts';
import { runIthread } from './ithread.ts';
import { type KernelCpu, KernelImage } from './kernel-image.ts';
import { EVENT, HANDLER, INTSRC } from './layout.ts';
import { unmaskPort } from './local-unmask.ts';
import type { FreeBsd, FreeBsdGeneration, HandlerKindCode } from './os.ts';
import { TwoLevelBits } from './port-bits.ts';

const AT = {
  resume: new SourceFile('sys/x86/x86/intr_machdep.c', 'resume').fn('intr_resume').site('pic_resume', 4),
  bind: new SourceFile('sys/x86/x86/intr_machdep.c', 'bind').fn('intr_bind').site('move a source', 4),
  write: new SourceFile('sys/dev/xen/evtchn/evtchn_dev.c', 'write')
    .fn('evtchn_write')
    .site('write(2) of a port', 8),
};

/** Lays a kernel of a generation out. */
export function placeFreeBsd(
  memory: Memory,
  vcpus: number,
  generation: FreeBsdGeneration,
  abi: AbiName,
): PlacedKernel {
  const image = new KernelImage(memory, vcpus, generation.pcpu, generation.isrc);
  const area = abi === 'fifo' ? new FifoArea(memory, vcpus) : undefined;
  return {
    vcpuInfo: image.vcpuInfo,
    boot: (env) => new FreeBsdKernel(image, area, generation, env),
  };
}

/** A FreeBSD kernel that runs. */
export class FreeBsdKernel implements GuestKernel {
  readonly os: FreeBsd;
  readonly cpus: readonly KernelCpu[];
  readonly #perVcpu: boolean;

  constructor(image: KernelImage, area: FifoArea | undefined, generation: FreeBsdGeneration, env: KernelEnv) {
    const { pages, hypercalls, hardware, lumps, observer } = env;
    image.share(pages, env.needsEoi);
    this.#perVcpu = env.perVcpu;
    const table = new IsrcTable(image, generation.isrc, generation.id);
    this.os = {
      generation,
      image,
      table,
      pages,
      ports: area ?? new TwoLevelBits(pages.sharedInfo, (cpu) => image.enabledWords(cpu)),
      fifo: area === undefined ? undefined : { area, hypercalls: env.fifo! },
      hypercalls,
      unmask: env.unmask,
      hardware,
      allocator: env.allocator(table),
      lumps,
      observer,
    };
    this.cpus = env.cores.map((core, i) => image.cpu(i, core));
  }

  get sources(): number {
    return this.os.table.count;
  }

  *start(): Kernel {
    const { fifo } = this.os;
    if (fifo !== undefined) yield* fifo.area.start(this.cpus[0]!.core, fifo.hypercalls);
  }

  upcall(on: Vcpu, fromUser: boolean): Kernel {
    return this.os.generation.upcall(this.os, this.cpus[on]!, fromUser);
  }

  bind(on: Vcpu, kind: ChannelKindCode, handler: HandlerKindCode, to: Vcpu): Kernel<Port> {
    return this.os.generation.bind(this.os, this.cpus[on]!, kind, handler, to);
  }

  unbind(on: Vcpu, port: Port): Kernel {
    return this.os.generation.unbind(this.os, this.cpus[on]!, port);
  }

  *resume(on: Vcpu): Kernel {
    const { os } = this;
    // Xen gives a new domain the 2-level ABI; who would set the other up again, and how, FreeBSD does not say.
    if (os.fifo !== undefined) throw noResume('freebsd-fifo');
    const cpu = this.cpus[on]!;
    cpu.core.at(AT.resume);
    cpu.core.call();
    yield* os.generation.resume(os, cpu);
  }

  unbindStale(on: Vcpu, isrc: Addr): Kernel {
    return this.os.generation.unbindHandle(this.os, this.cpus[on]!, isrc);
  }

  *move(on: Vcpu, port: Port, kind: ChannelKindCode, to: Vcpu): Kernel {
    const cpu = this.cpus[on]!;
    cpu.core.at(AT.bind);
    cpu.core.call();
    // Without upcalls of their own on other vCPUs it refuses: EOPNOTSUPP.
    if (this.#perVcpu) yield* assignCpu(this.os, cpu, this.sourceOf(port), kind, to);
    else cpu.core.ret();
  }

  thread(on: Vcpu, event: Addr): Kernel {
    return runIthread(this.os, this.cpus[on]!, event);
  }

  *userWrites(on: Vcpu, port: Port): Kernel {
    const { core } = this.cpus[on]!;
    core.at(AT.write);
    core.lump(this.os.lumps.userUnmaskCycles);
    if (port !== 0) yield* this.userUnmasks(on, port);
  }

  userUnmasks(on: Vcpu, port: Port): Kernel {
    const cpu = this.cpus[on]!;
    if (this.os.unmask === 'hypercall') return this.os.hypercalls.unmask(cpu.core, port);
    // The device knows the port; whose it is stands in the isrc.
    const tIsrc = cpu.core.load64(this.os.image.portToIsrc + 8 * port, NOW);
    return unmaskPort(this.os, cpu, port, cpu.core.lo, tIsrc);
  }

  servedByUser(port: Port): boolean {
    const { memory } = this.os.image;
    const event = memory.peek32(this.sourceOf(port) + INTSRC.event);
    const handler = memory.peek32(event + EVENT.handlers);
    return memory.peek32(handler + HANDLER.filter) === SITE_ADDRESS[FILTER.evtchn];
  }

  /** Stack, per-CPU area and the kernel's scalars; the lock and the head of the free list go. */
  warmData(on: Vcpu): ReadonlyArray<readonly [Addr, Addr]> {
    const cpu = this.cpus[on]!;
    const { statics } = this.os.image;
    return [
      [cpu.pcpu, cpu.pcpu + PAGE_BYTES],
      [cpu.stackTop - PAGE_BYTES, cpu.stackTop],
      [statics.sharedInfoPtr, statics.x86Lock],
      [statics.numIoIrqs, statics.ibrsActive],
    ];
  }

  scanner(): FreeBsdScanner {
    return new FreeBsdScanner(this.os, this.cpus[0]!);
  }

  /** The isrc that serves a port; 0 for none. Not charged. */
  sourceOf(port: Port): Addr {
    return this.os.image.memory.peek32(this.os.image.portToIsrc + 8 * port);
  }
}
