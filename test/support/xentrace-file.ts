/** Writes recordings as xentrace does: for hand-made ones, and to cut a piece out of a real one. */
import { TraceRecord } from '../../src/trace/xentrace/record.ts';

const CPU_CHANGE = 0x2001_f003;

/** A record as bytes. @param tsc none for a record without one */
export function recordBytes(event: number, words: readonly number[], tsc?: bigint): Buffer {
  const bytes = Buffer.alloc(4 + (tsc === undefined ? 0 : 8) + 4 * words.length);
  const cycles = tsc === undefined ? 0 : 0x8000_0000;
  bytes.writeUInt32LE((event | (words.length << 28) | cycles) >>> 0, 0);
  if (tsc !== undefined) bytes.writeBigUInt64LE(tsc, 4);
  words.forEach((word, i) => {
    bytes.writeUInt32LE(word >>> 0, bytes.length - 4 * (words.length - i));
  });
  return bytes;
}

/** A window of a pCPU. @param size the length it claims, its own if not given */
export function windowBytes(cpu: number, records: readonly Buffer[], size?: number): Buffer {
  const body = Buffer.concat(records);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(CPU_CHANGE, 0);
  head.writeUInt32LE(cpu, 4);
  head.writeUInt32LE(size ?? body.length, 8);
  return Buffer.concat([head, body]);
}

/** A record as the reader gives it. */
export function recordOf(cpu: number, event: number, words: readonly number[], timed = true): TraceRecord {
  const record = new TraceRecord(cpu);
  record.event = event;
  record.timed = timed;
  record.extra = words.length;
  record.data = Uint32Array.from(words);
  return record;
}
