/** How often each event was seen: counts in arrays that are made when an event of their subclass comes. */
import { EVENT_SLOTS, IDS_OF_CLASS } from './record.ts';

/** Slots counted in one array: those of a subclass. */
const PAGE = 1 << 12;

/** Counts by event. */
export class EventCounts {
  readonly #pages: Array<Float64Array | undefined> = new Array(EVENT_SLOTS / PAGE).fill(undefined);

  /** Counts one event by its slot (`slotOf`). */
  add(slot: number): void {
    const number = slot >>> 12;
    let page = this.#pages[number];
    if (page === undefined) {
      page = new Float64Array(PAGE);
      this.#pages[number] = page;
    }
    page[slot & (PAGE - 1)]!++;
  }

  /** Counts of those that were seen, by id. */
  byEvent(): Map<number, number> {
    const events = new Map<number, number>();
    this.#pages.forEach((page, number) => {
      page?.forEach((n, i) => {
        if (n > 0) events.set(eventOf(number * PAGE + i), n);
      });
    });
    return events;
  }
}

/** The event with a slot. */
function eventOf(slot: number): number {
  return ((1 << Math.floor(slot / IDS_OF_CLASS)) << 16) | (slot % IDS_OF_CLASS);
}
