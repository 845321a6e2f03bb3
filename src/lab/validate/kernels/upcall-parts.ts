/** k_upcall.c: what all six compilations of the pending scan share. */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import type { CodeFunction } from '../../../x86/sites.ts';
import { bitHi, bitLo } from '../../../x86/word64.ts';
import { PERCPU, SCAN, SHARED, VCPU } from '../layout.ts';

/** Where the data of an upcall is. */
export interface UpcallData {
  /** The global that points to the shared page. */
  readonly sharedPage: Addr;
  readonly portSources: Addr;
  readonly percpu: Addr;
}

/** Instructions of each part of one compilation. */
export interface PartSizes {
  readonly group: number;
  readonly word: number;
  readonly ready: number;
  readonly clear: number;
  readonly source: number;
  readonly served: number;
  readonly last: number;
  readonly after: number;
  readonly recheck: number;
  readonly drop: number;
  readonly empty: number;
}

/** The sites of one compilation, in the order in which they stand in its text. */
export function upcallSites(fn: CodeFunction, sizes: PartSizes) {
  return {
    enter: fn.site('entry, exchange of the selector, cursors', 20),
    group: fn.site('next word from the cursor', sizes.group),
    word: fn.site('keep the word', sizes.word),
    ready: fn.site('pending & ~mask & enabled from the cursor', sizes.ready),
    clear: fn.site('first bit, clear it', sizes.clear),
    source: fn.site('source of the port', sizes.source),
    served: fn.site('store the cursors', sizes.served),
    last: fn.site('bit 63 served?', sizes.last),
    after: fn.site('the word once more', sizes.after),
    recheck: fn.site('anything left in the word?', sizes.recheck),
    drop: fn.site('drop the word from the selector', sizes.drop),
    more: fn.site('selector empty?', 3),
    leave: fn.site('return', 9),
    empty: fn.site('nothing left: reload', sizes.empty),
    wrap: fn.site('wrap to word 0', 2),
  };
}

/** A 64-bit value and when it is known. */
export interface Word {
  lo: number;
  hi: number;
  t: Ready;
}

/** Entry up to the exchange: frame, scan state, vcpu, flag. Thirteen instructions. Returns the state's pointer. */
export function enterScan(core: Core, data: UpcallData, locals: number, sel: Word): readonly [Addr, Ready] {
  core.push(6);
  core.free(2);
  core.frame(locals);
  const tScan = core.load64(data.percpu + PERCPU.scan, NOW);
  const scan = core.lo;
  const tVcpu = core.load64(scan + SCAN.vcpu, tScan);
  const vcpu = core.lo;
  core.store8(vcpu + VCPU.upcallPending, 0, NOW, tVcpu);
  sel.t = core.xchg64(vcpu + VCPU.selector, 0, 0, tVcpu);
  sel.lo = core.lo;
  sel.hi = core.hi;
  return [scan, tScan];
}

/** The enabled word of this CPU: one instruction. */
export function enabledWord(core: Core, scan: Addr, w: number, tW: Ready): Word {
  const t = core.load64(scan + SCAN.enabled + 8 * w, tW);
  return { lo: core.lo, hi: core.hi, t };
}

/**
 * pending & ~mask & enabled without its last `and`: two loads, and, not. The token is that of the last `and`'s
 * operands.
 */
export function readyBits(core: Core, page: Addr, w: number, enabled: Word, dep: Ready): Word {
  const tPending = core.load64(page + SHARED.pending + 8 * w, dep);
  const lo = core.lo & enabled.lo;
  const hi = core.hi & enabled.hi;
  const tMask = core.load64(page + SHARED.mask + 8 * w, dep);
  const bits = { lo: lo & ~core.lo, hi: hi & ~core.hi };
  const tBoth = core.alu(core.join(tPending, enabled.t));
  return { ...bits, t: core.join(tBoth, core.alu(tMask)) };
}

/**
 * Address of the pending word and mask of `lock and`: mov, shr, add, lea; then mov, shl, not, or mov, rol.
 *
 * @param rotates whether the compiler chose the rotation
 */
export function maskOf(core: Core, tPort: Ready, tPage: Ready, rotates: boolean): Ready {
  core.free(2);
  const tWord = core.alu(core.join(core.alu(core.shift(tPort)), tPage));
  const tBit = core.shift(tPort);
  return core.join(tWord, rotates ? tBit : core.alu(tBit));
}

/** Clears the pending bit of a port, by `lock btr` on the bit string or by `lock and` on its word. */
export function clearPending(core: Core, page: Addr, port: number, btr: boolean, dep: Ready): void {
  if (btr) core.lockBitReset(page + SHARED.pending, port, dep);
  else {
    const bit = port & 63;
    core.lockAnd64(page + SHARED.pending + 8 * (port >>> 6), ~bitLo(bit), ~bitHi(bit), dep);
  }
}

/** The epilogue: nine instructions. */
export function leaveScan(core: Core, locals: number): void {
  core.unframe(locals);
  core.free(1);
  core.pop(6);
  core.ret();
}

/** Takes a word that is empty out of the selector. */
export function dropWord(sel: Word, w: number, t: Ready): void {
  sel.lo &= ~bitLo(w);
  sel.hi &= ~bitHi(w);
  sel.t = t;
}
