/** A physical CPU as Xen sees it: what runs on it, the softirqs and interrupts that wait for it. */
import type { Addr, Port } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import { LINE_BYTES, type Memory } from '../x86/memory.ts';
import type { EventSource } from './event-source.ts';
import { irqStatNamer } from './names.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

/** Offsets in irq_stat[]: 8 bytes that one cmpxchg covers, on a line of each pCPU's own. */
export const IRQ_STAT = { softirqs: 0, inMwait: 4 } as const;

/** What a pCPU does. */
export const Mode = {
  /** Guest code runs, or the vCPU has nothing to do here and runs code that is not modelled. */
  guest: 0,
  /** Xen runs. */
  root: 1,
  /** The idle loop stands in its C-state. */
  idle: 2,
} as const;

/** Physical interrupts, as bits of `Pcpu.interrupts`; vectors as in Xen where they are fixed. */
export const HostVector = {
  /** 0xfc: softirqs are to be looked at. */
  eventCheck: 0,
  /** Notification vector of posted interrupts, from 0xf1 on. */
  postedInterrupt: 1,
  /** 0xfa: the local timer. */
  timer: 2,
  /** A device's. */
  device: 3,
  /** Of nobody here: acknowledged, and that is all. */
  other: 4,
} as const;

/** An event that is to be sent on this pCPU when an interrupt or a tasklet comes to it. */
export interface Deferred {
  readonly source: EventSource;
  readonly port: Port;
}

/** A pCPU that somebody outside takes from a vCPU, or gives `back`. */
export interface Lend {
  readonly vcpu: VirtualCpu;
  readonly back: boolean;
}

/** One physical CPU. */
export class Pcpu {
  readonly index: number;
  readonly core: Core;
  readonly socket: number;
  readonly irqStat: Addr;
  mode: number = Mode.guest;
  /** The vCPU that is scheduled here; undefined for the idle one. */
  current: VirtualCpu | undefined;
  /** The vCPU whose state is loaded: it stays when the idle vCPU runs. */
  loaded: VirtualCpu | undefined;
  /** Interrupts that have arrived and were not taken, bits by `HostVector`. */
  interrupts = 0;
  /** In a hard-IRQ handler, or with interrupts disabled: HVM guests cannot be signalled then. */
  irqsOff = false;
  /** VIRQs and PIRQs whose interrupt has not been handled. */
  readonly virqs: Deferred[] = [];
  readonly pirqs: Deferred[] = [];
  /** vCPUs that wait for the tasklet softirq of this pCPU to be signalled. */
  readonly tasklets: Array<{ source: EventSource; vcpu: VirtualCpu }> = [];
  /** vCPUs that a timer of theirs, unseen here, wakes. */
  readonly timers: VirtualCpu[] = [];
  /** What the timer softirq is to do about the pCPU being lent, in order. */
  readonly lends: Lend[] = [];
  /** From how many vCPUs it is taken at present: while it is, it is not idle though nothing modelled runs. */
  lent = 0;

  constructor(memory: Memory, index: number, core: Core, socket: number) {
    this.index = index;
    this.socket = socket;
    this.core = core;
    this.irqStat = memory.place(`xen: irq_stat[${index}]`, LINE_BYTES, LINE_BYTES, irqStatNamer(index));
  }
}
