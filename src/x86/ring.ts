/**
 * A queue of the pipeline whose entries are given back in order: reorder buffer, registers, load queue, store
 * queue. The cycle at which each entry is free again is kept in a ring; the entry a newcomer needs is the one
 * handed out `entries` places ago.
 */
import { ModelBug } from '../model/errors.ts';
import type { Ready } from '../model/units.ts';

const SIZE = 1024;
const MASK = SIZE - 1;

/** Release cycles of a queue's entries. */
export class Ring {
  readonly #entries: number;
  readonly #until = new Int32Array(SIZE);
  #count = 0;

  /** @param entries 1..1024 */
  constructor(entries: number) {
    if (entries < 1 || entries > SIZE) throw new ModelBug('queue size', { entries });
    this.#entries = entries;
  }

  /** First cycle at which there is room for another. */
  get free(): Ready {
    return this.#until[(this.#count - this.#entries) & MASK]!;
  }

  /** Enters one that leaves at `until`. */
  add(until: Ready): void {
    this.#until[this.#count & MASK] = until;
    this.#count = (this.#count + 1) & 0x3fffffff;
  }

  /** Everything has left: the core's relative time starts again. */
  clear(): void {
    this.#until.fill(0);
  }
}
