/** The isrcs of a guest, as far as the model must know them beside the modelled memory. */
import { ModelBug } from '../model/errors.ts';
import type { Addr } from '../model/units.ts';
import { PORTS } from '../xen/abi.ts';
import { FIRST_EVTCHN_IRQ, type KernelImage } from './kernel-image.ts';
import type { XenIsrcLayout } from './layout.ts';
import type { GenerationId } from './source-files.ts';

/** The isrcs created so far; none is ever freed, as in the kernel. */
export class IsrcTable {
  readonly image: KernelImage;
  readonly layout: XenIsrcLayout;
  readonly generation: GenerationId;
  /** The event created last: the tail of the kernel's list of events. */
  lastEvent: Addr = 0;
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

  /** Takes the next vector, under the lock that protects the count. Returns its index, 0..4095. */
  claim(): number {
    if (this.#count >= PORTS) throw new ModelBug('more isrcs than ports', { count: this.#count });
    return this.#count++;
  }

  /** Slot of the table of vectors for the isrc of that index. */
  slot(index: number): Addr {
    return this.image.interruptSources + 8 * (FIRST_EVTCHN_IRQ + index);
  }
}
