/**
 * Which lines the hardware asks for ahead of the program: an L1D prefetcher that follows, for each load
 * instruction, the stride between its misses. It starts at the second miss that keeps the stride, asks for two
 * more lines at each further access, and stays a fixed number of strides ahead.
 *
 * Measured on Zen 5 with dependent loads over memory that had been flushed (docs/core-timing.md): one access in
 * 46 to 49 cycles at strides of 128 to 1,024 bytes where a miss takes 590, so twelve are in flight; two misses
 * before the first hit; a broken stride is remembered over the break.
 */
import type { Addr } from '../model/units.ts';

const ENTRIES = 64;
const MOST_CONFIDENT = 3;
/** Lines asked for at one access. */
const DEGREE = 2;

/** Stride prefetcher of one core. It decides; whoever calls it fetches. */
export class StridePrefetcher {
  /** Lines to fetch after `train`: `wanted[0..count)`, as addresses. */
  readonly wanted = new Int32Array(2 * DEGREE);
  count = 0;
  readonly #strides: number;
  readonly #lines: number;
  readonly #off: boolean;
  readonly #pc = new Int32Array(ENTRIES).fill(-1);
  readonly #last = new Int32Array(ENTRIES);
  readonly #stride = new Int32Array(ENTRIES);
  readonly #confidence = new Uint8Array(ENTRIES);
  readonly #ahead = new Int32Array(ENTRIES);

  /**
   * @param strides how many strides ahead it stays, 0 for none
   * @param lines how many lines ahead when the stride is one line, if more
   */
  constructor(strides: number, lines: number) {
    this.#strides = strides;
    this.#lines = Math.max(strides, lines);
    this.#off = this.#lines === 0;
  }

  /** The load at `pc` missed L1D at `addr`, or is the first to use a line that was fetched ahead. */
  train(pc: Addr, addr: Addr): void {
    this.count = 0;
    if (this.#off) return;
    const i = (pc >>> 2) & (ENTRIES - 1);
    if (this.#pc[i] !== pc) {
      this.#pc[i] = pc;
      this.#confidence[i] = 0;
      this.#stride[i] = 0;
      this.#last[i] = addr;
      return;
    }
    const stride = addr - this.#last[i]!;
    this.#last[i] = addr;
    if (stride !== this.#stride[i]) {
      this.#ahead[i] = 0;
      if (this.#confidence[i]! > 0) this.#confidence[i]!--;
      else this.#stride[i] = stride;
      return;
    }
    if (this.#confidence[i]! < MOST_CONFIDENT) this.#confidence[i]!++;
    const most = stride === 64 || stride === -64 ? this.#lines : this.#strides;
    let ahead = Math.max(0, this.#ahead[i]! - 1);
    while (this.count < DEGREE && ahead < most) {
      ahead++;
      this.wanted[this.count++] = addr + stride * ahead;
    }
    this.#ahead[i] = ahead;
  }

  /** Forgets everything. */
  clear(): void {
    this.#pc.fill(-1);
  }
}
