/**
 * Structures of the Linux/x86-64 kernel on the path of an event: offsets in bytes.
 *
 * Source: from memory of 5.15 to 6.6 with a distribution's configuration, confidence guessed: what matters for the
 * timing is which fields share a line. struct irq_info follows drivers/xen/events/events_base.c with `is_active`
 * on a word of its own, since the model exchanges words.
 */

/** struct irq_desc with its irq_common_data and irq_data, cache-line aligned. */
export const IRQ_DESC = {
  state: 0,
  irq: 44,
  common: 56,
  chip: 64,
  chipData: 88,
  kstat: 96,
  handleIrq: 104,
  action: 112,
  settings: 120,
  istate: 124,
  lock: 164,
  bytes: 256,
} as const;

/** irqd_*: bits of `state`. */
export const IRQD = { inProgress: 1 << 18, disabled: 1 << 16, masked: 1 << 17 } as const;

/** IRQS_PENDING: bit of `istate`. */
export const IRQS_PENDING = 0x200;

/** struct irqaction, kmalloc-128. */
export const ACTION = { handler: 0, devId: 8, next: 24, bytes: 128 } as const;

/** struct irq_chip: the operations that are called. */
export const CHIP = { ack: 40, maskAck: 56, unmask: 64, bytes: 256 } as const;

/** The chips of Xen's event channels, by name. */
export type ChipName = 'dynamic' | 'lateeoi' | 'percpu';

/** struct irq_info, kmalloc-192. */
export const IRQ_INFO = {
  eoiList: 16,
  spuriousCnt: 90,
  type: 92,
  maskReason: 94,
  isActive: 96,
  irq: 100,
  evtchn: 104,
  cpu: 108,
  eoiTime: 112,
  lock: 124,
  dev: 128,
  bytes: 192,
} as const;

/** IRQT_*, and EVT_MASK_REASON_*. */
export const IRQT = { unbound: 0, virq: 2, ipi: 3, evtchn: 4 } as const;
export const MASK_REASON = { explicit: 1, temporary: 2, eoiPending: 4 } as const;

/** struct evtchn_ops: the operations by slot. */
export const EVTCHN_OPS = {
  bindToCpu: 24,
  remove: 32,
  clearPending: 40,
  mask: 64,
  unmask: 72,
  handleEvents: 80,
  bytes: 128,
} as const;

/** What a driver keeps of a port, on a line: NAPI's or its thread's "scheduled" bit, and a count of events. */
export const DRIVER = { scheduled: 0, count: 8, bytes: 64 } as const;

/** The per-CPU variables that are touched, as one area. */
export const PERCPU = {
  xenVcpu: 0,
  irqRegs: 8,
  preemptCount: 16,
  cpuNumber: 20,
  currentWord: 24,
  currentBit: 28,
  irqEpoch: 32,
  callbackCount: 64,
  irqsSum: 72,
  hardirqStack: 80,
  virqToIrq: 128,
  vcpuInfo: 256,
  evtchnMask: 320,
  kstatIrqs: 1024,
  bytes: 4096,
} as const;

/** Numbers of a node of the radix tree of descriptors: 64 slots. */
export const RADIX = { slots: 40, bits: 6, bytes: 576 } as const;

/** Interrupt numbers below are the legacy ones. */
export const FIRST_IRQ = 16;
/** VIRQs of a vCPU; VIRQ_TIMER is 0. */
export const VIRQS = 24;
/** Entries in a row of evtchn_to_irq: a page of ints. */
export const EVTCHN_PER_ROW = 1024;
