/** What Xen counts, of the event channels of a domain and of itself. Order is column order in reports. */
import { counters } from '../model/stats.ts';

/**
 * Rungs of the suppression ladder at which a send ended, and hypercalls by kind. A rung that only one ABI has says
 * so and is 0 with the other; `coalesced` and `masked` mean the same with both.
 */
export const EVTCHN_STATS = {
  sends: { unit: 'events', direction: 'neutral', what: 'events sent to open ports of the domain' },
  dropped: { unit: 'events', direction: 'neutral', what: 'sends to a channel closed meanwhile: no effect' },
  coalesced: { unit: 'events', direction: 'neutral', what: 'sends that found the pending bit already set' },
  masked: { unit: 'events', direction: 'neutral', what: 'sends stored behind a mask bit' },
  selector_set: {
    unit: 'events',
    direction: 'neutral',
    what: '2-level: sends that found the selector bit already set',
  },
  already_linked: {
    unit: 'events',
    direction: 'neutral',
    what: 'FIFO: sends and unmasks that found the event on a queue already',
  },
  appended: { unit: 'events', direction: 'neutral', what: 'FIFO: events queued behind another' },
  ready_set: {
    unit: 'events',
    direction: 'neutral',
    what: 'FIFO: new heads of a queue whose ready bit was set',
  },
  link_busy: {
    unit: 'events',
    direction: 'lower',
    what: 'FIFO: links that had to hold off an unmask of the tail',
  },
  link_failed: { unit: 'events', direction: 'lower', what: 'FIFO: links given up: the event is on no queue' },
  unqueued: {
    unit: 'events',
    direction: 'lower',
    what: 'FIFO: sends lost, for want of a control block or after three changes of the queue',
  },
  repeated: {
    unit: 'events',
    direction: 'lower',
    what: 'FIFO: events that an unmask made pending again although the guest had consumed them meanwhile',
  },
  upcall_set: { unit: 'events', direction: 'neutral', what: 'sends that found the upcall already marked' },
  marked: { unit: 'events', direction: 'neutral', what: 'sends and unmasks that marked a new upcall' },
  cancelled: { unit: 'events', direction: 'lower', what: 'events pending when their channel was closed' },
  hypercalls: {
    unit: 'calls',
    direction: 'lower',
    what: 'event-channel hypercalls, those of the senders included',
  },
  unmasks: { unit: 'calls', direction: 'lower', what: 'EVTCHNOP_unmask hypercalls of the guest' },
} as const;

/** Counters of one domain's event channels. */
export type EvtchnStats = ReturnType<typeof newEvtchnStats>;

/** All counters at zero. */
export function newEvtchnStats() {
  return counters(EVTCHN_STATS);
}

/** What Xen does on the way from a marked vCPU to its handler: rungs 5 to 8 of the ladder, exits, switches. */
export const XEN_STATS = {
  irr_set: {
    unit: 'events',
    direction: 'neutral',
    what: 'marks that found the vector already set in IRR or PIR',
  },
  not_running: { unit: 'events', direction: 'neutral', what: 'kicks of a vCPU that waited for its pCPU' },
  self_kicks: { unit: 'events', direction: 'neutral', what: 'kicks of the vCPU whose own exit marked it' },
  kick_pending: {
    unit: 'events',
    direction: 'neutral',
    what: 'kicks that found the softirq bit already set',
  },
  mwait_wakes: { unit: 'events', direction: 'neutral', what: 'softirqs whose store ended an MWAIT: no IPI' },
  ipis: { unit: 'ipis', direction: 'lower', what: 'inter-processor interrupts sent' },
  wakes: { unit: 'wakes', direction: 'neutral', what: 'blocked vCPUs woken' },
  tasklets: {
    unit: 'events',
    direction: 'lower',
    what: 'marks put off to a tasklet because interrupts were off',
  },
  injections: {
    unit: 'upcalls',
    direction: 'neutral',
    what: 'vectors injected or delivered by the hardware',
  },
  windows: { unit: 'windows', direction: 'lower', what: 'times the interrupt window was armed' },
  posted: { unit: 'upcalls', direction: 'neutral', what: 'posted interrupts taken in guest mode' },
  exits_interrupt: { unit: 'exits', direction: 'lower', what: 'VM exits for a physical interrupt' },
  exits_window: { unit: 'exits', direction: 'lower', what: 'VM exits for an open interrupt window' },
  exits_eoi: { unit: 'exits', direction: 'lower', what: 'VM exits for the EOI of an upcall' },
  exits_halt: { unit: 'exits', direction: 'neutral', what: 'VM exits for HLT' },
  exits_hypercall: { unit: 'exits', direction: 'lower', what: 'VM exits for event-channel hypercalls' },
  exits_apic: { unit: 'exits', direction: 'lower', what: 'VM exits for another access to the local APIC' },
  exits_other: { unit: 'exits', direction: 'neutral', what: 'VM exits that have nothing to do with events' },
  switches: {
    unit: 'switches',
    direction: 'neutral',
    what: 'times another vCPU, or the idle one, was switched to',
  },
} as const;

/** Counters of one host. */
export type XenStats = ReturnType<typeof newXenStats>;

/** All counters at zero. */
export function newXenStats() {
  return counters(XEN_STATS);
}
