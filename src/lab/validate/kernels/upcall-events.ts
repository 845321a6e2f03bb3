/**
 * k_upcall.c with handlers: `lite`, the pointer chain from source to filter, and `full`, the dispatch with its
 * counters and locks. Compiled by gcc 12.2 -O2 -fno-omit-frame-pointer -fno-pie -mno-red-zone; the selector and
 * the word live on the stack.
 */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { lowestBitFrom } from '../../../x86/word64.ts';
import { PERCPU, SCAN, SOURCE, THREAD } from '../layout.ts';
import { dispatchLite, sourceExecute } from './dispatch.ts';
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

const file = new SourceFile('kernels/k_upcall.c', 'events');
const sizes = { group: 7, word: 7, ready: 16, served: 3, last: 3, after: 3, recheck: 9, drop: 4, empty: 2 };
const and = { ...sizes, clear: 12 };
const btr = { ...sizes, clear: 6 };
const SITES = {
  lite: [
    upcallSites(file.fn('k_upcall_lite_and'), { ...and, source: 5 }),
    upcallSites(file.fn('k_upcall_lite_btr'), { ...btr, source: 5 }),
  ],
  full: [
    upcallSites(file.fn('k_upcall_full_and'), { ...and, source: 6 }),
    upcallSites(file.fn('k_upcall_full_btr'), { ...btr, source: 6 }),
  ],
} as const;

const FRAME_BYTES = 0x28;
/** Locals below the frame pointer. */
const SELECTOR = 0x40;
const CURSOR = 0x34;
const WORD = 0x48;
const BASE = 0x38;

interface Locals {
  readonly at: (typeof SITES)['lite'][0];
  readonly btr: boolean;
  readonly full: boolean;
  readonly data: UpcallData;
  readonly scan: Addr;
  readonly rbp: Addr;
  readonly sel: Word;
  w: number;
  tW: Ready;
  bit: number;
  tBit: Ready;
}

/** k_upcall_lite_and, or with `full` the whole dispatch, with `btr` the other way to clear the bit. */
export function upcallEvents(core: Core, data: UpcallData, full: boolean, useBtr: boolean): void {
  const at = SITES[full ? 'full' : 'lite'][useBtr ? 1 : 0];
  const sel: Word = { lo: 0, hi: 0, t: NOW };
  core.at(at.enter);
  const rbp = core.sp - 8;
  const [scan, tScan] = enterScan(core, data, FRAME_BYTES, sel);
  const tW = core.load32(scan + SCAN.lastWord, tScan);
  const w = core.lo;
  const tBit = core.load32(scan + SCAN.lastBit, tScan);
  const bit = core.lo;
  const l: Locals = { at, btr: useBtr, full, data, scan, rbp, sel, w, tW, bit, tBit };
  core.store64(rbp - SELECTOR, sel.lo, sel.hi, sel.t);
  const tEmpty = core.alu(core.operand64(rbp - SELECTOR, NOW));
  core.store32(rbp - CURSOR, w, tW);
  let more = !core.jcc((sel.lo | sel.hi) === 0, tEmpty);
  core.free(1);
  while (more) {
    if (!nextWord(core, l)) continue;
    const left = serveWord(core, l);
    if (!core.branch((left.lo | left.hi) !== 0, left.t)) {
      core.at(at.drop);
      core.load8(rbp - WORD, NOW);
      core.free(1);
      const tMask = core.shift(l.tW);
      dropWord(sel, l.w, tMask);
      // An and with memory; what it costs is what any plain read-modify-write does.
      core.or64(rbp - SELECTOR, 0, 0, tMask);
    }
    core.at(at.more);
    const tLeft = core.alu(core.operand64(rbp - SELECTOR, NOW));
    core.free(1);
    l.bit = 63;
    l.tBit = NOW;
    more = core.jcc((sel.lo | sel.hi) !== 0, tLeft);
  }
  core.at(at.leave);
  leaveScan(core, FRAME_BYTES);
}

/** Goes to the next word of the selector; false when it wrapped and has to look again. */
function nextWord(core: Core, l: Locals): boolean {
  const { at, rbp, sel } = l;
  core.at(at.group);
  const tCursor = core.load32(rbp - CURSOR, NOW);
  core.free(1);
  core.store32(rbp - CURSOR, 63, NOW);
  const tFrom = core.shift(core.alu(tCursor));
  const tNext = core.alu(core.join(core.operand64(rbp - SELECTOR, NOW), tFrom));
  const next = lowestBitFrom(sel.lo, sel.hi, (l.w + 1) & 63);
  if (core.jcc(next < 0, tNext)) {
    core.at(at.wrap);
    core.free(1);
    core.jump();
    l.w = 63;
    l.bit = 63;
    l.tBit = NOW;
    return false;
  }
  core.at(at.word);
  l.w = next;
  l.tW = core.bitScan(sel.lo, sel.hi, tNext);
  core.free(1);
  core.store64(rbp - WORD, next, 0, l.tW);
  const tBase = core.shift(l.tW);
  core.store32(rbp - CURSOR, next, l.tW);
  core.store32(rbp - BASE, 64 * next, tBase);
  core.free(1);
  return true;
}

/** Serves the ports of a word; returns what is left of it in the end, its branch still to be made. */
function serveWord(core: Core, l: Locals): Word {
  const { at, btr: useBtr, data, rbp, scan, w } = l;
  for (;;) {
    core.at(at.ready);
    const tPage = core.load64(data.sharedPage, NOW);
    const page = core.lo;
    const enabled = enabledWord(core, scan, w, l.tW);
    const tFrom = core.shift(core.alu(l.tBit));
    core.free(5);
    const bits = readyBits(core, page, w, enabled, core.join(tPage, l.tW));
    const tAbove = core.alu(core.join(core.alu(bits.t), tFrom));
    const bit = lowestBitFrom(bits.lo, bits.hi, (l.bit + 1) & 63);
    if (core.jcc(bit < 0, tAbove)) {
      core.at(at.empty);
      const tW = core.load32(rbp - WORD, NOW);
      core.jump();
      return lookAgain(core, l, page, enabled, core.join(tPage, tW));
    }
    core.at(at.clear);
    const tBase = core.load32(rbp - BASE, NOW);
    core.free(2);
    l.bit = bit;
    l.tBit = core.bitScan(bits.lo, bits.hi, tAbove);
    const port = 64 * w + bit;
    const tPort = core.alu(core.join(tBase, l.tBit));
    const tClear = useBtr ? tPort : maskOf(core, tPort, tPage, true);
    clearPending(core, page, port, useBtr, core.join(tClear, tPage));
    core.at(at.source);
    const tSource = core.load64(data.portSources + 8 * port, tPort);
    const source = core.lo;
    if (!core.branch(source === 0, tSource)) {
      dispatch(core, l, source, tSource);
      core.at(at.served);
      const tCursor = core.load32(rbp - CURSOR, NOW);
      core.store32(scan + SCAN.lastBit, bit, l.tBit);
      core.store32(scan + SCAN.lastWord, w, tCursor);
    }
    core.at(at.last);
    core.free(1);
    if (!core.branch(bit !== 63, tAbove)) break;
  }
  core.at(at.after);
  const tW = core.load32(rbp - WORD, NOW);
  const tPage = core.load64(data.sharedPage, NOW);
  const page = core.lo;
  return lookAgain(core, l, page, enabledWord(core, scan, w, tW), core.join(tPage, tW));
}

/** The call of the dispatch, with what is loaded for it. */
function dispatch(core: Core, l: Locals, source: Addr, tSource: Ready): void {
  const { percpu } = l.data;
  if (l.full) {
    const tThread = core.load64(percpu + PERCPU.thread, NOW);
    core.load64(core.lo + THREAD.frame, tThread);
    core.call();
    sourceExecute(core, percpu, source, tSource);
  } else {
    const tEvent = core.load64(source + SOURCE.event, tSource);
    const event = core.lo;
    core.call();
    dispatchLite(core, event, tEvent);
  }
}

/** The re-check without its branch: lea, add, two loads, a move, and, not. */
function lookAgain(core: Core, l: Locals, page: Addr, enabled: Word, dep: Ready): Word {
  core.at(l.at.recheck);
  core.free(3);
  return readyBits(core, page, l.w, enabled, dep);
}
