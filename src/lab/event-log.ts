/** What becomes of events and upcalls in a run, as seen from outside: counted, timed, nothing charged. */
import { Fingerprint } from '../model/fingerprint.ts';
import type { Cycle, Port, Vcpu } from '../model/units.ts';
import { PORTS } from '../xen/abi.ts';
import { RunStats } from './run-stats.ts';
import { Work } from './work-queue.ts';

/** Counters and distributions of one run. */
export class EventLog {
  readonly stats = new RunStats();
  /** What happened: ports served, by vCPU, in order. Timing does not enter. */
  readonly history = new Fingerprint();
  /** By port of the model: how often its handlers ran since the trace began. */
  readonly runs = new Uint32Array(PORTS);
  /** By port of the model: since when it is pending and unmasked. */
  readonly #deliverableSince = new Float64Array(PORTS);
  /** Events so far that became deliverable, and that were served; by port: how many became deliverable before it. */
  #allDeliverable = 0;
  #allServed = 0;
  readonly #deliverableBefore = new Float64Array(PORTS);
  /** Greatest number of events, at least, that became deliverable after one and were served before it. */
  overtaken = 0;
  /** By vCPU: ports served by the upcall under way. */
  readonly #served: Int32Array;
  /** By vCPU: cycles of the exits that bring about its next upcall, or interrupted the one under way. */
  readonly #xenCycles: Float64Array;

  constructor(vcpus: number) {
    this.#served = new Int32Array(vcpus);
    this.#xenCycles = new Float64Array(vcpus);
  }

  /** The trace begins. */
  reset(): void {
    this.stats.reset();
    this.history.reset();
    this.runs.fill(0);
    this.countOvertaken();
  }

  /** Counts `overtaken` from now on, at a time when no event waits. */
  countOvertaken(): void {
    this.#allDeliverable = 0;
    this.#allServed = 0;
    this.overtaken = 0;
  }

  /** A port can be served from now on. */
  deliverable(port: Port, now: Cycle): void {
    this.#deliverableSince[port] = now;
    this.#deliverableBefore[port] = this.#allDeliverable++;
  }

  /** The handlers of a port run; `fresh` as in `Observer.handled`. */
  handled(port: Port, vcpu: Vcpu, fresh: boolean, now: Cycle): void {
    const { counts, histograms } = this.stats;
    if (fresh) counts.delivered++;
    else counts.phantoms++;
    histograms.delivery.add(Math.max(0, now - this.#deliverableSince[port]!));
    // Had all that came before it been served first, these would be the ones that came after it.
    this.overtaken = Math.max(this.overtaken, this.#allServed - this.#deliverableBefore[port]!);
    this.#allServed++;
    this.#served[vcpu]! += 1;
    this.runs[port]! += 1;
    this.history.add((port << 8) | vcpu);
  }

  /** An upcall begins. */
  upcallStarts(vcpu: Vcpu): void {
    this.#served[vcpu] = 0;
  }

  /** An exit of a vCPU has ended that leads to its next upcall, or interrupted one. */
  xenSpent(vcpu: Vcpu, cycles: Cycle): void {
    this.#xenCycles[vcpu]! += cycles;
  }

  /** An upcall has ended: its cycles are its own and those of its exits. */
  upcallEnded(vcpu: Vcpu, cycles: Cycle): void {
    const { counts, histograms } = this.stats;
    counts.upcalls++;
    if (this.#served[vcpu] === 0) counts.spurious_upcalls++;
    histograms.upcall.add(cycles + this.#xenCycles[vcpu]!);
    this.#xenCycles[vcpu] = 0;
  }

  /** A piece of thread-level work, one of `Work`, has ended. */
  workEnded(kind: number, cycles: Cycle): void {
    const { counts, histograms } = this.stats;
    switch (kind) {
      case Work.bind:
        counts.binds++;
        histograms.bind.add(cycles);
        break;
      case Work.unbind:
        counts.unbinds++;
        histograms.unbind.add(cycles);
        break;
      case Work.move:
        counts.moves++;
        break;
      case Work.notify:
        counts.outgoing++;
        histograms.send.add(cycles);
        break;
      case Work.send:
        histograms.send.add(cycles);
        break;
      case Work.unmask:
        histograms.unmask.add(cycles);
        break;
    }
  }
}
