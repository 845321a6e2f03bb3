/** What Xen counts of the event channels of a domain. Order is column order in reports. */
import { counters } from '../model/stats.ts';

/** Rungs of the suppression ladder at which a send ended, and hypercalls by kind. */
export const EVTCHN_STATS = {
  sends: { unit: 'events', direction: 'neutral', what: 'events sent to open ports of the domain' },
  dropped: { unit: 'events', direction: 'neutral', what: 'sends to a channel closed meanwhile: no effect' },
  coalesced: { unit: 'events', direction: 'neutral', what: 'sends that found the pending bit already set' },
  masked: { unit: 'events', direction: 'neutral', what: 'sends stored behind a mask bit' },
  selector_set: {
    unit: 'events',
    direction: 'neutral',
    what: 'sends that found the selector bit already set',
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
