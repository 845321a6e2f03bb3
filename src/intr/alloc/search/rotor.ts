/**
 * Next fit over the table of isrcs, as the instructions between the locks: what next-fit does, and what the kernel
 * k_rotor of the ground truth does that was measured (src/lab/validate/kernels/rotor.ts).
 */
import type { Addr } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';

/** Sites of the search. */
export interface NextFitSites {
  readonly test: number;
  readonly step: number;
  readonly none: number;
  readonly take: number;
}

/** Addresses of the variables of the search. */
export interface NextFitWords {
  /** Number of isrcs. */
  readonly count: Addr;
  /** Place where the search begins, 0..count - 1. */
  readonly rotor: Addr;
  /** Pointer to the table of vectors. */
  readonly table: Addr;
  /** First vector of the isrcs. */
  readonly first: Addr;
}

/**
 * From the place where the last search ended, over all isrcs, to the first whose word at `type` is 0; it becomes
 * `taken`. The caller is at the site of the entry, and returns.
 *
 * @returns the isrc, 0 if there is none
 */
export function nextFit(
  core: Core,
  at: NextFitSites,
  words: NextFitWords,
  type: number,
  taken: number,
): Addr {
  const tCount = core.load32(words.count, NOW);
  const count = core.lo;
  let tI = core.load32(words.rotor, NOW);
  let i = core.lo;
  let more = !core.branch(count === 0, tCount);
  if (more) {
    const tTable = core.load64(words.table, NOW);
    const table = core.lo;
    const tFirst = core.load32(words.first, NOW);
    const slots = table + 8 * core.lo;
    core.free(3);
    let left = count;
    let tLeft = tCount;
    while (more) {
      core.at(at.test);
      const tSlot = core.alu(core.join(tFirst, tI));
      const tNext = core.alu(tI);
      const tIsrc = core.load64(slots + i * 8, core.join(tTable, tSlot));
      const isrc = core.lo;
      i = i + 1 === count ? 0 : i + 1;
      const tEnd = core.alu(core.join(tNext, tCount));
      tI = core.alu(tEnd);
      if (!core.branch(isrc === 0, tIsrc)) {
        const tType = core.load32(isrc + type, tIsrc);
        if (core.branch(core.lo === 0, tType)) {
          core.at(at.take);
          core.store32(words.rotor, i, tI);
          core.store32(isrc + type, taken, NOW, tIsrc);
          return isrc;
        }
      }
      core.at(at.step);
      tLeft = core.alu(tLeft);
      left--;
      more = core.jcc(left !== 0, tLeft);
    }
  }
  core.at(at.none);
  core.free(1);
  return 0;
}
