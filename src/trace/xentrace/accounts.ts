/**
 * Follows which vCPU runs on which pCPU, and adds up what xenalyze --summary does, by its rules: a vCPU is followed from
 * where it is first seen to run; records before that are nobody's; the time of a state that records contradict is
 * dropped; lost records make every vCPU lost that was not seen running elsewhere.
 */
import { isRunstate, Trace } from './events.ts';
import { HvmCounts, PvCounts } from './guest-counts.ts';
import type { TraceRecord } from './record.ts';
import { DomainAccount, GuestKind, State, VcpuAccount } from './vcpu-account.ts';

/** Domain number of the idle vCPUs. Source: DOMID_IDLE of xen/include/public/xen.h. */
const DOMID_IDLE = 0x7fff;

/** Classes of events: bits 16 to 27 of an id. */
const CLASS = { sched: 0x2, hvm: 0x8, pv: 0x20 } as const;

/** A pCPU. */
class Pcpu {
  /** What runs there; undefined between two, after lost records, and before the first. */
  current: VcpuAccount | undefined;
  lost = false;
  /** Time of its first record with a TSC. */
  first = Number.NEGATIVE_INFINITY;
}

/** vCPUs followed; a recording with more is none, and memory is not given to it. */
const MOST_VCPUS = 1 << 16;

/** A vCPU with what is counted of its guest, once there is something. */
export class GuestVcpu extends VcpuAccount {
  #pv: PvCounts | undefined;
  #hvm: HvmCounts | undefined;

  get pv(): PvCounts {
    this.#pv ??= new PvCounts();
    return this.#pv;
  }

  get hvm(): HvmCounts {
    this.#hvm ??= new HvmCounts();
    return this.#hvm;
  }
}

/** All of a recording; feed it the records in order of time. */
export class Accounts {
  /** Records that contradict what came before: a state the vCPU was not in, an entry without an exit. */
  unmatched = 0;
  readonly #domains = new Map<number, DomainAccount>();
  readonly #vcpus = new Map<number, GuestVcpu>();
  readonly #pcpus: Array<Pcpu | undefined> = [];
  #lostPcpus = 0;

  /** Domains by number. */
  get domains(): DomainAccount[] {
    return [...this.#domains.values()].sort((a, b) => a.id - b.id);
  }

  /** vCPUs by domain and number. */
  get vcpus(): GuestVcpu[] {
    return [...this.#vcpus.values()].sort((a, b) => a.domain.id - b.domain.id || a.id - b.id);
  }

  /** The vCPU that is current on a pCPU, as d0v1; d?v? if not known. */
  currentName(cpu: number): string {
    const current = this.#pcpus[cpu]?.current;
    return current === undefined ? 'd?v?' : `d${current.domain.id}v${current.id}`;
  }

  /** One record. */
  record(r: TraceRecord, tick: number): void {
    const pcpu = this.#pcpus[r.cpu] ?? this.#pcpu(r.cpu);
    if (pcpu.first === Number.NEGATIVE_INFINITY && r.timed) pcpu.first = tick;
    const { event } = r;
    const kind = event >>> 16;
    if (kind === CLASS.sched) {
      if (isRunstate(event)) this.#runstate(r, tick, pcpu);
      else if (event === Trace.continueRunning) this.#continues(r, tick, pcpu);
    } else if (kind === CLASS.pv) this.#pv(r, pcpu.current as GuestVcpu | undefined);
    else if (kind === CLASS.hvm) this.#hvm(r, tick, pcpu.current as GuestVcpu | undefined);
    else if (event === Trace.lostRecords) this.#lose(tick, pcpu);
    else if (event === Trace.lostEnds) this.#lossEnds(r, tick, pcpu);
  }

  /** A pCPU has no more records. */
  ends(cpu: number, tick: number): void {
    const pcpu = this.#pcpu(cpu);
    const current = pcpu.current as GuestVcpu | undefined;
    if (current !== undefined) this.#loseVcpu(current, tick);
  }

  #pv(r: TraceRecord, v: GuestVcpu | undefined): void {
    if (v === undefined || !isKind(v, GuestKind.pv)) return;
    const call = r.event === Trace.pvHypercall || r.event === Trace.pvSubcall;
    v.pv.add(r.event & 0xff, call ? r.word(0) & 0xf_ffff : -1);
  }

  #hvm(r: TraceRecord, tick: number, v: GuestVcpu | undefined): void {
    if (v === undefined || !isKind(v, GuestKind.hvm)) return;
    const { hvm } = v;
    switch (r.event) {
      case Trace.vmExit:
      case Trace.svmExit:
        if (!hvm.exit(r.word(0), tick)) this.unmatched++;
        return;
      case Trace.vmEntry:
        if (hvm.seen && !hvm.entry(tick)) this.unmatched++;
        return;
      case Trace.vmmcall:
        hvm.hypercall(r.word(0));
        return;
      case Trace.injectVirq:
        hvm.inject(r.word(0));
        return;
    }
  }

  #runstate(r: TraceRecord, tick: number, pcpu: Pcpu): void {
    const v = this.#vcpu(r.word(0));
    if (v === undefined) return;
    const from = (r.event >>> 8) & 3;
    const to = (r.event >>> 4) & 3;
    if (to === State.runnable && v.kind === GuestKind.hvm) v.hvm.close(tick);
    if (v.state === State.init) {
      if (to === State.running) this.#runs(pcpu, r.cpu, v, tick);
      else if (from === State.running) pcpu.current = undefined;
      return;
    }
    if (v.state !== from) {
      if (v.state === State.lost) {
        if (to === State.running) this.#runs(pcpu, r.cpu, v, tick);
        return;
      }
      this.unmatched++;
      if (v.state === State.running) return;
    }
    if (from === State.running) this.#stops(pcpu, r.cpu, v, to, tick);
    else if (to === State.running) this.#runs(pcpu, r.cpu, v, tick);
    else v.enter(to, tick);
  }

  /** The scheduler was asked and kept the vCPU: its time so far is a span of its own. */
  #continues(r: TraceRecord, tick: number, pcpu: Pcpu): void {
    const v = this.#vcpu(r.word(0));
    if (v === undefined) return;
    if (v.state === State.init) {
      // It cannot have begun to run since the pCPU's first record: that would be one.
      pcpu.current = undefined;
      this.#runs(pcpu, r.cpu, v, pcpu.first);
    } else if (v.state === State.lost) {
      pcpu.current = undefined;
      this.#runs(pcpu, r.cpu, v, tick);
    } else if (v.state === State.running && v.pcpu === r.cpu) v.enter(State.running, tick);
    else this.unmatched++;
  }

  #stops(pcpu: Pcpu, cpu: number, v: GuestVcpu, to: number, tick: number): void {
    if (v.pcpu !== cpu || pcpu.current !== v || v.state !== State.running) {
      this.unmatched++;
      v.forget();
    }
    pcpu.current = undefined;
    v.enter(to, tick);
    if (this.#lostPcpus > 0 && v.domain.id !== DOMID_IDLE) this.#loseVcpu(v, tick);
  }

  #runs(pcpu: Pcpu, cpu: number, v: GuestVcpu, tick: number): void {
    const current = pcpu.current as GuestVcpu | undefined;
    if (current !== undefined && current !== v) {
      this.unmatched++;
      current.enter(State.lost, tick);
    }
    v.enter(State.running, tick);
    v.pcpu = cpu;
    pcpu.current = v;
  }

  /** Records of a pCPU are lost: who runs there, and who may have run there meanwhile, is not known. */
  #lose(tick: number, pcpu: Pcpu): void {
    if (pcpu.current !== undefined) this.#loseVcpu(pcpu.current as GuestVcpu, tick);
    pcpu.current = undefined;
    if (!pcpu.lost) this.#lostPcpus++;
    pcpu.lost = true;
    for (const v of this.#vcpus.values()) if (v.state !== State.running) this.#loseVcpu(v, tick);
  }

  /** The record says who runs when it was written. */
  #lossEnds(r: TraceRecord, tick: number, pcpu: Pcpu): void {
    if (!pcpu.lost) return;
    pcpu.lost = false;
    this.#lostPcpus--;
    const who = r.word(1);
    // xenalyze takes the domain from the low half, as Xen writes it here.
    const v = this.#vcpu(((who & 0xffff) << 16) | (who >>> 16));
    if (v !== undefined && v.state !== State.running) this.#runs(pcpu, r.cpu, v, tick);
  }

  #loseVcpu(v: GuestVcpu, tick: number): void {
    if (v.kind === GuestKind.hvm) v.hvm.lose();
    v.enter(State.lost, tick);
  }

  #pcpu(cpu: number): Pcpu {
    let pcpu = this.#pcpus[cpu];
    if (pcpu === undefined) {
      pcpu = new Pcpu();
      this.#pcpus[cpu] = pcpu;
    }
    return pcpu;
  }

  /** @param who domain << 16 | vCPU */
  #vcpu(who: number): GuestVcpu | undefined {
    let v = this.#vcpus.get(who);
    if (v === undefined && this.#vcpus.size === MOST_VCPUS) this.unmatched++;
    else if (v === undefined) {
      const id = who >>> 16;
      let domain = this.#domains.get(id);
      if (domain === undefined) {
        domain = new DomainAccount(id);
        this.#domains.set(id, domain);
      }
      v = new GuestVcpu(domain, who & 0xffff);
      this.#vcpus.set(who, v);
    }
    return v;
  }
}

/** Whether a vCPU may have records of a kind of guest; the first record says which it is. */
function isKind(v: GuestVcpu, kind: number): boolean {
  if (v.domain.id === DOMID_IDLE) return false;
  if (v.kind === GuestKind.unknown) v.kind = kind;
  return v.kind === kind;
}
