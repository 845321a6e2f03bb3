/**
 * The records of all pCPUs in the order of time, as xenalyze merges them: the smallest last TSC goes first, on equal
 * ones the pCPU that went last. A record without TSC has that of the record before it on its pCPU; a record of lost
 * records stands where the loss began.
 *
 * Memory stays bounded without reading the file twice. xentrace visits the pCPUs in rounds, and what is copied in one
 * round was written before the next begins: so when a round has been read, nothing that comes later can be older
 * than the newest record of the round before.
 */
import { traceError } from '../../model/errors.ts';
import type { Input } from '../input.ts';
import { Trace } from './events.ts';
import { checkRecord, decode, TraceRecord } from './record.ts';
import { type Window, windows } from './windows.ts';

/** What a whole recording was. */
export interface RecordingFacts {
  /** Records, those that begin a window included. */
  records: number;
  readonly cpus: Set<number>;
  lostRecords: number;
  /** Bytes of a last window or record that the recording does not have to its end. */
  droppedBytes: number;
  /** Ticks from the earliest to the latest record. */
  ticks: number;
  firstTsc: bigint;
}

/** A record and its time in ticks since the recording's first record with a TSC. */
export type Visit = (record: TraceRecord, tick: number) => void;

const TWO_32 = 2 ** 32;

/**
 * Reads a recording and calls `visit` for every record but those that begin windows and fill buffers.
 *
 * @throws UserError (exit 6) with the byte, what was found and what was expected
 */
export async function eachRecord(input: Input, visit: Visit): Promise<RecordingFacts> {
  const facts: RecordingFacts = {
    records: 0,
    cpus: new Set(),
    lostRecords: 0,
    droppedBytes: 0,
    ticks: 0,
    firstTsc: 0n,
  };
  const merge = new Merge(facts, visit);
  let last = -1;
  for await (const window of windows(input)) {
    if (window.cpu <= last) merge.roundEnds();
    last = window.cpu;
    facts.records++;
    merge.add(window);
  }
  merge.finish();
  return facts;
}

class Merge {
  readonly #facts: RecordingFacts;
  readonly #visit: Visit;
  readonly #cpus: CpuStream[] = [];
  /** TSC of tick 0; none before the first record with a TSC. */
  #origin: { low: number; high: number } | undefined;
  /** Newest tick of the rounds before this one, and of this one too. */
  #safe = Number.NEGATIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  #oldest = Number.POSITIVE_INFINITY;

  constructor(facts: RecordingFacts, visit: Visit) {
    this.#facts = facts;
    this.#visit = visit;
  }

  add(window: Window): void {
    let stream = this.#cpus.find((s) => s.cpu === window.cpu);
    if (stream === undefined) {
      stream = new CpuStream(window.cpu);
      this.#cpus.push(stream);
      this.#facts.cpus.add(window.cpu);
    }
    if (stream.add(window)) this.#step(stream);
    this.#newest = Math.max(this.#newest, this.#lastTick(window));
  }

  /** All pCPUs have been visited once more: what is older than the round before is complete. */
  roundEnds(): void {
    this.#run(this.#safe);
    this.#safe = this.#newest;
  }

  finish(): void {
    this.#run(Number.POSITIVE_INFINITY);
    this.#facts.ticks = Math.max(0, this.#newest - this.#oldest);
    const { low, high } = this.#origin ?? { low: 0, high: 0 };
    const earliest = Number.isFinite(this.#oldest) ? this.#oldest : 0;
    this.#facts.firstTsc = BigInt(high) * BigInt(TWO_32) + BigInt(low) + BigInt(earliest);
  }

  #run(until: number): void {
    let current: CpuStream | undefined;
    for (;;) {
      let least = current?.ready ? current : undefined;
      for (const s of this.#cpus) if (s.ready && (least === undefined || s.tick < least.tick)) least = s;
      if (least === undefined || least.tick > until) return;
      current = least;
      if (least.record.event === Trace.lostRecords) this.#facts.lostRecords += least.record.words[0]!;
      this.#visit(least.record, least.tick);
      this.#step(least);
    }
  }

  /** Goes to the next record of a pCPU that is one for the visitor. */
  #step(stream: CpuStream): void {
    const { record } = stream;
    while (stream.next(this.#facts)) {
      this.#facts.records++;
      if (record.event === Trace.wrapBuffer) continue;
      if (record.event === Trace.cpuChange) {
        throw traceError(stream.where(record.byte), 'the beginning of a window', 'a record of this window');
      }
      checkRecord(record, stream.where);
      if (record.timed) {
        const lost = record.event === Trace.lostRecords;
        const low = lost ? record.words[2]! : record.tscLow;
        const high = lost ? record.words[3]! : record.tscHigh;
        stream.tick = this.#tick(low, high);
        this.#oldest = Math.min(this.#oldest, stream.tick);
      }
      return;
    }
  }

  #tick(low: number, high: number): number {
    if (this.#origin === undefined) this.#origin = { low, high };
    return (high - this.#origin.high) * TWO_32 + (low - this.#origin.low);
  }

  /** Tick of the last record with a TSC of a window. */
  #lastTick(window: Window): number {
    const record = new TraceRecord(window.cpu);
    let last = Number.NEGATIVE_INFINITY;
    for (let at = 0; at >= 0; ) {
      at = decode(record, window.body, at, window.byte);
      if (at >= 0 && record.timed && record.event !== Trace.wrapBuffer)
        last = this.#tick(record.tscLow, record.tscHigh);
    }
    return last;
  }
}

/** The windows of one pCPU that are not used up, and the record that is next. */
class CpuStream {
  readonly cpu: number;
  readonly record: TraceRecord;
  /** Time of `record`. */
  tick = 0;
  /** Whether `record` waits to be visited. */
  ready = false;
  readonly #windows: Window[] = [];
  #at = 0;

  constructor(cpu: number) {
    this.cpu = cpu;
    this.record = new TraceRecord(cpu);
  }

  /** Where an offset of its current window is, for errors. */
  get where(): Window['where'] {
    return this.#windows[0]!.where;
  }

  /** @returns whether the stream had nothing waiting, so that it must be stepped */
  add(window: Window): boolean {
    this.#windows.push(window);
    return !this.ready;
  }

  /** Decodes the next record into `record`; false when there is none at the moment. */
  next(facts: RecordingFacts): boolean {
    this.ready = false;
    for (;;) {
      const window = this.#windows[0];
      if (window === undefined) return false;
      if (this.#at < window.body.length) {
        const next = decode(this.record, window.body, this.#at, window.byte);
        if (next >= 0) {
          this.#at = next;
          this.ready = true;
          return true;
        }
        const left = window.body.length - this.#at;
        if (window.whole) {
          throw traceError(
            window.where(window.byte + this.#at),
            `a record longer than the ${left} bytes left`,
            'a record within its window',
          );
        }
        facts.droppedBytes += left;
      }
      this.#windows.shift();
      this.#at = 0;
    }
  }
}
