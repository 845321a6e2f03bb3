/**
 * How ports are served and who watches it, for every guest; then one FreeBSD guest as its kernels see it, and what a
 * generation of its interrupt code has to provide.
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import type { ChannelKindCode, Hypercalls, SharedPages, VirtualHardware } from '../xen/abi.ts';
import type { FifoHypercalls } from '../xen/abi-fifo.ts';
import type { IsrcAllocator } from './alloc/allocator.ts';
import type { FifoArea } from './fifo-area.ts';
import type { IsrcTable } from './isrc-table.ts';
import type { KernelCpu, KernelImage } from './kernel-image.ts';
import type { PcpuDataLayout, XenIsrcLayout } from './layout.ts';
import type { Lumps } from './lumps.ts';
import type { PortBits } from './port-bits.ts';
import type { GenerationId } from './source-files.ts';

/** How a driver serves its port. */
export const HandlerKind = {
  /** A filter that does all the work: IPIs, timer. */
  filter: 0,
  /** A threaded handler without filter: netfront, netback, blkfront, xenstore, console. */
  ithread: 1,
  /** The evtchn device: its filter masks the port, its ithread tells a process, which unmasks later. */
  user: 2,
} as const;

/** One of the values of `HandlerKind`. */
export type HandlerKindCode = (typeof HandlerKind)[keyof typeof HandlerKind];

/** How a port is unmasked: by EVTCHNOP_unmask always, or by the guest itself where it can (local-unmask.ts). */
export type UnmaskName = 'hypercall' | 'local';

/** Whoever watches the guest from outside; nothing it does is charged. */
export interface Observer {
  /**
   * The handlers of a port run now, on `core`: a filter, or the hand-off to an ithread. `fresh` here and below:
   * whether the scan itself cleared the event's pending bit, not another vCPU between look and clear.
   */
  handled(port: Port, fresh: boolean, core: Core): void;
  /** The search for an unused isrc begins, and ends, on a vCPU. */
  findBegins(cpu: Vcpu): void;
  findEnds(cpu: Vcpu): void;
  /** The guest itself cleared the pending bit of a port it unbinds; `was` says whether it was set. */
  pendingCleared(port: Port, was: boolean): void;
  /** An event found no handler: its source was masked and the event is lost. */
  stray(fresh: boolean): void;
  /**
   * The scan cleared the pending bit of a port that has no isrc (2.4, consequence 5), or whose last handler was
   * unlinked while the event was on its way to it: nobody is told.
   */
  unclaimed(fresh: boolean): void;
  /** The guest itself cleared the mask bit of a port, without Xen: it can be served if it is pending. */
  unmasked(port: Port, core: Core): void;
  /** The thread that ends what the handlers of an event began, and which waited, became runnable on this vCPU. */
  ithreadRunnable(event: Addr, cpu: Vcpu): void;
}

/** Everything a kernel of this guest needs. */
export interface FreeBsd {
  readonly generation: FreeBsdGeneration;
  readonly image: KernelImage;
  readonly table: IsrcTable;
  readonly pages: SharedPages;
  /** Mask and pending bits, by ABI. */
  readonly ports: PortBits;
  /** The FIFO ABI's area and hypercalls; undefined with the 2-level ABI. */
  readonly fifo: { readonly area: FifoArea; readonly hypercalls: FifoHypercalls } | undefined;
  readonly hypercalls: Hypercalls;
  /** How ports are unmasked. */
  readonly unmask: UnmaskName;
  readonly hardware: VirtualHardware;
  readonly allocator: IsrcAllocator;
  readonly lumps: Lumps;
  readonly observer: Observer;
}

/** A generation of FreeBSD's Xen interrupt code. */
export interface FreeBsdGeneration {
  readonly id: GenerationId;
  readonly isrc: XenIsrcLayout;
  readonly pcpu: PcpuDataLayout;
  /** From the interrupt gate to the iretq, EOI included. */
  upcall(os: FreeBsd, cpu: KernelCpu, fromUser: boolean): Kernel;
  /** The C function that scans, alone: what `upcall scan` runs and what was measured. */
  scan(os: FreeBsd, cpu: KernelCpu): Kernel;
  /** The search for an unused isrc, with the locks that belong to it; 0 if there is none. The call is made. */
  find(os: FreeBsd, cpu: KernelCpu): Kernel<Addr>;
  /** Gives an isrc back to the search. */
  putBack(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel;
  /** xen_intr_bind_* with a handler. Returns the port. */
  bind(
    os: FreeBsd,
    cpu: KernelCpu,
    kind: ChannelKindCode,
    handler: HandlerKindCode,
    vcpu: Vcpu,
  ): Kernel<Port>;
  /** xen_intr_bind_local_port with a handler: of a channel that somebody else has opened, and will close. */
  bindLocal(os: FreeBsd, cpu: KernelCpu, port: Port, handler: HandlerKindCode, vcpu: Vcpu): Kernel<Port>;
  /** xen_intr_unbind. */
  unbind(os: FreeBsd, cpu: KernelCpu, port: Port): Kernel;
  /** xen_intr_unbind of a handle: of an isrc that may have lost its port in a resume. */
  unbindHandle(os: FreeBsd, cpu: KernelCpu, isrc: Addr): Kernel;
  /** xen_intr_resume. The call is made. */
  resume(os: FreeBsd, cpu: KernelCpu): Kernel;
}

/**
 * Runs a kernel that nobody else can interfere with to its end.
 *
 * @param stopped called where it stops to let others go first: an ithread it waits for, for instance
 */
export function runAlone<T>(kernel: Kernel<T>, stopped: () => void = () => {}): T {
  for (;;) {
    const step = kernel.next();
    if (step.done === true) return step.value;
    stopped();
  }
}
