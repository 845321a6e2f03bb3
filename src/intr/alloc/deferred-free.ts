/**
 * Memory that is freed only when no CPU can be using it any more: an upcall on another CPU may have fetched an isrc
 * just before its port was closed (fact sheet on FreeBSD, section 7, item 7). FreeBSD's epoch(9) and Linux's RCU end
 * such a grace period from the clock tick, and a guest's is 100 Hz (HZ_VM of sys/kern/subr_param.c; guessed, not looked up), so here it takes
 * one tick. A guest with one vCPU frees at once: its upcalls end before the thread that frees goes on.
 */
import type { Addr, Cycle } from '../../model/units.ts';
import type { Core } from '../../x86/core.ts';
import type { KernelImage } from '../kernel-image.ts';

/** Ticks a second. */
const HZ = 100;

/** Objects in the order in which they were given up. */
export class DeferredFree {
  readonly #image: KernelImage;
  readonly #objects: Addr[] = [];
  readonly #buckets: number[] = [];
  readonly #cycles: Cycle[] = [];
  /** The first of them that is not free yet. */
  #next = 0;

  constructor(image: KernelImage) {
    this.#image = image;
  }

  /** Gives an object of a malloc bucket up. Not charged. */
  giveUp(core: Core, bucket: number, object: Addr): void {
    if (this.#image.vcpuInfo.length === 1) {
      this.#image.free(bucket, object);
      return;
    }
    this.#objects.push(object);
    this.#buckets.push(bucket);
    this.#cycles.push(core.now);
  }

  /** Frees what was given up a grace period ago. Not charged. */
  settle(core: Core): void {
    const before = core.now - Math.ceil(core.machine.n.clockHz / HZ);
    while (this.#next < this.#objects.length && this.#cycles[this.#next]! <= before) {
      this.#image.free(this.#buckets[this.#next]!, this.#objects[this.#next]!);
      this.#next++;
    }
    if (this.#next < 1024) return;
    for (const list of [this.#objects, this.#buckets, this.#cycles]) list.splice(0, this.#next);
    this.#next = 0;
  }
}
