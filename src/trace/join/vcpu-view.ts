/**
 * One vCPU as a recording of the hypervisor shows it: when it ran, why it left guest mode, what it asked Xen for. Times
 * are ticks since the recording's first record.
 */
import { Kind, rowAt, type TraceRow } from '../table.ts';

/** Runstates, with one more before the first is seen. Source: RUNSTATE_* of xen/include/public/vcpu.h. */
export const RunState = { running: 0, runnable: 1, blocked: 2, offline: 3, unknown: 4 } as const;

/** Exits with a meaning of their own, of SVM and VMX. Sources: AMD APM volume 2 appendix C; Intel SDM volume 3 appendix C. */
const INTERRUPT_EXITS = [0x60, 1];
const HLT_EXITS = [0x78, 12];
const HYPERCALL_EXITS = [0x81, 18];
/** Windows and APIC accesses: parts of a delivery, which the model makes itself. */
const DELIVERY_EXITS = [0x64, 7, 43, 44, 45, 56];
const MSR_EXITS = [0x7c, 31, 32];
/** EOI, ICR and self-IPI of the x2APIC. Source: Intel SDM volume 3, table 11-6. */
const X2APIC_MSRS = [0x80b, 0x830, 0x83f];
/** Hypercall number of event_channel_op. Source: xen/include/public/xen.h. */
export const EVENT_CHANNEL_OP = 32;

/** A wake from a block, and when it led to running. */
export interface Wake {
  readonly woken: number;
  readonly ran: number;
}

/** An exit that has no entry yet. */
interface OpenExit {
  readonly code: number;
  readonly tick: number;
  hypercall: number;
  msr: number;
}

/** What is known of one vCPU. */
export class VcpuView {
  readonly id: number;
  /** When its runstate changed, and to what. */
  readonly changes: number[] = [];
  readonly states: number[] = [];
  /** When it asked Xen for something about event channels. */
  readonly eventHypercalls: number[] = [];
  /** Entries with an injection, by vector. */
  readonly injections = new Map<number, number[]>();
  readonly wakes: Wake[] = [];
  /** Its rows of the table. */
  readonly rows: TraceRow[] = [];
  #exit: OpenExit | undefined;
  #injected = -1;
  #preempted = false;
  #woken = -1;

  constructor(id: number) {
    this.id = id;
  }

  /** Its runstate just before a time. */
  stateBefore(tick: number): number {
    const i = this.#changesBefore(tick);
    return i === 0 ? RunState.unknown : this.states[i - 1]!;
  }

  /** Since when it has been in the runstate that it was in just before a time. */
  stateSince(tick: number): number {
    const i = this.#changesBefore(tick);
    return i === 0 ? Number.NEGATIVE_INFINITY : this.changes[i - 1]!;
  }

  #changesBefore(tick: number): number {
    let low = 0;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.changes[middle]! < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** It leaves guest mode. */
  exits(code: number, tick: number): void {
    this.#close(false);
    this.#exit = { code, tick, hypercall: -1, msr: -1 };
  }

  /** The handler of its exit names a hypercall, or an MSR. */
  hypercall(op: number): void {
    if (this.#exit !== undefined) this.#exit.hypercall = op;
  }

  msr(index: number): void {
    if (this.#exit !== undefined) this.#exit.msr = index;
  }

  /** An interrupt is injected at its next entry. */
  injects(vector: number): void {
    this.#injected = vector;
  }

  /** It enters guest mode. */
  enters(tick: number): void {
    this.#close(false);
    if (this.#injected < 0) return;
    const times = this.injections.get(this.#injected);
    if (times === undefined) this.injections.set(this.#injected, [tick]);
    else times.push(tick);
    this.#injected = -1;
  }

  /** A hypercall of a PV guest about event channels. */
  eventHypercall(tick: number): void {
    this.eventHypercalls.push(tick);
  }

  /**
   * Its runstate changes.
   *
   * @param otherUntil when somebody else last ran on the pCPU it runs on now
   */
  changesTo(state: number, tick: number, otherUntil: number): void {
    const before = this.states.at(-1) ?? RunState.unknown;
    this.changes.push(tick);
    this.states.push(state);
    if (state === RunState.running) this.#runs(tick, otherUntil);
    else if (state === RunState.blocked) {
      if (!this.#close(true)) this.#row(Kind.halt, tick);
    } else if (before !== RunState.blocked) {
      this.#close(false);
      if (!this.#preempted && before === RunState.running) this.#preempt(tick);
    } else if (state === RunState.runnable) this.#woken = tick;
  }

  #runs(tick: number, otherUntil: number): void {
    if (this.#woken >= 0) {
      this.wakes.push({ woken: this.#woken, ran: tick });
      // It waited because somebody else had its pCPU, not only because the scheduler takes its time.
      if (otherUntil > this.#woken && !this.#preempted) this.#preempt(this.#woken);
    }
    if (this.#preempted) this.#row(Kind.resume, tick);
    this.#preempted = false;
    this.#woken = -1;
  }

  #preempt(tick: number): void {
    this.#preempted = true;
    this.#row(Kind.preempt, tick);
  }

  #row(kind: number, tick: number): void {
    const row = rowAt(tick, kind);
    row.by = this.id;
    this.rows.push(row);
  }

  /** What its exit was for, now that all is known of it; whether that was a HLT. */
  #close(blocks: boolean): boolean {
    const exit = this.#exit;
    this.#exit = undefined;
    if (exit === undefined) return false;
    const { code, tick } = exit;
    if (HLT_EXITS.includes(code)) this.#row(Kind.halt, tick);
    else if (INTERRUPT_EXITS.includes(code)) this.#row(Kind.interrupt, tick);
    else if (HYPERCALL_EXITS.includes(code) && exit.hypercall === EVENT_CHANNEL_OP)
      this.eventHypercalls.push(tick);
    else if (DELIVERY_EXITS.includes(code) || blocks) return false;
    else if (!MSR_EXITS.includes(code) || !X2APIC_MSRS.includes(exit.msr)) this.#row(Kind.exit, tick);
    return HLT_EXITS.includes(code);
  }
}
