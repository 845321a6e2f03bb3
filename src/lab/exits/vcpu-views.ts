/**
 * Takes the merged records of a recording apart by vCPU. A record of a handler belongs to the vCPU that is current on
 * its pCPU, which the runstate records say; before the first of them on a pCPU, the vCPU of that pCPU has no name
 * yet and gets the one under which it leaves.
 */
import { isRunstate, Runstate, Trace } from '../../trace/xentrace/events.ts';
import type { TraceRecord } from '../../trace/xentrace/record.ts';
import { NONE } from './delivery.ts';
import { Episode, Waker } from './episode.ts';
import { Hypercall } from './svm.ts';

/** A vCPU as the records show it. */
export class VcpuView {
  /** domain << 16 | vCPU; NONE while unknown. */
  id: number;
  readonly episode = new Episode();
  /** Whether it is between an exit and an entry. */
  inXen = false;

  constructor(id: number) {
    this.id = id;
  }
}

/** What is told of the views. */
export interface ViewListener {
  /** An episode is complete. */
  episode(view: VcpuView): void;
  /** Records were lost: nothing is known of this vCPU until it shows itself. */
  lost(view: VcpuView): void;
}

/** What runs on a pCPU. */
class PcpuState {
  current: VcpuView | undefined;
  /** Last hypercall of a PV vCPU, while nothing else was recorded after it. */
  pvHypercall = NONE;
}

/** Domain number of the idle vCPUs. Source: DOMID_IDLE of xen/include/public/xen.h. */
const DOMID_IDLE = 0x7fff;

/** All vCPUs of a recording; feed it records in time order. */
export class VcpuViews {
  readonly #listener: ViewListener;
  readonly #vcpus = new Map<number, VcpuView>();
  readonly #pcpus = new Map<number, PcpuState>();

  constructor(listener: ViewListener) {
    this.#listener = listener;
  }

  /** One record. */
  record(r: TraceRecord, tick: number): void {
    const pcpu = this.#pcpu(r.cpu);
    if (isRunstate(r.event)) this.#runstate(r, pcpu);
    else if (r.event === Trace.schedWake) this.#wake(r, pcpu);
    else if (r.event === Trace.lostRecords) this.#lost(pcpu);
    else this.#ofCurrent(r, tick, pcpu);
    pcpu.pvHypercall = r.event === Trace.pvHypercall ? r.word(0) & 0xf_ffff : NONE;
  }

  /** Records of the vCPU that is current on its pCPU. */
  #ofCurrent(r: TraceRecord, tick: number, pcpu: PcpuState): void {
    if (r.event === Trace.vmExit || r.event === Trace.svmExit) {
      pcpu.current ??= new VcpuView(NONE);
      pcpu.current.inXen = true;
      pcpu.current.episode.begin(r.word(0), tick, r.byte);
      return;
    }
    const view = pcpu.current;
    if (view === undefined || !view.inXen) return;
    const { driving, answer } = view.episode;
    switch (r.event) {
      case Trace.vmEntry:
        driving.entry = tick;
        view.inXen = false;
        this.#listener.episode(view);
        return;
      case Trace.vmmcall:
        driving.hypercall = r.word(0);
        return;
      case Trace.msrWrite:
        driving.msr = r.word(0);
        driving.msrValue = r.word(1);
        return;
      case Trace.continueRunning:
        driving.otherWork = true;
        return;
      case Trace.schedBlock:
        driving.blocked = true;
        return;
      case Trace.hlt:
        answer.hlt = r.word(0);
        return;
      case Trace.injectVirq:
        if (answer.injected === NONE) answer.injected = r.word(0);
        else answer.moreInjections++;
        return;
      case Trace.intrWindow:
        if (answer.window === NONE) answer.window = r.word(0);
        else answer.morePasses++;
        return;
    }
  }

  #runstate(r: TraceRecord, pcpu: PcpuState): void {
    const id = r.word(0);
    if (id >>> 16 === DOMID_IDLE) return;
    const from = (r.event >>> 8) & 3;
    const to = (r.event >>> 4) & 3;
    if (from === Runstate.running) {
      const known = this.#vcpus.get(id);
      if (known === undefined && pcpu.current?.id === NONE) {
        pcpu.current.id = id;
        this.#vcpus.set(id, pcpu.current);
      }
      const view = this.#vcpu(id);
      if (view.inXen) view.episode.driving.descheduled = true;
      pcpu.current = undefined;
    }
    if (to === Runstate.running) pcpu.current = this.#vcpu(id);
  }

  /** The wake is recorded where the waker runs. */
  #wake(r: TraceRecord, pcpu: PcpuState): void {
    const waker = pcpu.current;
    if (waker?.inXen) waker.episode.driving.otherWork = true;
    const view = this.#vcpus.get((r.word(0) << 16) | r.word(1));
    // A vCPU that was never seen running has no exit to be in.
    if (view === undefined || !view.inXen || !view.episode.driving.blocked) return;
    const byHvm = waker?.inXen && waker.episode.driving.hypercall === Hypercall.eventChannelOp;
    const send = byHvm === true || pcpu.pvHypercall === Hypercall.eventChannelOp;
    view.episode.driving.waker = send ? Waker.send : Waker.other;
  }

  /** Any vCPU that is not running elsewhere may have run here meanwhile. */
  #lost(pcpu: PcpuState): void {
    pcpu.current = undefined;
    const running = new Set([...this.#pcpus.values()].map((p) => p.current));
    for (const view of this.#vcpus.values()) {
      if (running.has(view)) continue;
      view.inXen = false;
      this.#listener.lost(view);
    }
  }

  #pcpu(cpu: number): PcpuState {
    let state = this.#pcpus.get(cpu);
    if (state === undefined) {
      state = new PcpuState();
      this.#pcpus.set(cpu, state);
    }
    return state;
  }

  #vcpu(id: number): VcpuView {
    let view = this.#vcpus.get(id);
    if (view === undefined) {
      view = new VcpuView(id);
      this.#vcpus.set(id, view);
    }
    return view;
  }
}
