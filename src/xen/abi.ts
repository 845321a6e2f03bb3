/**
 * What a guest may see of Xen: the 2-level event-channel ABI of a 64-bit guest and the hypercalls.
 *
 * Offsets and numbers: xen/include/public/{xen,event_channel}.h, verified by compiling them (fact sheet on Xen,
 * section 1; Xen at c447b7308b13).
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';

/** Ports of a 64-bit 2-level guest: 64 words of 64 bits. Port 0 is never handed out. */
export const PORTS = 4096;

/** Offsets in the shared_info page and its size. */
export const SHARED_INFO = { pending: 0x800, mask: 0xa00, bytes: 4096 } as const;

/** Offsets in struct vcpu_info and its size. */
export const VCPU_INFO = { upcallPending: 0, pendingSel: 8, bytes: 64 } as const;

/** Kinds of channel a guest can hold, as EVTCHNSTAT and the recordings name them. */
export const ChannelKind = { unbound: 2, interdomain: 3, pirq: 4, virq: 5, ipi: 6 } as const;

/** One of the values of `ChannelKind`. */
export type ChannelKindCode = (typeof ChannelKind)[keyof typeof ChannelKind];

/**
 * The EVTCHNOPs as the guest calls them. Each runs on the calling core: the VM exit, Xen's work, the entry.
 * A failure (no free port, a port that is not bound) is a ModelBug: traces are checked before.
 */
export interface Hypercalls {
  /** alloc_unbound, bind_interdomain, bind_virq or bind_ipi by `kind`; returns the new local port. */
  bind(core: Core, kind: ChannelKindCode, vcpu: Vcpu): Kernel<Port>;
  /** EVTCHNOP_bind_vcpu. */
  bindVcpu(core: Core, port: Port, vcpu: Vcpu): Kernel;
  /** EVTCHNOP_unmask: clears the mask bit and signals the port again if it is pending. */
  unmask(core: Core, port: Port): Kernel;
  /** EVTCHNOP_close: the port is free afterwards, its pending bit cleared. */
  close(core: Core, port: Port): Kernel;
  /** EVTCHNOP_send by whoever runs on `core`, to a port of this domain from its other end (an IPI: from itself). */
  send(core: Core, port: Port): Kernel;
  /** EVTCHNOP_send of this domain on a port whose other end is in another domain. */
  notify(core: Core, port: Port): Kernel;
}

/** What a guest does that its hypervisor sees besides hypercalls. */
export interface VirtualHardware {
  /** The EOI of the upcall's vector: an exit unless the hardware virtualises it. */
  eoi(core: Core): Kernel;
}

/** Where the guest's kernel finds the pages it shares with Xen. */
export interface SharedPages {
  readonly sharedInfo: Addr;
  readonly vcpuInfo: readonly Addr[];
}
