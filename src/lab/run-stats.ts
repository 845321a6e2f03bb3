/** What a run counts. Declared once: order is column order, and the sidecar carries unit, direction, sentence. */
import { Histogram } from '../model/histogram.ts';
import { counters, reset } from '../model/stats.ts';

/** Counters of a run that the event channels do not keep themselves. */
export const RUN_STATS = {
  binds: { unit: 'calls', direction: 'neutral', what: 'ports bound by the guest' },
  unbinds: { unit: 'calls', direction: 'neutral', what: 'ports unbound by the guest' },
  moves: { unit: 'calls', direction: 'neutral', what: 'ports moved to another vCPU' },
  upcalls: { unit: 'upcalls', direction: 'neutral', what: 'upcalls taken' },
  spurious_upcalls: { unit: 'upcalls', direction: 'lower', what: 'upcalls that found no port to serve' },
  delivered: { unit: 'events', direction: 'neutral', what: 'events whose handlers ran' },
  lost: {
    unit: 'events',
    direction: 'lower',
    what: 'events served while their handler was being removed (strays, ports without an isrc)',
  },
  phantoms: {
    unit: 'events',
    direction: 'lower',
    what: 'handlers run for an event that another vCPU had cancelled between look and clear',
  },
  late_sends: {
    unit: 'events',
    direction: 'lower',
    what: 'sends of the guest to a port it had unbound meanwhile',
  },
  ithread_runs: { unit: 'runs', direction: 'neutral', what: 'times an ithread was switched to' },
  outgoing: { unit: 'events', direction: 'neutral', what: 'events sent to other domains' },
  held_rows: { unit: 'rows', direction: 'lower', what: 'rows of the trace that had to wait for the guest' },
  early_resumes: {
    unit: 'vCPUs',
    direction: 'lower',
    what: 'preempted vCPUs resumed before their row, because another row had to wait',
  },
} as const;

/** Distributions of a run, in cycles. */
export const RUN_HISTOGRAMS = {
  upcall:
    'one upcall: the exits that inject it, ask for its window or interrupt it; entry, scan, handlers, EOI, return. ' +
    'Not the sender, and not the wake-up of a blocked vCPU',
  delivery: 'from pending and unmasked to the filter of the port, or the hand-off to its ithread or process',
  bind: 'one bind, all hypercalls included',
  find: 'the search for an unused isrc inside a bind',
  unbind: 'one unbind, all hypercalls included',
  ithread: 'one run of an ithread, the switches and the unmask included',
  send: 'one EVTCHNOP_send of the guest itself',
  unmask: 'one unmask of an evtchn device port by its user',
} as const;

/** Name of a distribution. */
export type RunHistogram = keyof typeof RUN_HISTOGRAMS;

/** Counters and distributions of one run. */
export class RunStats {
  readonly counts = counters(RUN_STATS);
  readonly histograms: Record<RunHistogram, Histogram> = {
    upcall: new Histogram(),
    delivery: new Histogram(),
    bind: new Histogram(),
    find: new Histogram(),
    unbind: new Histogram(),
    ithread: new Histogram(),
    send: new Histogram(),
    unmask: new Histogram(),
  };

  /** Everything at zero again: the trace begins. */
  reset(): void {
    reset(this.counts);
    for (const name of Object.keys(this.histograms) as RunHistogram[])
      this.histograms[name] = new Histogram();
  }
}
