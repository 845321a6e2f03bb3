/**
 * Inputs made from good ones: bytes flipped, cut, doubled and spliced, lines moved, and, where the grammar is known, numbers put on
 * their edges and words replaced by others that mean something. What input number i of a seed is depends on both alone.
 */
import { RandomStream } from '../../src/model/random.ts';

/** Longest input. */
const LONGEST = 2000;
const NEWLINE = 10;

/** Edges of the numbers that readers know: ports, vCPUs, CPUs, 32 bits, 53 bits, 64 bits and beyond. */
const NUMBERS = [
  '0',
  '1',
  '-1',
  '63',
  '64',
  '255',
  '4095',
  '4096',
  '65535',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
  '4503599627370496',
  '4503599627370497',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551615',
  '99999999999999999999999',
  '00',
  '1e3',
  '0x1f',
  '0.5',
  '1.000000',
  '1.000000001',
  '٣',
].map((text) => Buffer.from(text));
/** What names must not be, or must not reach. */
const NAMES = [
  '',
  '-',
  '__proto__',
  'constructor',
  'toString',
  '\u001b[2J',
  '\u202e',
  '\u2028',
  '\ufeff',
  '\r',
  '\t',
  '"',
  '""',
  ',',
  ':',
  '[',
  '(',
  ' ',
  '     ',
  '#',
  '# end rows=1',
  '{',
  '}',
  'null',
  'é',
].map((text) => Buffer.from(text));
const WORDS32 = [0, 1, 7, 0xff, 0x1000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x2001_f003];

/** What inputs are made from. */
export interface Seeds {
  readonly samples: readonly Buffer[];
  /** Whether the format has lines. */
  readonly text: boolean;
  /** Words of the grammar. */
  readonly words: readonly string[];
  /** Makes checksums right, so that not all inputs end there. */
  mend?(bytes: Buffer): Buffer;
}

/** One format's inputs. */
export class Mutator {
  readonly #seeds: Seeds;
  readonly #words: readonly Buffer[];
  readonly #seed: number;
  #random = new RandomStream(0, '');

  constructor(seeds: Seeds, seed: number) {
    this.#seeds = seeds;
    this.#seed = seed;
    this.#words = [...seeds.words.map((w) => Buffer.from(w)), ...NAMES];
  }

  /** Input number `i`. */
  input(i: number): Buffer {
    this.#random = new RandomStream(Math.imul(this.#seed, 0x9e37_79b1) ^ i, 'fuzz');
    let bytes: Buffer = Buffer.from(this.#pick(this.#seeds.samples));
    for (let n = 1 + this.#below(4); n > 0; n--) bytes = this.#once(bytes);
    if (bytes.length > LONGEST) bytes = bytes.subarray(0, LONGEST);
    return this.#seeds.mend === undefined || i % 2 === 0 ? bytes : this.#seeds.mend(bytes);
  }

  #once(bytes: Buffer): Buffer {
    const how = this.#below(10);
    if (how < 4) return this.#damaged(bytes);
    if (!this.#seeds.text) return this.#word(bytes);
    return how < 8 ? this.#token(bytes) : this.#lines(bytes);
  }

  /** Whatever the format: bytes flipped, removed, doubled, cut off, taken from elsewhere. */
  #damaged(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    const size = 1 + this.#below(1 << this.#below(8));
    switch (this.#below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = bytes[at]! ^ (1 << this.#below(8));
        return bytes;
      case 1:
        if (at < bytes.length) bytes[at] = this.#below(256);
        return bytes;
      case 2:
        return bytes.subarray(0, at);
      case 3:
        return joined(bytes, at, at + size, Buffer.alloc(0));
      case 4:
        return joined(bytes, at, at, bytes.subarray(at, at + size));
      case 5:
        return joined(bytes, at, at, Buffer.alloc(size, this.#below(256)));
      default: {
        const other = this.#pick(this.#seeds.samples);
        const from = this.#below(other.length + 1);
        return joined(bytes, at, at + this.#below(size), other.subarray(from, from + size));
      }
    }
  }

  /** A number on an edge, or a word replaced by another. */
  #token(bytes: Buffer): Buffer {
    let from = this.#below(bytes.length + 1);
    if (this.#below(2) === 0) {
      for (let n = 0; n < 64 && from < bytes.length && !isDigit(bytes[from]!); n++) from++;
      while (from > 0 && isDigit(bytes[from - 1]!)) from--;
      let to = from;
      while (to < bytes.length && isDigit(bytes[to]!)) to++;
      return joined(
        bytes,
        from,
        to,
        this.#below(4) === 0 ? this.#near(bytes.subarray(from, to)) : this.#pick(NUMBERS),
      );
    }
    while (from > 0 && isLetter(bytes[from - 1]!)) from--;
    let to = from;
    while (to < bytes.length && isLetter(bytes[to]!)) to++;
    return joined(bytes, from, to, this.#pick(this.#words));
  }

  /** A number close to one that is there. */
  #near(digits: Buffer): Buffer {
    const value = Number(digits.toString('latin1'));
    return Buffer.from(String(Number.isSafeInteger(value) ? value + this.#below(5) - 2 : 0));
  }

  /** A line removed, doubled, moved, cut off or taken from another sample. */
  #lines(bytes: Buffer): Buffer {
    const [from, to] = this.#line(bytes);
    const line = Buffer.from(bytes.subarray(from, to));
    switch (this.#below(5)) {
      case 0:
        return joined(bytes, from, to, Buffer.alloc(0));
      case 1:
        return joined(bytes, to, to, line);
      case 2: {
        const less = joined(bytes, from, to, Buffer.alloc(0));
        const [place] = this.#line(less);
        return joined(less, place, place, line);
      }
      case 3:
        return joined(bytes, from, from + this.#below(to - from + 1), Buffer.alloc(0));
      default: {
        const other = this.#pick(this.#seeds.samples);
        const [start, end] = this.#line(other);
        return joined(bytes, from, this.#below(2) === 0 ? from : to, other.subarray(start, end));
      }
    }
  }

  /** Where a line begins and ends, its end included. */
  #line(bytes: Buffer): [number, number] {
    const at = this.#below(bytes.length + 1);
    const from = at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
    const end = bytes.indexOf(NEWLINE, at);
    return [from, end < 0 ? bytes.length : end + 1];
  }

  /** A 32-bit word on an edge, close to what it was, or one that means something; or some words moved. */
  #word(bytes: Buffer): Buffer {
    const words = bytes.length >> 2;
    if (words === 0) return bytes;
    const at = 4 * this.#below(words);
    switch (this.#below(4)) {
      case 0:
        bytes.writeUInt32LE(this.#pick(WORDS32), at);
        return bytes;
      case 1:
        bytes.writeUInt32LE((bytes.readUInt32LE(at) + this.#below(17) - 8) >>> 0, at);
        return bytes;
      case 2: {
        const word = this.#pick(this.#words);
        return joined(bytes, at, at + (word.length === 4 ? 4 : 0), word);
      }
      default: {
        const from = 4 * this.#below(words);
        const piece = Buffer.from(bytes.subarray(from, from + 4 * (1 + this.#below(10))));
        return joined(bytes, at, this.#below(2) === 0 ? at : at + piece.length, piece);
      }
    }
  }

  #below(n: number): number {
    return this.#random.below(n);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }
}

/** The bytes with those from `from` to `to` replaced. */
function joined(bytes: Buffer, from: number, to: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(Math.max(from, to))]);
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function isLetter(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte === 95;
}
