/**
 * The modelled memory: one flat space of bytes that holds real values at real offsets, and the allocator that
 * places structures in it by name.
 *
 * Address 0 and its page are never handed out, so a null pointer is a fault here as it is in a kernel. Kernel
 * virtual and machine addresses are not told apart: what matters for timing is which line and page a byte is on.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr } from '../model/units.ts';
import { TEXT_BASE, TEXT_BYTES } from './sites.ts';

/** Bytes per cache line and per small page. */
export const LINE_BYTES = 64;
export const PAGE_BYTES = 4096;

/** An object that has bytes on a stretch of memory, and its fields there; no fields where they have no names. */
export interface Named {
  readonly object: string;
  readonly fields: string;
}

/** Names what stands in `from..to - 1` of a region: offsets from its start, within its size. */
export type Namer = (from: number, to: number) => readonly Named[];

/** A named stretch of memory; reports name addresses by it. */
export interface Region {
  readonly name: string;
  readonly start: Addr;
  readonly bytes: number;
  /** Names what stands in it; without one, its parts are named by their offsets. */
  readonly namer: Namer | undefined;
}

/** Bytes, and who placed what where. */
export class Memory {
  /** Size in bytes, a power of two. */
  readonly bytes: number;
  readonly words: Int32Array;
  readonly view8: Uint8Array;
  readonly view16: Uint16Array;
  readonly regions: Region[] = [];
  #next = TEXT_BASE + TEXT_BYTES;

  /** Bits of an address within a page, as the TLBs see it. */
  readonly pageBits: number;

  /**
   * @param megabytes size of the space, 8..1024, a power of two
   * @param pageBits size of its pages: 12 for 4 KiB, 21 for 2 MiB, 30 for 1 GiB
   */
  constructor(megabytes: number, pageBits = 21) {
    this.pageBits = pageBits;
    this.bytes = megabytes * 1024 * 1024;
    const buffer = new ArrayBuffer(this.bytes);
    this.words = new Int32Array(buffer);
    this.view8 = new Uint8Array(buffer);
    this.view16 = new Uint16Array(buffer);
  }

  /**
   * Places `bytes` bytes at the next multiple of `align` (a power of two) under a name.
   * Memory is zero. Running out is a ModelBug: sizes are bounded by the ABI.
   *
   * @param namer names what stands in it, for reports
   */
  place(name: string, bytes: number, align = 8, namer?: Namer): Addr {
    const start = (this.#next + align - 1) & -align;
    if (start + bytes > this.bytes) {
      throw new ModelBug('modelled memory is full', { name, bytes, used: this.#next, size: this.bytes });
    }
    this.#next = start + bytes;
    this.regions.push({ name, start, bytes, namer });
    return start;
  }

  /** As new: nothing is placed, every byte is zero. For guests made one after the other, which take most of their time to be given memory. */
  clear(): void {
    this.view8.fill(0, 0, this.#next);
    this.#next = TEXT_BASE + TEXT_BYTES;
    this.regions.length = 0;
  }

  /** The regions that have bytes in `from..to - 1`, by address. */
  regionsIn(from: Addr, to: Addr): Region[] {
    const { regions } = this;
    // Regions stand in the order in which they were placed: the first that ends behind `from`.
    let low = 0;
    let high = regions.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (regions[mid]!.start + regions[mid]!.bytes <= from) low = mid + 1;
      else high = mid;
    }
    const found: Region[] = [];
    for (let i = low; i < regions.length && regions[i]!.start < to; i++) found.push(regions[i]!);
    return found;
  }

  /** Sets up a 32-bit word without charging anybody: for building structures before time starts. */
  poke32(addr: Addr, value: number): void {
    this.words[addr >>> 2] = value;
  }

  /** Sets up a 64-bit word (low half, high half) without charging anybody. */
  poke64(addr: Addr, lo: number, hi = 0): void {
    this.words[addr >>> 2] = lo;
    this.words[(addr >>> 2) + 1] = hi;
  }

  /** Reads a 32-bit word without charging anybody: for tests, oracles and reports only. */
  peek32(addr: Addr): number {
    return this.words[addr >>> 2]!;
  }
}
