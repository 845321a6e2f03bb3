/** k_list.c: 64 words and a bit scan, without and with a summary word over them. */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { bitHi, bitLo, lowestBitFrom } from '../../../x86/word64.ts';
import { BITMAP, SOURCE } from '../layout.ts';

const WORDS = 64;

const file = new SourceFile('kernels/k_list.c', 'bitmap');
const bmp = file.fn('k_bmp_alloc');
const bmpFreeFn = file.fn('k_bmp_free');
const hbmp = file.fn('k_hbmp_alloc');
const hbmpFreeFn = file.fn('k_hbmp_free');
const At = {
  enter: bmp.site('entry', 2),
  step: bmp.site('next word', 3),
  word: bmp.site('word empty?', 3),
  take: bmp.site('first bit, table, mark as used, return', 12),
  none: bmp.site('return 0', 1),
  free: bmpFreeFn.site('mark as unused, set the bit, return', 11),
  sum: hbmp.site('summary word, first word', 14),
  empty: hbmp.site('word now empty: clear its summary bit', 3),
  mark: hbmp.site('first bit, table, mark as used', 7),
  leave: hbmp.site('return', 1),
  sumFree: hbmpFreeFn.site('mark as unused, set both bits, return', 15),
};

/** k_bmp_alloc(pool, kind). Returns the source, 0 if there is none. */
export function bitmapAlloc(core: Core, pool: Addr, kind: number): Addr {
  core.at(At.enter);
  core.free(1);
  core.jump();
  let tW = NOW;
  for (let w = 0; ; ) {
    core.at(At.word);
    const tWord = core.load64(pool + BITMAP.words + 8 * w, tW);
    const { lo, hi } = core;
    if (!core.branch((lo | hi) === 0, tWord)) {
      core.at(At.take);
      const tLess = core.alu(tWord);
      core.free(1);
      const tBase = core.shift(tW);
      const tRest = core.alu(core.join(tLess, tWord));
      const bit = lowestBitFrom(lo, hi, 0);
      const tBit = core.bitScan(lo, hi, tWord);
      const tIndex = core.alu(core.join(tBase, tBit));
      const tTable = core.load64(pool + BITMAP.table, NOW);
      const table = core.lo;
      core.store64(pool + BITMAP.words + 8 * w, lo & ~bitLo(bit), hi & ~bitHi(bit), tRest, tW);
      core.free(1);
      return mark(core, table + 8 * (64 * w + bit), core.join(tTable, tIndex), kind, true);
    }
    core.at(At.step);
    tW = core.alu(tW);
    w++;
    if (core.branch(w === WORDS, tW)) break;
  }
  core.at(At.none);
  core.ret();
  return 0;
}

/** k_bmp_free(pool, index). */
export function bitmapFree(core: Core, pool: Addr, index: number): void {
  core.at(At.free);
  const tWord = unmark(core, pool, index);
  core.free(1);
  const tBit = core.shift(NOW);
  const { lo, hi } = wordBit(index & 63);
  core.or64(pool + BITMAP.words + 8 * (index >>> 6), lo, hi, core.join(tWord, tBit));
  core.free(1);
  core.ret();
}

/** k_hbmp_alloc(pool, kind). Returns the source, 0 if there is none. */
export function summaryAlloc(core: Core, pool: Addr, kind: number): Addr {
  core.at(At.sum);
  const tSum = core.load64(pool + BITMAP.sum, NOW);
  const sumLo = core.lo;
  const sumHi = core.hi;
  core.free(2);
  if (core.branch((sumLo | sumHi) === 0, tSum)) {
    core.at(At.leave);
    core.ret();
    return 0;
  }
  core.free(1);
  const w = lowestBitFrom(sumLo, sumHi, 0);
  const tW = core.bitScan(sumLo, sumHi, tSum);
  core.free(1);
  const tSlot = core.alu(tW);
  const tWord = core.load64(pool + BITMAP.words + 8 * w, tSlot);
  const { lo, hi } = core;
  const bit = lowestBitFrom(lo, hi, 0);
  const rest = { lo: lo & ~bitLo(bit), hi: hi & ~bitHi(bit) };
  const tRest = core.alu(core.join(core.alu(tWord), tWord));
  core.store64(pool + BITMAP.words + 8 * w, rest.lo, rest.hi, tRest, tSlot);
  if (!core.jcc((rest.lo | rest.hi) !== 0, tRest)) {
    core.at(At.empty);
    const tLeft = core.alu(core.join(core.alu(tSum), tSum));
    core.store64(pool + BITMAP.sum, sumLo & ~bitLo(w), sumHi & ~bitHi(w), tLeft);
  }
  core.at(At.mark);
  const tBit = core.bitScan(lo, hi, tWord);
  const tBase = core.shift(tW);
  const tTable = core.load64(pool + BITMAP.table, NOW);
  const table = core.lo;
  const tIndex = core.alu(core.join(tBase, tBit));
  core.free(1);
  return mark(core, table + 8 * (64 * w + bit), core.join(tTable, tIndex), kind, false);
}

/** k_hbmp_free(pool, index). */
export function summaryFree(core: Core, pool: Addr, index: number): void {
  core.at(At.sumFree);
  const tWord = unmark(core, pool, index);
  core.free(2);
  const tBit = core.shift(NOW);
  core.free(1);
  const word = wordBit(index & 63);
  core.or64(pool + BITMAP.words + 8 * (index >>> 6), word.lo, word.hi, core.join(tWord, tBit));
  const tSum = core.shift(tWord);
  const sum = wordBit(index >>> 6);
  core.or64(pool + BITMAP.sum, sum.lo, sum.hi, tSum);
  core.free(1);
  core.ret();
}

/** Loads the source from its slot, stores its kind, returns it; the summary's return is a site of its own. */
function mark(core: Core, slot: Addr, dep: Ready, kind: number, flat: boolean): Addr {
  const tSource = core.load64(slot, dep);
  const source = core.lo;
  core.store32(source + SOURCE.kind, kind, NOW, tSource);
  if (!flat) core.at(At.leave);
  core.ret();
  return source;
}

/** Six instructions: table, copies of the index, its word, the source, kind := 0. When the word's number is known. */
function unmark(core: Core, pool: Addr, index: number): Ready {
  const tTable = core.load64(pool + BITMAP.table, NOW);
  const table = core.lo;
  core.free(2);
  const tWord = core.shift(NOW);
  const tSource = core.load64(table + 8 * index, tTable);
  core.store32(core.lo + SOURCE.kind, 0, NOW, tSource);
  return tWord;
}

function wordBit(bit: number): { lo: number; hi: number } {
  return { lo: bitLo(bit), hi: bitHi(bit) };
}
