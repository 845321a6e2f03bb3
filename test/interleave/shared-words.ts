/**
 * Which 32-bit words of the modelled memory are shared: those that two actors access and one of them writes.
 *
 * They are found, not listed: exploration starts with none, every access is noted, and whenever a word turns out
 * to be shared it is added and exploration starts again. When it ends without finding one, no order of accesses
 * to the other words could have made a difference.
 */
import type { Addr } from '../../src/model/units.ts';
import type { Memory } from '../../src/x86/memory.ts';
import { within } from '../../src/x86/names.ts';

/** The shared words of a system, in the order in which they were found. */
export class SharedWords {
  /** Index of each word, by position in the world's state. */
  readonly words: number[] = [];
  /** Words found to be shared that are not among `words` yet. */
  readonly found = new Set<number>();
  readonly #memory: Memory;
  readonly #place = new Map<number, number>();
  /** By word: a bit for each actor that read it, and 16 higher for each that wrote it. */
  readonly #users = new Map<number, number>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Position of a word among the shared, or -1. */
  place(word: number): number {
    return this.#place.get(word) ?? -1;
  }

  /** Whether an access is to a shared word; a pair of which one is shared is made shared. */
  has(word: number, second: number): boolean {
    const a = this.#place.has(word);
    if (second < 0) return a;
    const b = this.#place.has(second);
    if (a && !b) this.found.add(second);
    if (b && !a) this.found.add(word);
    return a || b;
  }

  /** Notes an access. */
  touched(word: number, actor: number, writes: boolean): void {
    const before = this.#users.get(word) ?? 0;
    const after = before | (1 << actor) | (writes ? 1 << (16 + actor) : 0);
    if (after === before) return;
    this.#users.set(word, after);
    const users = (after | (after >>> 16)) & 0xffff;
    const writers = after >>> 16;
    if (writers !== 0 && (users & (users - 1)) !== 0 && !this.#place.has(word)) this.found.add(word);
  }

  /** Adds what was found; returns whether there was anything. */
  addFound(): boolean {
    if (this.found.size === 0) return false;
    for (const word of [...this.found].sort((a, b) => a - b)) {
      this.#place.set(word, this.words.length);
      this.words.push(word);
    }
    this.found.clear();
    return true;
  }

  /** The name of an address, for the reader. */
  nameOf(addr: Addr): string {
    const [region] = this.#memory.regionsIn(addr, addr + 4);
    if (region === undefined) return `0x${addr.toString(16)}`;
    const at = addr - region.start;
    const [named] = region.namer?.(at, at + 4) ?? [];
    if (named === undefined) return within(region.name, at);
    return named.fields === '' ? named.object : `${named.object}: ${named.fields}`;
  }
}
