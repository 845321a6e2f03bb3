/**
 * The records of all pCPUs in the order of time, as xenalyze merges them: the smallest last TSC goes first, on equal
 * ones the pCPU that went last. A record without TSC has that of the record before it on its pCPU; a record of lost
 * records is visited twice, when the loss began and when it was written.
 *
 * Memory stays bounded without reading the file twice. xentrace visits the pCPUs in rounds (xenalyze's epochs), and what
 * is copied in one round was written before the next begins: so when a round has been read, nothing that comes later
 * can be older than the newest record of the round before.
 */
import { traceError, type UserError } from '../../model/errors.ts';
import type { Input } from '../input.ts';
import { EventCounts } from './event-counts.ts';
import { HEADER, Trace } from './events.ts';
import { slotOf, type TraceRecord } from './record.ts';
import { CpuStream } from './stream.ts';
import { type OnFault, type Window, windows } from './windows.ts';

/** What a whole recording was. */
export interface RecordingFacts {
  /** Records, those that begin a window included. */
  readonly records: number;
  /** Records by event. */
  readonly events: ReadonlyMap<number, number>;
  /** Records by pCPU. */
  readonly perCpu: ReadonlyMap<number, number>;
  readonly lostRecords: number;
  /** Records whose TSC is less than that of the one before on their pCPU. */
  readonly skewed: number;
  /** Bytes of a last window or record that the recording does not have to its end. */
  readonly droppedBytes: number;
  /** Ticks from the earliest to the latest record. */
  readonly ticks: number;
  /** TSC of the earliest and the latest record; undefined without any. */
  readonly firstTsc: bigint | undefined;
  readonly lastTsc: bigint | undefined;
}

/**
 * A record and its time in ticks since the first record that was visited with one; 0 before that. The record is
 * valid during the call only.
 */
export type Visit = (record: TraceRecord, tick: number) => void;

/** What else can be asked of a reading. */
export interface ReadOptions {
  /** Told of what is wrong with a record or a window: it throws, or returns when that is to be left out. */
  readonly onFault?: OnFault;
  /** Told that a pCPU has no more records, with the time of its last one. */
  readonly onEnd?: (cpu: number, tick: number) => void;
  /** Whether the input's `sha256` will be asked for; so it is if not given. */
  readonly hashed?: boolean;
}

const TWO_32 = 2 ** 32;
/** Records visited in one step. */
const STEP = 4096;

/** Refuses the first fault. */
function strict(error: Error): never {
  throw error;
}

/**
 * Reads a recording and calls `visit` for every record but those that begin windows and fill buffers.
 *
 * @throws UserError (exit 6) with the byte, what was found and what was expected
 */
export async function eachRecord(
  input: Input,
  visit: Visit,
  options: ReadOptions = {},
): Promise<RecordingFacts> {
  const reading = readRecords(input, visit, options);
  for (;;) {
    const step = await reading.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps, for whoever may stop before the end: some thousand records are visited in each. */
export async function* readRecords(
  input: Input,
  visit: Visit,
  options: ReadOptions = {},
): AsyncGenerator<void, RecordingFacts> {
  const onFault = options.onFault ?? strict;
  const merge = new Merge(visit, onFault, options.onEnd ?? (() => {}));
  let last = -1;
  for await (const window of windows(input, onFault, options.hashed ?? true)) {
    // Whoever takes faults is told; whoever does not looks at `droppedBytes`.
    if (window.missing > 0) options.onFault?.(cutOff(window));
    if (window.cpu <= last) {
      while (merge.runSafe()) yield;
      merge.roundEnds();
    }
    last = window.cpu;
    merge.add(window);
  }
  merge.allRead();
  while (merge.runAll()) yield;
  return merge.facts();
}

/** The error for a recording that ends before its last window does. */
function cutOff({ where, byte, words, missing }: Window): UserError {
  const found = `the end of the recording, ${missing} bytes before that of its last window`;
  return traceError(where(byte + words.bytes), found, 'a whole window; --tolerate 1 reads what there is');
}

class Merge {
  readonly #visit: Visit;
  readonly #onFault: OnFault;
  readonly #onEnd: (cpu: number, tick: number) => void;
  /** Whether all windows have come. */
  #whole = false;
  readonly #counts = { events: new EventCounts(), droppedBytes: 0 };
  readonly #cpus = new Map<number, CpuStream>();
  /** Streams with a record that waits, by key; among equal keys the one that went last is first. */
  readonly #order: CpuStream[] = [];
  /** TSC of tick 0 of the keys; none before the first record with a TSC. */
  #origin: { low: number; high: number } | undefined;
  /** Key of the first record visited with a TSC. */
  #zero = Number.NEGATIVE_INFINITY;
  /** Newest key of the rounds before this one, and of this one too. */
  #safe = Number.NEGATIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;
  /** Keys of the earliest and the latest record. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #lostRecords = 0;
  #skewed = 0;

  constructor(visit: Visit, onFault: OnFault, onEnd: (cpu: number, tick: number) => void) {
    this.#visit = visit;
    this.#onFault = onFault;
    this.#onEnd = onEnd;
  }

  add(window: Window): void {
    let stream = this.#cpus.get(window.cpu);
    if (stream === undefined) {
      stream = new CpuStream(window.cpu, this.#counts, this.#onFault);
      this.#cpus.set(window.cpu, stream);
    }
    stream.records++;
    this.#counts.events.add(slotOf(Trace.cpuChange));
    this.#newest = Math.max(this.#newest, this.#lastKey(window));
    const waiting = stream.ready;
    stream.add(window);
    if (!waiting && this.#step(stream)) this.#insert(stream);
  }

  /** Visits what is older than the round before this one, in part; whether more of it waits. */
  runSafe(): boolean {
    return this.#run(this.#safe);
  }

  /** All pCPUs have been visited once more: what is older than the round before is complete. */
  roundEnds(): void {
    this.#safe = this.#newest;
  }

  /** All windows have come. */
  allRead(): void {
    this.#whole = true;
    for (const stream of this.#cpus.values()) if (!stream.ready) this.#onEnd(stream.cpu, this.#tick(stream));
  }

  /** Visits what waits, in part; whether more does. */
  runAll(): boolean {
    return this.#run(Number.POSITIVE_INFINITY);
  }

  facts(): RecordingFacts {
    const { droppedBytes } = this.#counts;
    const cpus = [...this.#cpus.values()].sort((a, b) => a.cpu - b.cpu);
    return {
      records: cpus.reduce((sum, s) => sum + s.records, 0),
      events: this.#counts.events.byEvent(),
      perCpu: new Map(cpus.map((s) => [s.cpu, s.records])),
      lostRecords: this.#lostRecords,
      skewed: this.#skewed,
      droppedBytes,
      ticks: Math.max(0, this.#last - this.#first),
      firstTsc: this.#tscOf(this.#first),
      lastTsc: this.#tscOf(this.#last),
    };
  }

  /** Visits what waits up to a key, in order and a step of it; whether more waits. */
  #run(until: number): boolean {
    const order = this.#order;
    for (let left = STEP; left > 0; ) {
      const least = order[0];
      if (least === undefined || least.key > until) return false;
      const next = order[1];
      const turn = next === undefined ? until : Math.min(next.key, until);
      let more = true;
      for (; more && left > 0 && least.key <= turn; left--) more = this.#deliver(least);
      order.shift();
      if (more) this.#insert(least);
      else if (this.#whole) this.#onEnd(least.cpu, this.#tick(least));
    }
    return true;
  }

  /** Visits the record of a stream and goes to the next one; false when there is none at the moment. */
  #deliver(stream: CpuStream): boolean {
    const { record } = stream;
    if (record.event === Trace.lostRecords) {
      this.#lostRecords += record.word(0);
      this.#visit(record, this.#tick(stream));
      const ends = this.#key(record.tscLow, record.tscHigh);
      record.event = Trace.lostEnds;
      if (ends > stream.key) {
        stream.key = ends;
        return true;
      }
      this.#skewed++;
    }
    if (record.event !== Trace.wrapBuffer) this.#visit(record, this.#tick(stream));
    return this.#step(stream);
  }

  #tick(stream: CpuStream): number {
    if (stream.key === Number.NEGATIVE_INFINITY) return 0;
    if (this.#zero === Number.NEGATIVE_INFINITY) this.#zero = stream.key;
    return stream.key - this.#zero;
  }

  /** Goes to the next record of a pCPU; false when there is none at the moment. */
  #step(stream: CpuStream): boolean {
    if (!stream.next()) return false;
    const { record } = stream;
    if (!record.timed) return true;
    const own = this.#key(record.tscLow, record.tscHigh);
    if (own < this.#first) this.#first = own;
    if (own > this.#last) this.#last = own;
    const lost = record.event === Trace.lostRecords;
    const key = lost ? this.#key(record.word(2), record.word(3)) : own;
    if (key < stream.key) this.#skewed++;
    stream.key = key;
    return true;
  }

  /** Puts a stream before the first whose key is not less. */
  #insert(stream: CpuStream): void {
    const order = this.#order;
    let at = order.length;
    order.push(stream);
    while (at > 0 && order[at - 1]!.key >= stream.key) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = stream;
  }

  #key(low: number, high: number): number {
    if (this.#origin === undefined) this.#origin = { low, high };
    return (high - this.#origin.high) * TWO_32 + (low - this.#origin.low);
  }

  #tscOf(key: number): bigint | undefined {
    if (this.#origin === undefined || !Number.isFinite(key)) return undefined;
    const { low, high } = this.#origin;
    return BigInt(high) * BigInt(TWO_32) + BigInt(low) + BigInt(key);
  }

  /** Key of the last record with a TSC of a window. */
  #lastKey(window: Window): number {
    const { data, length } = window.words;
    let last = -1;
    let at = 0;
    while (at < length) {
      const head = data[at]!;
      const timed = head >= HEADER.cyclesBit;
      const next = at + 1 + (timed ? 2 : 0) + ((head >>> HEADER.extraShift) & HEADER.extraMask);
      if (timed && next <= length) last = at;
      at = next;
    }
    return last < 0 ? Number.NEGATIVE_INFINITY : this.#key(data[last + 1]!, data[last + 2]!);
  }
}
