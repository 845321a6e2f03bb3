/** The vCPUs of one domain as a recording of the hypervisor shows them; fed with its records in order of time. */

import { MAX_VCPUS } from '../table.ts';
import { isRunstate, Trace } from '../xentrace/events.ts';
import type { TraceRecord } from '../xentrace/record.ts';
import { EVENT_CHANNEL_OP, RunState, VcpuView } from './vcpu-view.ts';

/** Domain number of the idle vCPUs. Source: DOMID_IDLE of xen/include/public/xen.h. */
const DOMID_IDLE = 0x7fff;

/** How the domain is virtualised, as its records show. */
export const DomainKind = { unknown: 0, pv: 1, hvm: 2 } as const;

/** One domain. */
export class DomainView {
  readonly domain: number;
  kind: number = DomainKind.unknown;
  readonly #vcpus: Array<VcpuView | undefined> = [];
  /** TSC of tick 0. */
  originTsc: bigint | undefined;
  /** Tick of the last record. */
  lastTick = 0;
  lostRecords = 0;
  /** RDTSC that Xen emulated, and the range of: ticks of the exit less the TSC that the guest got. */
  readonly reads = { count: 0, least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };
  /** What runs on each pCPU, domain << 16 | vCPU; and when somebody was last seen to stop running there. */
  readonly #current: Array<number | undefined> = [];
  readonly #busyUntil: number[] = [];

  constructor(domain: number) {
    this.domain = domain;
  }

  /** Its vCPUs that were seen, by number. */
  get vcpus(): VcpuView[] {
    return this.#vcpus.filter((v) => v !== undefined);
  }

  /** One of them; undefined if it was not seen. */
  vcpu(id: number): VcpuView | undefined {
    return this.#vcpus[id];
  }

  /** One record. */
  record(r: TraceRecord, tick: number): void {
    if (this.originTsc === undefined && r.timed) {
      this.originTsc = (BigInt(r.tscHigh) << 32n) + BigInt(r.tscLow) - BigInt(tick);
    }
    this.lastTick = tick;
    if (isRunstate(r.event)) this.#runstate(r, tick);
    else if (r.event === Trace.lostRecords) {
      this.lostRecords += r.word(0);
      this.#current[r.cpu] = undefined;
    } else {
      const who = this.#current[r.cpu];
      if (who !== undefined && who >>> 16 === this.domain) this.#guest(r, tick, this.#vcpu(who & 0xffff));
    }
  }

  #guest(r: TraceRecord, tick: number, v: VcpuView | undefined): void {
    if (v === undefined) return;
    switch (r.event) {
      case Trace.vmExit:
      case Trace.svmExit:
        this.kind = DomainKind.hvm;
        v.exits(r.word(0), tick);
        return;
      case Trace.vmEntry:
        v.enters(tick);
        return;
      case Trace.vmmcall:
        v.hypercall(r.word(0));
        return;
      case Trace.msrWrite:
        v.msr(r.word(0));
        return;
      case Trace.rdtsc:
        this.#reads(r, tick);
        return;
      case Trace.injectVirq:
        v.injects(r.word(0));
        return;
      case Trace.pvHypercall:
      case Trace.pvSubcall:
        this.kind = DomainKind.pv;
        if ((r.word(0) & 0xf_ffff) === EVENT_CHANNEL_OP) v.eventHypercall(tick);
        return;
    }
  }

  #reads(r: TraceRecord, tick: number): void {
    if (r.extra < 2) return;
    const difference = tick - (r.word(1) * 2 ** 32 + r.word(0));
    this.reads.count++;
    this.reads.least = Math.min(this.reads.least, difference);
    this.reads.most = Math.max(this.reads.most, difference);
  }

  #runstate(r: TraceRecord, tick: number): void {
    const who = r.word(0);
    const from = (r.event >>> 8) & 3;
    const to = (r.event >>> 4) & 3;
    const mine = who >>> 16 === this.domain;
    const v = mine ? this.#vcpu(who & 0xffff) : undefined;
    v?.changesTo(to, tick, this.#busyUntil[r.cpu] ?? Number.NEGATIVE_INFINITY);
    if (from === RunState.running) {
      this.#current[r.cpu] = undefined;
      if (who >>> 16 !== DOMID_IDLE) this.#busyUntil[r.cpu] = tick;
    }
    if (to === RunState.running) this.#current[r.cpu] = who;
  }

  #vcpu(id: number): VcpuView | undefined {
    if (id >= MAX_VCPUS) return undefined;
    this.#vcpus[id] ??= new VcpuView(id);
    return this.#vcpus[id];
  }
}
