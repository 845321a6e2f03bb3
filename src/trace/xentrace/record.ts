/**
 * One record of a recording, and how it is decoded. Layout: docs of `HEADER`. A record is a window into the words that
 * were read, not a copy of them: one object serves all records of a pCPU, and what is kept of it must be copied.
 */
import { HEADER, Trace } from './events.ts';

/** Ids of one class: a subclass in 4 bits and a minor number in 12. */
const IDS_OF_CLASS = 1 << 16;
const CLASSES = 12;
/** Number of different events there can be. */
export const EVENT_SLOTS = CLASSES * IDS_OF_CLASS;

const NO_WORDS = new Uint32Array(0);

/** A decoded record. */
export class TraceRecord {
  /** The pCPU that wrote it. */
  readonly cpu: number;
  event = 0;
  /** Whether the record has a TSC of its own; else `tsc*` are those of the last one before it on this pCPU. */
  timed = false;
  tscLow = 0;
  tscHigh = 0;
  /** Number of extra words. */
  extra = 0;
  /** The words of the window it is in, where its extra words begin there, and where the record begins. */
  data: Uint32Array = NO_WORDS;
  first = 0;
  head = 0;
  /** Offset of `data` in the decompressed recording. */
  base = 0;

  constructor(cpu: number) {
    this.cpu = cpu;
  }

  /** Offset of the record in the decompressed recording. */
  get byte(): number {
    return this.base + 4 * this.head;
  }

  /** Extra word `i`, below `extra`. */
  word(i: number): number {
    return this.data[this.first + i]!;
  }

  /** A copy of the extra words. */
  words(): number[] {
    return [...this.data.subarray(this.first, this.first + this.extra)];
  }
}

/**
 * Decodes the record that begins at word `at` of `data`, of which the first `end` words count.
 *
 * @returns where the next record begins, or -1 when the words end within this one
 */
export function decode(record: TraceRecord, data: Uint32Array, at: number, end: number): number {
  const head = data[at]!;
  const timed = head >= HEADER.cyclesBit;
  const extra = (head >>> HEADER.extraShift) & HEADER.extraMask;
  const first = timed ? at + 3 : at + 1;
  const next = first + extra;
  if (next > end) return -1;
  record.event = head & HEADER.eventMask;
  record.timed = timed;
  record.extra = extra;
  record.head = at;
  record.first = first;
  if (timed) {
    record.tscLow = data[at + 1]!;
    record.tscHigh = data[at + 2]!;
  }
  return next;
}

/** Extra words a record must have for what is read of it; runstate changes have one too. */
const NEEDED: ReadonlyArray<readonly [event: number, words: number]> = [
  [Trace.lostRecords, 4],
  [Trace.schedWake, 2],
  [Trace.schedBlock, 2],
  [Trace.continueRunning, 1],
  [Trace.vmExit, 3],
  [Trace.svmExit, 3],
  [Trace.injectVirq, 1],
  [Trace.msrWrite, 3],
  [Trace.vmmcall, 1],
  [Trace.hlt, 1],
  [Trace.intrWindow, 1],
  [Trace.pvHypercall, 1],
  [Trace.pvSubcall, 1],
  [Trace.irqHandled, 3],
];

const NEEDED_BY_SLOT = new Uint8Array(EVENT_SLOTS);
for (const [event, words] of NEEDED) NEEDED_BY_SLOT[slotOf(event)] = words;
for (let states = 0; states < 0x100; states++) NEEDED_BY_SLOT[slotOf(Trace.runstateBase | (states << 4))] = 1;

/** A dense number for an event, below `EVENT_SLOTS`; negative for what no Xen writes: no class, or several. */
export function slotOf(event: number): number {
  const kind = event >>> 16;
  if (kind === 0 || (kind & (kind - 1)) !== 0) return -1;
  return (31 - Math.clz32(kind)) * IDS_OF_CLASS + (event & 0xffff);
}

/** The event with a slot. */
export function eventOf(slot: number): number {
  return ((1 << Math.floor(slot / IDS_OF_CLASS)) << 16) | (slot % IDS_OF_CLASS);
}

/** Extra words that a record of the event in a slot must have. */
export function neededWords(slot: number): number {
  return NEEDED_BY_SLOT[slot]!;
}

/** An event or another 32-bit word as text. */
export function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
