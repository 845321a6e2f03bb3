/**
 * k_upcall.c without handlers: the two-level pending scan with the lookup of each port's source. Compiled by
 * gcc 12.2 -O2 -fno-omit-frame-pointer -fno-pie -mno-red-zone; the cursors stay in registers.
 */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { lowestBitFrom } from '../../../x86/word64.ts';
import { SCAN } from '../layout.ts';
import {
  clearPending,
  dropWord,
  enabledWord,
  enterScan,
  leaveScan,
  maskOf,
  readyBits,
  type UpcallData,
  upcallSites,
  type Word,
} from './upcall-parts.ts';

const file = new SourceFile('kernels/k_upcall.c', 'bare');
const sizes = { group: 6, ready: 12, source: 3, served: 2, last: 2, after: 4, drop: 5 };
const AND = upcallSites(file.fn('k_upcall_bare_and'), { ...sizes, word: 9, clear: 12, recheck: 9, empty: 3 });
const BTR = upcallSites(file.fn('k_upcall_bare_btr'), { ...sizes, word: 13, clear: 5, recheck: 8, empty: 4 });

/** What the function keeps in registers and on its stack. */
interface Locals {
  readonly at: typeof AND;
  readonly btr: boolean;
  readonly data: UpcallData;
  readonly scan: Addr;
  /** Where the selector and (with btr) the word's number are saved. */
  readonly savedSelector: Addr;
  readonly savedWord: Addr;
  readonly sel: Word;
  w: number;
  tW: Ready;
  bit: number;
  tBit: Ready;
}

/** k_upcall_bare_and or, with `btr`, k_upcall_bare_btr. */
export function upcallBare(core: Core, data: UpcallData, btr: boolean): void {
  const at = btr ? BTR : AND;
  const bytes = btr ? 0x10 : 8;
  const sel: Word = { lo: 0, hi: 0, t: NOW };
  core.at(at.enter);
  const rbp = core.sp - 8;
  const [scan, tScan] = enterScan(core, data, bytes, sel);
  core.free(2);
  const tW = core.load32(scan + SCAN.lastWord, tScan);
  const w = core.lo;
  const tBit = core.load32(scan + SCAN.lastBit, tScan);
  const bit = core.lo;
  const saved = { savedSelector: rbp - (btr ? 0x38 : 0x30), savedWord: rbp - 0x30 };
  const l: Locals = { at, btr, data, scan, ...saved, sel, w, tW, bit, tBit };
  let more = !core.branch((sel.lo | sel.hi) === 0, sel.t);
  core.free(1);
  while (more) {
    if (!nextWord(core, l)) continue;
    const left = serveWord(core, l);
    if (!core.branch((left.lo | left.hi) !== 0, left.t)) {
      core.at(at.drop);
      core.free(1);
      if (btr) core.load8(l.savedWord, NOW);
      else core.free(1);
      const tMask = core.alu(core.shift(l.tW));
      dropWord(sel, l.w, core.alu(core.join(tMask, sel.t)));
    }
    core.at(at.more);
    core.free(1);
    l.bit = 63;
    l.tBit = NOW;
    more = core.branch((sel.lo | sel.hi) !== 0, sel.t);
  }
  core.at(at.leave);
  leaveScan(core, bytes);
}

/** Goes to the next word of the selector; false when it wrapped and has to look again. */
function nextWord(core: Core, l: Locals): boolean {
  const { at, btr, sel } = l;
  core.at(at.group);
  const tFrom = core.shift(core.alu(l.tW));
  core.free(2);
  const tNext = core.alu(core.join(tFrom, sel.t));
  const next = lowestBitFrom(sel.lo, sel.hi, (l.w + 1) & 63);
  if (core.jcc(next < 0, tNext)) {
    core.at(at.wrap);
    core.free(1);
    core.jump();
    l.w = 63;
    l.bit = 63;
    l.tW = NOW;
    l.tBit = NOW;
    return false;
  }
  core.at(at.word);
  l.w = next;
  l.tW = core.bitScan(sel.lo, sel.hi, tNext);
  core.store64(l.savedSelector, sel.lo, sel.hi, sel.t);
  if (btr) core.store64(l.savedWord, next, 0, l.tW);
  core.shift(l.tW);
  core.alu(l.tW);
  core.alu(l.tW);
  core.free(btr ? 7 : 4);
  return true;
}

/** Serves the ports of a word; returns what is left of it in the end, its branch still to be made. */
function serveWord(core: Core, l: Locals): Word {
  const { at, btr, data, scan, sel, w } = l;
  for (;;) {
    core.at(at.ready);
    const tPage = core.load64(data.sharedPage, NOW);
    const page = core.lo;
    const enabled = enabledWord(core, scan, w, l.tW);
    const tFrom = core.shift(core.alu(l.tBit));
    core.free(1);
    const bits = readyBits(core, page, w, enabled, core.join(tPage, l.tW));
    const tAbove = core.alu(core.join(core.alu(bits.t), tFrom));
    const bit = lowestBitFrom(bits.lo, bits.hi, (l.bit + 1) & 63);
    if (core.jcc(bit < 0, tAbove)) {
      core.at(at.empty);
      sel.t = core.load64(l.savedSelector, NOW);
      if (btr) core.load32(l.savedWord, NOW);
      core.free(1);
      core.jump();
      return lookAgain(core, l, page, enabled, tPage);
    }
    core.at(at.clear);
    core.free(2);
    l.bit = bit;
    l.tBit = core.bitScan(bits.lo, bits.hi, tAbove);
    const port = 64 * w + bit;
    const tPort = core.alu(l.tBit);
    const tClear = btr ? tPort : maskOf(core, tPort, tPage, false);
    clearPending(core, page, port, btr, core.join(tClear, tPage));
    core.at(at.source);
    const tSource = core.load64(data.portSources + 8 * port, tPort);
    if (!core.branch(core.lo === 0, tSource)) {
      core.at(at.served);
      core.store32(scan + SCAN.lastWord, w, l.tW);
      core.store32(scan + SCAN.lastBit, bit, l.tBit);
    }
    core.at(at.last);
    if (!core.branch(bit !== 63, tAbove)) break;
  }
  core.at(at.after);
  sel.t = core.load64(l.savedSelector, NOW);
  if (btr) core.load32(l.savedWord, NOW);
  else core.free(1);
  const tPage = core.load64(data.sharedPage, NOW);
  const page = core.lo;
  return lookAgain(core, l, page, enabledWord(core, scan, w, l.tW), tPage);
}

/** The re-check without its branch: lea, add, two loads, and, not; without btr a move. */
function lookAgain(core: Core, l: Locals, page: Addr, enabled: Word, tPage: Ready): Word {
  core.at(l.at.recheck);
  core.free(l.btr ? 2 : 3);
  return readyBits(core, page, l.w, enabled, core.join(tPage, l.tW));
}
