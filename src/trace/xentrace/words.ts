/** Bytes of a recording as 32-bit words: arrays that are used again, filled from the blocks that a stream delivers. */

/** What is asked for at first: a window may claim more than the file has, and memory is not given on a claim. */
const FIRST_BYTES = 1 << 22;
/** Arrays kept for the next window. */
const KEPT = 64;

const HOST_IS_LITTLE = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Words that a window fills from its beginning. */
export interface Words {
  readonly data: Uint32Array;
  /** Words that count. */
  readonly length: number;
  /** Bytes that came, which may be up to three more than the words that count. */
  readonly bytes: number;
}

/** The bytes of a stream, taken in pieces of any size; arrays given back are used again. */
export class WordSource {
  readonly #blocks: AsyncIterator<Buffer>;
  readonly #free: Uint32Array[] = [];
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Bytes taken so far. */
  taken = 0;

  constructor(blocks: AsyncIterator<Buffer>) {
    this.#blocks = blocks;
  }

  /** The next `bytes` bytes, a multiple of 4; fewer at the end of the stream. */
  async take(bytes: number): Promise<Words> {
    let data = this.#array(Math.min(bytes, FIRST_BYTES) / 4);
    let filled = await this.#fill(data, 0, Math.min(bytes, 4 * data.length));
    while (filled < bytes && filled === 4 * data.length) {
      const larger = this.#array(Math.min(bytes / 4, 2 * data.length));
      larger.set(data);
      this.give(data);
      data = larger;
      filled = await this.#fill(data, filled, Math.min(bytes, 4 * data.length));
    }
    const length = Math.floor(filled / 4);
    if (!HOST_IS_LITTLE) Buffer.from(data.buffer, data.byteOffset, 4 * length).swap32();
    return { data, length, bytes: filled };
  }

  /** Gives an array back. */
  give(data: Uint32Array): void {
    this.#free.push(data);
    if (this.#free.length > KEPT) this.#free.shift();
  }

  #array(length: number): Uint32Array {
    const at = this.#free.findIndex((a) => a.length >= length);
    if (at >= 0) return this.#free.splice(at, 1)[0]!;
    // None is long enough: the short ones would only pile up.
    this.#free.shift();
    return new Uint32Array(length);
  }

  /** Fills an array from byte `from` to byte `to`; returns how far the stream went. */
  async #fill(data: Uint32Array, from: number, to: number): Promise<number> {
    const into = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let at = from;
    while (at < to) {
      if (this.#at === this.#block.length) {
        const next = await this.#blocks.next();
        if (next.done === true) break;
        this.#block = next.value;
        this.#at = 0;
      }
      const part = this.#block.subarray(this.#at, this.#at + to - at);
      into.set(part, at);
      at += part.length;
      this.#at += part.length;
      this.taken += part.length;
    }
    return at;
  }
}
