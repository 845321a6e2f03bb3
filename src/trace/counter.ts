/** Counts the records of a recording while they are read: what `upcall trace info` tells of every format. */
import type { TraceInfo } from './format.ts';

/** Different events counted by name; more are counted together, so that names from a file cannot fill memory. */
const MOST_EVENTS = 10_000;
const OTHERS = '(others)';

/** One recording's counts. */
export class Counter {
  records = 0;
  lostRecords = 0;
  unmatched = 0;
  skewed = 0;
  readonly #events = new Map<string, number>();
  readonly #perPcpu = new Map<number, number>();
  readonly #last = new Map<number, number>();
  #first: number | undefined;
  #newest: number | undefined;

  /**
   * Counts one record.
   *
   * @param event its id in hexadecimal or its name
   * @param pcpu the pCPU that wrote it, -1 if not known
   * @param time its time stamp in ticks, below 2^53; undefined without one
   */
  count(event: string, pcpu: number, time: number | undefined): void {
    this.records++;
    const key = this.#events.has(event) || this.#events.size < MOST_EVENTS ? event : OTHERS;
    this.#events.set(key, (this.#events.get(key) ?? 0) + 1);
    if (pcpu >= 0) this.#perPcpu.set(pcpu, (this.#perPcpu.get(pcpu) ?? 0) + 1);
    if (time === undefined) return;
    if (time < (this.#last.get(pcpu) ?? time)) this.skewed++;
    this.#last.set(pcpu, time);
    if (this.#first === undefined || time < this.#first) this.#first = time;
    if (this.#newest === undefined || time > this.#newest) this.#newest = time;
  }

  /** What was counted. @param more what only this format has */
  info(format: string, more: TraceInfo['more'] = []): TraceInfo {
    return {
      format,
      records: this.records,
      events: this.#events,
      perPcpu: this.#perPcpu,
      firstTsc: this.#first,
      lastTsc: this.#newest,
      lostRecords: this.lostRecords,
      skewed: this.skewed,
      unmatched: this.unmatched,
      more,
    };
  }
}
