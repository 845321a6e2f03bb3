/**
 * Interrupt sources and the events behind them, as they lie in memory. `create` builds one without charging;
 * the charged path to it is `xenIntrAllocIsrc` in alloc-isrc.ts.
 */
import type { Addr } from '../model/units.ts';
import type { KernelImage } from './kernel-image.ts';
import { FIRST_EVTCHN_IRQ } from './kernel-image.ts';
import { EVENT, INTSRC, MTX_LOCK, MTX_UNOWNED, XENISRC_BUCKET, type XenIsrcLayout } from './layout.ts';

/** The isrcs created so far; none is ever freed, as in the kernel. */
export class IsrcTable {
  readonly image: KernelImage;
  readonly layout: XenIsrcLayout;
  readonly #isrcs: Addr[] = [];

  constructor(image: KernelImage, layout: XenIsrcLayout) {
    this.image = image;
    this.layout = layout;
  }

  /** Number of isrcs ever created: the high-water mark of the population. */
  get count(): number {
    return this.#isrcs.length;
  }

  /** Address of the isrc of that index (vector minus the first event-channel vector). */
  at(index: number): Addr {
    return this.#isrcs[index]!;
  }

  /** Memory for the next isrc, from its malloc bucket. */
  reserve(): Addr {
    return this.image.malloc(XENISRC_BUCKET);
  }

  /**
   * Makes reserved memory the next isrc, with its event: links, vector and counter set, type unbound, in the
   * table of vectors. The charged stores of `createIsrc` repeat the ones that matter for timing.
   */
  register(isrc: Addr): void {
    const { image, layout } = this;
    const { memory } = image;
    const index = this.#isrcs.length;
    const vector = FIRST_EVTCHN_IRQ + index;
    const event = image.malloc(EVENT.bucket);
    const counter = image.intrcnt + 8 * (1 + 2 * index);
    memory.poke64(isrc + INTSRC.pic, image.pic);
    memory.poke64(isrc + INTSRC.event, event);
    memory.poke64(isrc + INTSRC.count, counter);
    memory.poke64(isrc + INTSRC.straycount, counter + 8);
    memory.poke32(isrc + INTSRC.index, vector);
    memory.poke32(isrc + layout.vector, vector);
    memory.poke64(event + EVENT.source, isrc);
    memory.poke64(event + EVENT.lockObject + MTX_LOCK, MTX_UNOWNED);
    memory.poke64(image.interruptSources + 8 * vector, isrc);
    memory.poke32(image.statics.autoVectorCount, index + 1);
    this.#isrcs.push(isrc);
  }
}
