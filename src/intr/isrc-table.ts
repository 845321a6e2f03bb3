/** The isrcs of a guest, as far as the model must know them beside the modelled memory. */
import { usageError } from '../model/errors.ts';
import type { Addr, Ready } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import { PORTS } from '../xen/abi.ts';
import { FIRST_EVTCHN_IRQ, type KernelImage } from './kernel-image.ts';
import type { XenIsrcLayout } from './layout.ts';
import type { GenerationId } from './source-files.ts';

/** The isrcs created so far; none is ever freed, as in the kernel. */
export class IsrcTable {
  readonly image: KernelImage;
  readonly layout: XenIsrcLayout;
  readonly generation: GenerationId;
  #lastEvent: Addr = 0;
  #count = 0;

  constructor(image: KernelImage, layout: XenIsrcLayout, generation: GenerationId) {
    this.image = image;
    this.layout = layout;
    this.generation = generation;
  }

  /** Number of isrcs ever created: the high-water mark of the population. */
  get count(): number {
    return this.#count;
  }

  /** Takes the next vector, under the lock that protects the count. Returns its index, 0..4095; a UserError if there is none. */
  claim(): number {
    if (this.#count >= PORTS)
      throw usageError(
        `a bind needs a new isrc, and ${this.#count} were created, the most there can be; a strategy that keeps unused ones where not every CPU can get them (magazine) needs fewer ports or vCPUs`,
      );
    return this.#count++;
  }

  /** The event created last: the tail of the kernel's list of events; 0 if there is none. */
  get lastEvent(): Addr {
    return this.#lastEvent;
  }

  /** An event is the tail now. Its back pointer is on the line of the link that was just stored. Not charged. */
  linkEvent(event: Addr): void {
    this.image.memory.poke64(event + 8, this.#lastEvent);
    this.#lastEvent = event;
  }

  /**
   * TAILQ_REMOVE from the list of events; the caller holds its lock. What is in front of the first of these, in a
   * kernel an event of another driver, is left out.
   *
   * @param tEvent when the address of the event is known
   */
  unlinkEvent(core: Core, event: Addr, tEvent: Ready): void {
    const tNext = core.load64(event, tEvent);
    const next = core.lo;
    const tBefore = core.load64(event + 8, tEvent);
    const before = core.lo;
    if (core.branch(next !== 0, tNext)) core.store64(next + 8, before, 0, tBefore, tNext);
    else this.#lastEvent = before;
    if (before !== 0) core.store64(before, next, 0, tNext, tBefore);
  }

  /** Slot of the table of vectors for the isrc of that index. */
  slot(index: number): Addr {
    return this.image.interruptSources + 8 * (FIRST_EVTCHN_IRQ + index);
  }
}
