/** k_list.c: 64 words and a bit scan, without and with a summary word over them. */
import { type BitmapWords, takeFlat, takeSummed } from '../../../intr/alloc/search/bitmap.ts';
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { bitHi, bitLo } from '../../../x86/word64.ts';
import { BITMAP, SOURCE } from '../layout.ts';

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

const AT_SUMMED = { empty: At.empty, mark: At.mark, none: At.leave };

/** The variables of a struct bpool. */
export function wordsOf(pool: Addr): BitmapWords {
  return { summary: pool + BITMAP.sum, table: pool + BITMAP.table, words: pool + BITMAP.words };
}

/** k_bmp_alloc(pool, kind). Returns the source, 0 if there is none. */
export function bitmapAlloc(core: Core, pool: BitmapWords, kind: number): Addr {
  core.at(At.enter);
  const tSource = takeFlat(core, At, pool);
  const source = core.lo;
  if (source !== 0) core.store32(source + SOURCE.kind, kind, NOW, tSource);
  core.ret();
  return source;
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
export function summaryAlloc(core: Core, pool: BitmapWords, kind: number): Addr {
  core.at(At.sum);
  const tSource = takeSummed(core, AT_SUMMED, pool);
  const source = core.lo;
  if (source !== 0) {
    core.store32(source + SOURCE.kind, kind, NOW, tSource);
    core.at(At.leave);
  }
  core.ret();
  return source;
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
