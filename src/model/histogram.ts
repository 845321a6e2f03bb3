/**
 * A histogram of cycles in bounded memory, and percentiles by nearest rank.
 *
 * Values below 2^16 have a bucket of their own, so the percentiles of an upcall or a bind are exact; above,
 * an octave has 128 buckets and a percentile is the bucket's upper bound, at most 0.8 % too high. Nearest rank
 * is our own: library quantiles interpolate, and by a rule that changed between versions.
 */

const EXACT_BITS = 16;
const EXACT = 1 << EXACT_BITS;
const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
const OCTAVES = 53 - EXACT_BITS;

/** Counts of non-negative integers up to 2^53-1. */
export class Histogram {
  readonly #exact = new Float64Array(EXACT);
  readonly #wide = new Float64Array(OCTAVES * SUB);

  /** Number of values. */
  count = 0;
  /** Sum of the values, exact up to 2^53. */
  sum = 0;
  /** Greatest value, 0 when empty. */
  max = 0;
  /** Least value, 0 when empty. */
  min = 0;

  /** Adds one value (a non-negative safe integer). */
  add(value: number): void {
    if (this.count === 0 || value < this.min) this.min = value;
    this.count++;
    this.sum += value;
    if (value > this.max) this.max = value;
    if (value < EXACT) this.#exact[value]! += 1;
    else this.#wide[wideIndex(value)]! += 1;
  }

  /**
   * The value of rank ceil(percent / 100 * count): at least that share of the values is not above it.
   *
   * @param percent 0 < percent <= 100, such as 50, 99, 99.9
   * @returns undefined when the histogram is empty
   */
  percentile(percent: number): number | undefined {
    if (this.count === 0) return undefined;
    // In thousandths of a percent, so that 99.9 of 1,000 is rank 999 and not 1,000 by a rounding error.
    let rank = Math.max(1, Math.ceil((Math.round(percent * 1000) * this.count) / 100_000));
    for (let v = 0; v < EXACT; v++) {
      rank -= this.#exact[v]!;
      if (rank <= 0) return v;
    }
    for (let i = 0; i < this.#wide.length; i++) {
      rank -= this.#wide[i]!;
      if (rank <= 0) return Math.min(this.max, wideLow(i + 1) - 1);
    }
    return this.max;
  }

  /**
   * The counts in coarse buckets for a report: 16 to the octave, empty ones left out.
   *
   * @returns rows [lowest value, highest value, count], ascending
   */
  buckets(): Array<[number, number, number]> {
    const rows: Array<[number, number, number]> = [];
    const put = (value: number, n: number) => {
      const low = coarseLow(value);
      const last = rows[rows.length - 1];
      if (last !== undefined && last[0] === low) last[2] += n;
      else rows.push([low, low + coarseWidth(value) - 1, n]);
    };
    for (let v = 0; v < EXACT; v++) if (this.#exact[v]! > 0) put(v, this.#exact[v]!);
    for (let i = 0; i < this.#wide.length; i++) if (this.#wide[i]! > 0) put(wideLow(i), this.#wide[i]!);
    return rows;
  }
}

function octaveOf(value: number): number {
  let octave = 0;
  for (let v = Math.floor(value / EXACT); v >= 2; v = Math.floor(v / 2)) octave++;
  return octave;
}

function wideIndex(value: number): number {
  const octave = octaveOf(value);
  const step = 2 ** (octave + EXACT_BITS - SUB_BITS);
  return octave * SUB + Math.floor((value - EXACT * 2 ** octave) / step);
}

function wideLow(index: number): number {
  const octave = index >> SUB_BITS;
  return EXACT * 2 ** octave + (index & (SUB - 1)) * 2 ** (octave + EXACT_BITS - SUB_BITS);
}

function coarseWidth(value: number): number {
  let width = 1;
  while (value >= 32 * width) width *= 2;
  return width;
}

function coarseLow(value: number): number {
  const width = coarseWidth(value);
  return Math.floor(value / width) * width;
}
