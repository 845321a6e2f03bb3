/** Records by event. A recording has few of the events there can be, so the counters come in pages, made when needed. */
import { EVENT_SLOTS, eventOf } from './record.ts';

const PAGE_BITS = 8;
const PAGE = 1 << PAGE_BITS;

/** Counters of one recording. */
export class EventCounts {
  readonly #pages: Array<Float64Array | undefined> = new Array(EVENT_SLOTS / PAGE).fill(undefined);

  /** Counts a record of the event in a slot. */
  add(slot: number): void {
    const page = this.#pages[slot >>> PAGE_BITS] ?? this.#newPage(slot >>> PAGE_BITS);
    page[slot & (PAGE - 1)]!++;
  }

  /** Counts by event, those that are not 0, in the order of slots. */
  byEvent(): Map<number, number> {
    const events = new Map<number, number>();
    this.#pages.forEach((page, i) => {
      page?.forEach((n, slot) => {
        if (n > 0) events.set(eventOf((i << PAGE_BITS) | slot), n);
      });
    });
    return events;
  }

  #newPage(i: number): Float64Array {
    const page = new Float64Array(PAGE);
    this.#pages[i] = page;
    return page;
  }
}
