/** What the records of a vCPU count: hypercalls and traps of a PV guest; exits, hypercalls and interrupts of an HVM one. */
import { Spans } from './vcpu-account.ts';

/** Hypercall numbers counted one by one. Source: xen/include/public/xen.h; xenalyze's table ends at 56 too. */
export const HYPERCALLS = 56;
/** Events of the class PV. Source: TRC_PV_* of xen/include/public/trace.h. */
const PV_EVENTS = 16;
const VECTORS = 256;
/** Exit codes counted one by one: SVM's up to 0x400, which is NPF; all VMX reasons are below. */
const EXIT_CODES = 0x402;

/** A PV vCPU. */
export class PvCounts {
  /** Records by minor number. */
  readonly events = new Float64Array(PV_EVENTS);
  /** Hypercalls by number, those in multicalls included. */
  readonly hypercalls = new Float64Array(HYPERCALLS);

  /** One record of the class PV. @param op number of the hypercall, -1 for another event */
  add(minor: number, op: number): void {
    this.events[minor & (PV_EVENTS - 1)]!++;
    if (op >= 0 && op < HYPERCALLS) this.hypercalls[op]!++;
  }
}

/** An HVM or PVH vCPU. */
export class HvmCounts {
  /** Exits by code, with the time to the entry, or to where the vCPU became runnable. */
  readonly exits = new Spans(EXIT_CODES);
  /** Hypercalls by number. */
  readonly hypercalls = new Float64Array(HYPERCALLS);
  /** Interrupts injected, by vector. */
  readonly injections = new Float64Array(VECTORS);
  /** Whether an exit has been seen: an entry before the first belongs to one that was not recorded. */
  seen = false;
  /** Whether it is between an exit and an entry. */
  inXen = false;
  #code = 0;
  #since = 0;
  #open = false;
  #hypercall = -1;

  /** An exit; false if the one before has no entry. */
  exit(code: number, tick: number): boolean {
    const matched = !this.inXen;
    this.seen = true;
    this.inXen = true;
    this.#open = true;
    this.#code = Math.min(code, EXIT_CODES - 1);
    this.#since = tick;
    this.#hypercall = -1;
    return matched;
  }

  /** Ends the span of an exit, if one is open. */
  close(tick: number): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#since <= tick) this.exits.add(this.#code, tick - this.#since);
    if (this.#hypercall >= 0 && this.#hypercall < HYPERCALLS) this.hypercalls[this.#hypercall]!++;
  }

  /** An entry; false if there was no exit before it. */
  entry(tick: number): boolean {
    const matched = this.inXen;
    this.close(tick);
    this.inXen = false;
    return matched;
  }

  /** The handler of a hypercall says its number. */
  hypercall(op: number): void {
    if (this.#open) this.#hypercall = op;
  }

  /** An interrupt is injected. */
  inject(vector: number): void {
    this.injections[vector & (VECTORS - 1)]!++;
  }

  /** Nothing is known of it any more. */
  lose(): void {
    this.#open = false;
    this.inXen = false;
  }
}
