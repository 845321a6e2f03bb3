/**
 * Seeded streams by name, so that adding a consumer never moves the numbers another one draws.
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), four 32-bit words of state, period about 2^128.
 */

/** One stream of pseudo-random numbers: the same seed and name give the same numbers for ever. */
export class RandomStream {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  /** @param seed any integer @param name what the numbers are for */
  constructor(seed: number, name: string) {
    let h = 2166136261 ^ (seed | 0);
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 16777619);
    this.#a = h;
    this.#b = Math.imul(h ^ 0x9e3779b9, 0x85ebca6b);
    this.#c = seed | 0;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** Uniform integer 0..2^32-1. */
  uint32(): number {
    const t = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** Uniform integer 0..n-1 by rejection, 1 <= n <= 2^32. */
  below(n: number): number {
    const limit = 4294967296 - (4294967296 % n);
    let x = this.uint32();
    while (x >= limit) x = this.uint32();
    return x % n;
  }

  /**
   * Exponentially distributed integer with the given mean, 1 or more: a Poisson process' gaps. The logarithm
   * is rounded to an integer once, so engines that differ in the last bit of Math.log agree except where a
   * value falls on a boundary; `naturalLog` is our own, from +, -, *, / only, so they agree always.
   */
  exponential(mean: number): number {
    const u = (this.uint32() + 1) / 4294967297;
    return Math.max(1, Math.round(-mean * naturalLog(u)));
  }

  /** Puts `items` into a uniformly random order, in place. */
  shuffle(items: Int32Array | number[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const t = items[i]!;
      items[i] = items[j]!;
      items[j] = t;
    }
  }
}

/** Natural logarithm of 0 < x <= 1 by IEEE-exact operations only: engines may differ in the last bit of Math.log. */
function naturalLog(x: number): number {
  let k = 0;
  while (x < Math.SQRT1_2) {
    x *= 2;
    k++;
  }
  const s = (x - 1) / (x + 1);
  const z = s * s;
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = sum * z + 1 / n;
  return 2 * s * sum - k * Math.LN2;
}
