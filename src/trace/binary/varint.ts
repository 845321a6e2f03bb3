/** Integers of variable length: seven bits a byte, lowest first, the high bit of all bytes but the last. */

/** Bytes of the largest integer: 53 bits. */
const LONGEST = 8;

/** A growing buffer of integers, texts and bytes. */
export class VarintWriter {
  #buffer = Buffer.alloc(1024);
  length = 0;

  /** Appends an integer 0..2^53 - 1. */
  integer(value: number): void {
    this.#reserve(LONGEST);
    while (value >= 128) {
      this.#buffer[this.length++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    this.#buffer[this.length++] = value;
  }

  /** Appends a text of ASCII characters, its length before it. */
  text(value: string): void {
    this.integer(value.length);
    this.bytes(Buffer.from(value, 'latin1'));
  }

  /** Appends bytes as they are. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.length);
    this.length += value.length;
  }

  /** What has been written; it shares memory with the writer. */
  get written(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** Begins again with the same memory. */
  clear(): void {
    this.length = 0;
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#buffer.length));
    larger.set(this.written);
    this.#buffer = larger;
  }
}

/** What is wrong with encoded bytes: where in them, what was found, what was expected. */
export class EncodingFault extends Error {
  readonly at: number;
  readonly found: string;
  readonly expected: string;

  constructor(at: number, found: string, expected: string) {
    super(`found ${found}, expected ${expected}`);
    this.at = at;
    this.found = found;
    this.expected = expected;
  }
}

/** Reads what a `VarintWriter` wrote; an `EncodingFault` for anything it cannot have written. */
export class VarintReader {
  at = 0;
  readonly #bytes: Buffer;
  readonly #origin: number;
  readonly #exact: boolean;

  /**
   * @param origin offset of the bytes, for faults
   * @param exact whether offsets within the bytes are offsets of the file too, and not of what was inflated
   */
  constructor(bytes: Buffer, origin = 0, exact = true) {
    this.#bytes = bytes;
    this.#origin = origin;
    this.#exact = exact;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  /** The next integer. @param most largest one accepted */
  integer(most: number, what: string): number {
    const start = this.at;
    let value = 0;
    let scale = 1;
    for (let i = 0; ; i++) {
      if (this.at === this.#bytes.length) throw this.#ends(what);
      const byte = this.#bytes[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) {
        // Zeroes at the end would be a second way to write the same number.
        if (byte === 0 && i > 0) throw this.fault(start, `${what} of more bytes than it needs`, 'fewest');
        break;
      }
      if (i === LONGEST - 1) throw this.fault(start, `${what} of over ${LONGEST} bytes`, '53 bits');
      scale *= 128;
    }
    if (value > most) throw this.fault(start, `${what} ${value}`, `an integer 0..${most}`);
    return value;
  }

  /** The next text. @param most most characters accepted */
  text(most: number, what: string): string {
    const length = this.integer(most, `a length of ${what}`);
    const start = this.at;
    const text = this.bytes(length, what).toString('latin1');
    if (!/^[\x20-\x7e]*$/.test(text))
      throw this.fault(start, `a control or non-ASCII character in ${what}`, 'printable ASCII');
    return text;
  }

  /** The next bytes as they are; they share memory with what is read. */
  bytes(length: number, what: string): Buffer {
    if (length > this.left) throw this.#ends(what);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** Throws unless everything has been read. */
  end(what: string): void {
    if (this.left > 0) throw this.fault(this.at, `${this.left} bytes behind ${what}`, 'its end');
  }

  /** A fault at a place of these bytes. */
  fault(at: number, found: string, expected: string): EncodingFault {
    return new EncodingFault(this.#origin + (this.#exact ? at : 0), found, expected);
  }

  #ends(what: string): EncodingFault {
    return this.fault(this.#bytes.length, `the end of the data within ${what}`, 'all of it');
  }
}
