/** The records of one pCPU: the windows that are not used up, and the record that is next. */
import { traceError, type UserError, type Where } from '../../model/errors.ts';
import type { EventCounts } from './event-counts.ts';
import { Trace } from './events.ts';
import { decode, hex, neededWords, slotOf, TraceRecord } from './record.ts';
import type { OnFault, Window } from './windows.ts';

/** What is counted of all streams while they are read. */
export interface StreamCounts {
  /** Records by slot of their event (`slotOf`). */
  readonly events: EventCounts;
  /** Bytes of a last window that the recording does not have, or that are no whole record. */
  droppedBytes: number;
}

/** The windows of one pCPU in file order. */
export class CpuStream {
  readonly cpu: number;
  readonly record: TraceRecord;
  /** Records read, those that begin its windows included. */
  records = 0;
  /** When `record` is to be visited, in ticks of the merge: not before the first TSC seen on this pCPU. */
  key = Number.NEGATIVE_INFINITY;
  /** Whether `record` waits to be visited. */
  ready = false;
  readonly #windows: Window[] = [];
  readonly #counts: StreamCounts;
  readonly #onFault: OnFault;
  #at = 0;

  constructor(cpu: number, counts: StreamCounts, onFault: OnFault) {
    this.cpu = cpu;
    this.record = new TraceRecord(cpu);
    this.#counts = counts;
    this.#onFault = onFault;
  }

  /** Adds a window behind those that wait. */
  add(window: Window): void {
    this.#windows.push(window);
    if (this.#windows.length === 1) this.#open(window);
  }

  /** Decodes the next record that is one for a visitor into `record`; false when there is none at the moment. */
  next(): boolean {
    this.ready = false;
    for (let window = this.#windows[0]; window !== undefined; window = this.#windows[0]) {
      if (this.#nextIn(window)) return true;
      window.release();
      this.#windows.shift();
      const after = this.#windows[0];
      if (after !== undefined) this.#open(after);
    }
    return false;
  }

  #open(window: Window): void {
    this.#at = 0;
    this.record.data = window.words.data;
    this.record.base = window.byte;
  }

  #nextIn(window: Window): boolean {
    const { record } = this;
    const { data, length } = window.words;
    const { events } = this.#counts;
    while (this.#at < length) {
      const next = decode(record, data, this.#at, length);
      if (next < 0) {
        this.#cutOff(window);
        break;
      }
      const slot = slotOf(record.event);
      if (slot < 0 || record.event === Trace.cpuChange) {
        // The length of such a record cannot be trusted: the rest of the window is left out.
        this.#onFault(strange(record, window.where));
        return false;
      }
      this.#at = next;
      this.records++;
      events.add(slot);
      if (record.extra < neededWords(slot)) this.#onFault(tooShort(record, neededWords(slot), window.where));
      else if (record.timed || record.event !== Trace.wrapBuffer) {
        this.ready = true;
        return true;
      }
    }
    this.#counts.droppedBytes += window.words.bytes % 4;
    return false;
  }

  /** A record that the window has no end of. */
  #cutOff(window: Window): void {
    const left = 4 * (window.words.length - this.#at);
    if (window.missing > 0) this.#counts.droppedBytes += left;
    else {
      this.#onFault(
        traceError(
          window.where(window.byte + 4 * this.#at),
          `a record longer than the ${left} bytes left`,
          'a record within its window',
        ),
      );
    }
  }
}

/** The error for a record of no class, of several, or that begins a window. */
function strange(record: TraceRecord, where: (byte: number) => Where): UserError {
  const [found, expected] =
    record.event === Trace.cpuChange
      ? ['the beginning of a window', 'a record of this window']
      : [`event ${hex(record.event)}`, 'an event of one of the classes of trace.h'];
  return traceError(where(record.byte), found, expected);
}

function tooShort(record: TraceRecord, needed: number, where: (byte: number) => Where): UserError {
  const { extra, event } = record;
  return traceError(where(record.byte), `${extra} extra words in event ${hex(event)}`, `${needed} or more`);
}
