/** One record of a recording, and how it is decoded. Layout: docs of `HEADER`; little endian, as x86 writes it. */
import { traceError, type Where } from '../../model/errors.ts';
import { HEADER, Trace } from './events.ts';

/** Extra words a record can have. */
const MAX_EXTRA = 7;
const WORD = 4;
const TSC_BYTES = 8;

/** A decoded record. One object serves all records of a pCPU: what is kept of it must be copied. */
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
  readonly words = new Uint32Array(MAX_EXTRA);
  /** Offset of the record in the decompressed recording. */
  byte = 0;

  constructor(cpu: number) {
    this.cpu = cpu;
  }
}

/**
 * Decodes the record at `at` of a window's body.
 *
 * @param byte offset of the body in the recording
 * @returns where the next record begins, or -1 when the body ends within this one
 */
export function decode(record: TraceRecord, body: Buffer, at: number, byte: number): number {
  if (at + WORD > body.length) return -1;
  const head = body.readUInt32LE(at);
  const extra = (head >>> HEADER.extraShift) & HEADER.extraMask;
  const timed = head >= HEADER.cyclesBit;
  let next = at + WORD + (timed ? TSC_BYTES : 0);
  if (next + extra * WORD > body.length) return -1;
  record.event = head & HEADER.eventMask;
  record.timed = timed;
  record.byte = byte + at;
  if (timed) {
    record.tscLow = body.readUInt32LE(at + WORD);
    record.tscHigh = body.readUInt32LE(at + 2 * WORD);
  }
  record.extra = extra;
  for (let i = 0; i < extra; i++, next += WORD) record.words[i] = body.readUInt32LE(next);
  return next;
}

/** Extra words a record must have for what is read of it. */
const NEEDED: Readonly<Record<number, number>> = {
  [Trace.lostRecords]: 4,
  [Trace.schedWake]: 2,
  [Trace.schedBlock]: 2,
  [Trace.vmExit]: 3,
  [Trace.svmExit]: 3,
  [Trace.injectVirq]: 1,
  [Trace.msrWrite]: 3,
  [Trace.vmmcall]: 1,
  [Trace.hlt]: 1,
  [Trace.intrWindow]: 1,
  [Trace.pvHypercall]: 1,
};

/** Refuses what no Xen writes: an event of no class or of several, or one with fewer words than it has. */
export function checkRecord(record: TraceRecord, where: (byte: number) => Where): void {
  const { event, extra, byte } = record;
  const kind = event >>> 16;
  if (kind === 0 || (kind & (kind - 1)) !== 0) {
    throw traceError(where(byte), `event ${hex(event)}`, 'an event of one of the classes of trace.h');
  }
  const needed = NEEDED[event] ?? 0;
  if (extra < needed) {
    throw traceError(where(byte), `${extra} extra words in event ${hex(event)}`, `${needed} or more`);
  }
}

/** An event or another 32-bit word as text. */
export function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
