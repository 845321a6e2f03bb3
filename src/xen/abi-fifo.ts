/**
 * What a guest may see of Xen's FIFO event-channel ABI: event words, control blocks and the hypercalls that
 * register them.
 *
 * Bits and offsets: xen/include/public/event_channel.h (fact sheet on Xen, section 2.1; Xen at c447b7308b13).
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';

/** Ports of a guest with this ABI: 17 bits of link. Port 0 is never handed out. */
export const FIFO_PORTS = 131_072;

/** Bits of an event word, and the link to the next port of a queue: 0 ends it. */
export const EVENT_WORD = { pending: 31, masked: 30, linked: 29, busy: 28, link: 0x1_ffff } as const;

/** Words in a page of the event array, and the most pages. */
export const WORDS_PER_PAGE = 1024;
export const ARRAY_PAGES = FIFO_PORTS / WORDS_PER_PAGE;

/** Offsets in the control block of a vCPU: 8-byte aligned, within one page. */
export const CONTROL_BLOCK = { ready: 0, head: 8, bytes: 72 } as const;

/** Queues of a vCPU: 0 is served first. */
export const QUEUES = 16;
export const DEFAULT_PRIORITY = 7;

/** The EVTCHNOPs of this ABI alone. With the 2-level ABI they are not there (Xen says ENOSYS). */
export interface FifoHypercalls {
  /** EVTCHNOP_init_control: registers the control block of a vCPU; a ModelBug if it is misplaced or there is one. */
  initControl(core: Core, vcpu: Vcpu, block: Addr): Kernel;
  /** EVTCHNOP_expand_array: the next page of event words; events that waited for it are raised. */
  expandArray(core: Core, page: Addr): Kernel;
  /** EVTCHNOP_set_priority: the queue of the port's next event. @param priority 0..15, else a ModelBug */
  setPriority(core: Core, port: Port, priority: number): Kernel;
}
