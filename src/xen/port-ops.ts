/**
 * What differs between the event-channel ABIs on Xen's side, as struct evtchn_port_ops has it, and whom both tell.
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';

/** Whoever delivers interrupts and watches events; called on the core, and at the cycle, of the change. */
export interface Delivery {
  /** The pending bit of a port was newly set. */
  pending(port: Port, from: Core): void;
  /** The mask bit of a port was cleared: from here on it can be served if it is pending. */
  unmasked(port: Port, from: Core): void;
  /** A port was closed: from here on its number may be handed out again. */
  closed(port: Port): void;
}

/** vcpu_mark_events_pending: a vCPU has something new to look at. */
export interface Marker {
  mark(core: Core, vcpu: Vcpu): Kernel;
}

/** One ABI. Each operation runs on the core of whoever calls Xen; `channel` is the port's struct evtchn. */
export interface PortOps {
  /** An event for a port whose channel is open: the pending bit, and the signal to its vCPU unless suppressed. */
  setPending(core: Core, port: Port, channel: Addr): Kernel;
  /** EVTCHNOP_unmask without the hypercall: clears the mask, signals if the port is pending. */
  unmask(core: Core, port: Port, channel: Addr): Kernel;
  /** The pending bit of a port that is being closed is cleared. */
  clearPending(core: Core, port: Port, channel: Addr): Kernel;
  /** A free channel was given to a port. */
  opened(core: Core, channel: Addr): void;
  /** Whether the guest may still come across a free port, so that it must not be handed out. */
  isBusy(core: Core, port: Port): boolean;
  /** Events sent and neither served nor cancelled. Not charged. */
  stillPending(): number;
}
