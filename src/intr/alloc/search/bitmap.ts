/**
 * 64 words of unused isrcs and a bit scan, without and with a summary word over them, as the instructions between
 * the locks: what bitmap and bitmap2 do, and what the kernels of the ground truth do that were measured
 * (src/lab/validate/kernels/bitmap.ts). Both return the lowest-numbered.
 */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { bitHi, bitLo, lowestBitFrom } from '../../../x86/word64.ts';

/** Words of the bitmap. */
export const WORDS = 64;

/** Addresses of the variables of a search. */
export interface BitmapWords {
  /** The word of bits that say which words have bits; not used by the flat search. */
  readonly summary: Addr;
  /** Pointer to the table of isrcs by number. */
  readonly table: Addr;
  /** The 64 words. */
  readonly words: Addr;
}

/** Sites of the flat search. */
export interface FlatSites {
  readonly step: number;
  readonly word: number;
  readonly take: number;
  readonly none: number;
}

/** Sites of the search with a summary. */
export interface SummarySites {
  readonly empty: number;
  readonly mark: number;
  readonly none: number;
}

/**
 * The first word that is not 0, its lowest bit taken out, the isrc of that number. The isrc, 0 for none, is left in
 * `core.lo`. The caller is at the site of the entry, and returns.
 *
 * @returns when the isrc is known
 */
export function takeFlat(core: Core, at: FlatSites, pool: BitmapWords): Ready {
  core.free(1);
  core.jump();
  let tW = NOW;
  for (let w = 0; ; ) {
    core.at(at.word);
    const slot = pool.words + 8 * w;
    const tWord = core.load64(slot, tW);
    const { lo, hi } = core;
    if (!core.branch((lo | hi) === 0, tWord)) {
      core.at(at.take);
      const tLess = core.alu(tWord);
      core.free(1);
      const tBase = core.shift(tW);
      const tRest = core.alu(core.join(tLess, tWord));
      const bit = lowestBitFrom(lo, hi, 0);
      const tBit = core.bitScan(lo, hi, tWord);
      const tIndex = core.alu(core.join(tBase, tBit));
      const tTable = core.load64(pool.table, NOW);
      const table = core.lo;
      core.store64(slot, lo & ~bitLo(bit), hi & ~bitHi(bit), tRest, tW);
      core.free(1);
      return core.load64(table + 8 * (64 * w + bit), core.join(tTable, tIndex));
    }
    core.at(at.step);
    tW = core.alu(tW);
    w++;
    if (core.branch(w === WORDS, tW)) break;
  }
  core.at(at.none);
  core.lo = 0;
  return NOW;
}

/**
 * The first bit of the summary, the lowest bit of its word taken out, the isrc of that number. The isrc, 0 for none,
 * is left in `core.lo`. The caller is at the site of the summary, and returns.
 *
 * @returns when the isrc is known
 */
export function takeSummed(core: Core, at: SummarySites, pool: BitmapWords): Ready {
  const tSum = core.load64(pool.summary, NOW);
  const sumLo = core.lo;
  const sumHi = core.hi;
  core.free(2);
  if (core.branch((sumLo | sumHi) === 0, tSum)) {
    core.at(at.none);
    core.lo = 0;
    return NOW;
  }
  core.free(1);
  const w = lowestBitFrom(sumLo, sumHi, 0);
  const tW = core.bitScan(sumLo, sumHi, tSum);
  core.free(1);
  const tSlot = core.alu(tW);
  const slot = pool.words + 8 * w;
  const tWord = core.load64(slot, tSlot);
  const { lo, hi } = core;
  const bit = lowestBitFrom(lo, hi, 0);
  const restLo = lo & ~bitLo(bit);
  const restHi = hi & ~bitHi(bit);
  const tRest = core.alu(core.join(core.alu(tWord), tWord));
  core.store64(slot, restLo, restHi, tRest, tSlot);
  if (!core.jcc((restLo | restHi) !== 0, tRest)) {
    core.at(at.empty);
    const tLeft = core.alu(core.join(core.alu(tSum), tSum));
    core.store64(pool.summary, sumLo & ~bitLo(w), sumHi & ~bitHi(w), tLeft);
  }
  core.at(at.mark);
  const tBit = core.bitScan(lo, hi, tWord);
  const tBase = core.shift(tW);
  const tTable = core.load64(pool.table, NOW);
  const table = core.lo;
  const tIndex = core.alu(core.join(tBase, tBit));
  core.free(1);
  return core.load64(table + 8 * (64 * w + bit), core.join(tTable, tIndex));
}
