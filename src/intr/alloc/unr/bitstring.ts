/**
 * The functions of sys/bitstring.h that the unit allocator uses, as the instructions they compile to, on strings of
 * 64-bit words in the modelled memory. The address of the string is known when they begin.
 */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { bitHi, bitLo } from '../../../x86/word64.ts';

/**
 * bit_ffs or bit_ffc: the first bit of `bits` (1 or more) that is set, or clear. Its number, -1 for none, is left in
 * `core.lo`.
 *
 * @returns when it is known
 */
export function bitFirst(core: Core, map: Addr, bits: number, set: boolean): Ready {
  const flip = set ? 0 : -1;
  const stop = (bits - 1) >>> 6;
  let w = 0;
  for (;;) {
    const tWord = core.load64(map + 8 * w, NOW);
    const lo = core.lo ^ flip;
    const hi = core.hi ^ flip;
    const tTest = core.alu(tWord);
    const found = core.branch((lo | hi) !== 0, tTest);
    if (found || core.branch(w === stop, NOW)) {
      const tBit = core.bitScan(lo, hi, tTest);
      const bit = found ? 64 * w + core.lo : -1;
      const tValue = core.chain(tBit, 2);
      core.lo = core.branch(bit >= bits, tValue) ? -1 : bit;
      return tValue;
    }
    core.alu(NOW);
    w++;
  }
}

/** bit_test. */
export function bitTest(core: Core, map: Addr, bit: number): boolean {
  const tMask = core.shift(NOW);
  const tWord = core.load64(map + 8 * (bit >>> 6), NOW);
  const isSet = ((core.lo & bitLo(bit & 63)) | (core.hi & bitHi(bit & 63))) !== 0;
  return core.branch(isSet, core.join(tMask, tWord));
}

/** bit_set or bit_clear. @param tBit when the number of the bit is known */
export function bitPut(core: Core, map: Addr, bit: number, set: boolean, tBit: Ready): void {
  const tMask = core.shift(tBit);
  const at = bit & 63;
  put(core, map + 8 * (bit >>> 6), bitLo(at), bitHi(at), set, tMask);
}

/** bit_nset or bit_nclear of the bits `start` to `stop`, both included. */
export function bitRange(core: Core, map: Addr, start: number, stop: number, set: boolean): void {
  const first = start >>> 6;
  const last = stop >>> 6;
  core.branch(first === last, NOW);
  for (let w = first; w <= last; w++) {
    const from = w === first ? start & 63 : 0;
    const to = w === last ? stop & 63 : 63;
    if (core.branch(from === 0 && to === 63, NOW)) {
      const all = set ? -1 : 0;
      core.store64(map + 8 * w, all, all, NOW);
    } else {
      const tMask = core.alu(core.shift(core.shift(NOW)));
      put(core, map + 8 * w, halfOf(from, to, 0), halfOf(from, to, 32), set, tMask);
    }
  }
}

/** Sets or clears the bits of a mask in a word. */
function put(core: Core, word: Addr, lo: number, hi: number, set: boolean, tMask: Ready): void {
  const tWord = core.load64(word, NOW);
  const oldLo = core.lo;
  const oldHi = core.hi;
  const tNew = core.alu(core.join(tWord, tMask));
  if (set) core.store64(word, oldLo | lo, oldHi | hi, tNew);
  else core.store64(word, oldLo & ~lo, oldHi & ~hi, tNew);
}

/** The bits `from` to `to` of a 64-bit word, as far as they are in the half that begins at bit `base`. */
function halfOf(from: number, to: number, base: number): number {
  const low = Math.max(from - base, 0);
  const high = Math.min(to - base, 31);
  if (low > high) return 0;
  return (-1 << low) & (-1 >>> (31 - high));
}
