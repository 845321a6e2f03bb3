/**
 * Structures of the FreeBSD/amd64 kernel on the upcall path: offsets in bytes, per generation where they differ.
 *
 * Source: the original headers compiled for amd64 (fact sheet on FreeBSD, section 1). Generation A2 is
 * sys/x86/xen/xen_intr.c between 2021 and the 2023 series, C the committed end of that series.
 * Offsets in struct pcpu and struct thread are those of 2019; what matters is which line a field is on.
 */

import type { Addr } from '../model/units.ts';

/** struct intsrc, 48 bytes. */
export const INTSRC = { pic: 0, event: 8, count: 16, straycount: 24, index: 32, handlers: 36 } as const;

/** An entry of intrnames[]: MAXCOMLEN + 1 characters. */
export const INTRNAME_BYTES = 20;

/** struct xenisrc behind its intsrc, as the generations lay it out (88 bytes, malloc-128). */
export interface XenIsrcLayout {
  readonly vector: number;
  readonly type: number;
  readonly cpu: number;
  readonly port: number;
  readonly virq: number;
  readonly cookie: number;
  readonly flags: number;
  readonly refcount: number;
  /** Link of a free list: C overlays it on type and cpu; A has none, and a list in it would do the same. */
  readonly link: number;
}

/** Generation A2. */
export const XENISRC_A: XenIsrcLayout = {
  type: 48,
  cpu: 52,
  vector: 56,
  port: 60,
  virq: 64,
  cookie: 72,
  flags: 80,
  refcount: 84,
  link: 48,
};

/** Generation C. */
export const XENISRC_C: XenIsrcLayout = {
  vector: 48,
  type: 56,
  cpu: 60,
  port: 64,
  virq: 68,
  cookie: 72,
  flags: 80,
  refcount: 84,
  link: 56,
};

/** sizeof(struct xenisrc) and the malloc bucket it comes from. */
export const XENISRC_BYTES = 88;
export const XENISRC_BUCKET = 128;

/** xi_port of an isrc that has none, as a signed word; generation C only. */
export const INVALID_EVTCHN = -1;

/** Bits of the flag byte. */
export const FLAG_CLOSE = 1;
export const FLAG_MASKED = 2;

/** xi_type: 0 means that the isrc is free (generation A's scan looks for it). */
export const EVTCHN_TYPE = { unbound: 0, pirq: 1, virq: 2, ipi: 3, port: 4 } as const;

/** struct xen_intr_pcpu_data: cursors, and the enabled bitmap of 64 words. */
export interface PcpuDataLayout {
  readonly l1i: number;
  readonly l2i: number;
  /** Pointer to the per-CPU upcall counter; generation A only. */
  readonly counter: number;
  readonly enabled: number;
  readonly bytes: number;
}

/** Generation A2: with the counter pointer. */
export const PCPU_DATA_A: PcpuDataLayout = { l1i: 0, l2i: 4, counter: 8, enabled: 16, bytes: 528 };

/** Generation C: the counter pointer is a DPCPU variable of its own. */
export const PCPU_DATA_C: PcpuDataLayout = { l1i: 0, l2i: 4, counter: -1, enabled: 8, bytes: 520 };

/** struct pic, a table of functions; one static instance serves all Xen isrcs. */
export const PIC = {
  enableSource: 8,
  disableSource: 16,
  enableIntr: 32,
  disableIntr: 40,
  vector: 48,
  bytes: 120,
} as const;

/** struct intr_event, 200 bytes, malloc-256. */
export const EVENT = {
  handlers: 16,
  lockObject: 64,
  source: 96,
  thread: 104,
  preIthread: 112,
  postIthread: 120,
  postFilter: 128,
  flags: 144,
  phase: 184,
  active: 188,
  bytes: 200,
  bucket: 256,
} as const;

/** struct intr_handler, 80 or 88 bytes, malloc-128. */
export const HANDLER = {
  filter: 0,
  handler: 8,
  argument: 16,
  flags: 24,
  next: 64,
  bytes: 88,
  bucket: 128,
} as const;

/** ih_flags: the ithread has to unlink the handler. */
export const IH_DEAD = 0x8;

/** struct intr_thread, malloc-32. */
export const ITHREAD = { event: 0, thread: 8, need: 20, bucket: 32 } as const;

/** struct pcpu, 4,096 bytes behind %gs. */
export const PCPU = {
  curthread: 0,
  curpcb: 32,
  cpuid: 52,
  dynamic: 152,
  monitorbuf: 256,
  bytes: 4096,
} as const;

/** struct thread, 1,368 bytes. */
export const THREAD = {
  lock: 0,
  flags: 252,
  inhibitors: 256,
  owepreempt: 288,
  nesting: 336,
  critnest: 1172,
  spinlockCount: 1176,
  intrFrame: 1296,
  bytes: 1376,
  bucket: 2048,
} as const;

/** td_inhibitors: the thread waits for an interrupt. */
export const TDI_IWAIT = 0x10;

/** struct trapframe, 192 bytes; 15 general registers first. */
export const TRAPFRAME = {
  registers: 15,
  selectors: [124, 126, 140, 142],
  flags: 136,
  cs: 160,
  bytes: 192,
} as const;

/** struct pcb: the flag word. */
export const PCB_FLAGS = 200;

/** What a driver keeps for a port: the word its filter counts in is at its start. */
export const SOFTC_BUCKET = 64;

/** struct mtx: the lock word; 4 is unowned. */
export const MTX_LOCK = 24;
export const MTX_UNOWNED = 4;

/** Static variables of the kernel, by address. */
export interface Statics {
  readonly sharedInfoPtr: Addr;
  readonly isrcLock: Addr;
  readonly autoVectorCount: Addr;
  readonly firstEvtchnIrq: Addr;
  readonly x86Lock: Addr;
  readonly availList: Addr;
  readonly needsAck: Addr;
  readonly numIoIrqs: Addr;
  readonly interruptSourcesPtr: Addr;
  readonly intrTableLock: Addr;
  readonly icuLock: Addr;
  readonly eventListLock: Addr;
  readonly counterLock: Addr;
  readonly vmIntrPtr: Addr;
  readonly x2apicMode: Addr;
  readonly apicEoi: Addr;
  readonly ibrsActive: Addr;
  readonly mdsHandler: Addr;
  readonly apicCpuids: Addr;
}

/** Offsets in a CPU's DPCPU area (ours): variables of xen_intr.c and its vcpu_info, line-aligned. */
export const CPU_AREA = { vcpuInfoPtr: 64, pintrcnt: 72, vcpuInfo: 128, pcpuData: 192, bytes: 1024 } as const;
