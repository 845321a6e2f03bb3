/**
 * Running 64-bit fingerprints of a run, in the manner of OMNeT++: one for what happened, one for the stream of
 * micro-ops, one for when. A change that should alter only timing must leave the first two as they were.
 *
 * Two 32-bit lanes of multiply-xor-rotate; made for speed and spread, not against an adversary.
 */

const START_A = 0x243f6a88 | 0;
const START_B = 0x85a308d3 | 0;

/** One running fingerprint. `add` is called once per micro-op and must not allocate. */
export class Fingerprint {
  #a = START_A;
  #b = START_B;

  /** Mixes in one 32-bit integer. */
  add(x: number): void {
    const a = Math.imul(this.#a ^ x, 0x9e3779b1);
    this.#a = (a << 13) | (a >>> 19);
    this.#b = Math.imul(this.#b + a, 0x85ebca77) ^ x;
  }

  /** Mixes in an integer of up to 53 bits. */
  addWide(x: number): void {
    this.add(x | 0);
    this.add(Math.floor(x / 4294967296) | 0);
  }

  /** Mixes in a text, UTF-16 unit by unit. */
  addText(text: string): void {
    this.add(text.length);
    for (let i = 0; i < text.length; i++) this.add(text.charCodeAt(i));
  }

  /** Starts again. */
  reset(): void {
    this.#a = START_A;
    this.#b = START_B;
  }

  /** The fingerprint so far as 16 hexadecimal digits. */
  get hex(): string {
    const half = (x: number) => (x >>> 0).toString(16).padStart(8, '0');
    return half(this.#a ^ (this.#b >>> 15)) + half(this.#b ^ (this.#a >>> 13));
  }
}

/** One fingerprint of several texts in order, such as the fingerprints of several cores. */
export function fingerprintOf(texts: readonly string[]): string {
  const f = new Fingerprint();
  for (const text of texts) f.addText(text);
  return f.hex;
}
