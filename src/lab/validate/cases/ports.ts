/** Which ports are pending in a row of the upcall kernels, and the words that say so. */
import type { Port } from '../../../model/units.ts';
import { bitHi, bitLo } from '../../../x86/word64.ts';
import type { Parameters } from '../parameters.ts';

/** Words of the pending bitmap. */
const WORDS = 64;

/** A 64-bit word by number. */
export interface PendingWord {
  readonly word: number;
  readonly lo: number;
  readonly hi: number;
}

/** The state before each call of a row. */
export interface PendingState {
  readonly words: readonly PendingWord[];
  readonly selectorLo: number;
  readonly selectorHi: number;
  readonly ports: readonly Port[];
  /** Whether the cursors are put back to (63, 63). */
  readonly reset: boolean;
}

/** `ports=P;words=W;start=reset|carry`: P/W ports in each of W words. */
export function pendingOf(p: Parameters): PendingState {
  const count = p.integer('ports', 1, WORDS * 64);
  const used = p.integer('words', 1, WORDS);
  const each = Math.max(1, Math.min(64, Math.floor(count / used)));
  const reset = p.word('start', ['reset', 'carry']) === 'reset';
  const ports: Port[] = [];
  let selectorLo = 0;
  let selectorHi = 0;
  const words: PendingWord[] = [];
  for (let i = 0; i < used; i++) {
    const word = wordNumber(i, used);
    let lo = 0;
    let hi = 0;
    for (let j = 0; j < each; j++) {
      const bit = bitNumber(word, j, each);
      lo |= bitLo(bit);
      hi |= bitHi(bit);
      ports.push(64 * word + bit);
    }
    words.push({ word, lo, hi });
    selectorLo |= bitLo(word);
    selectorHi |= bitHi(word);
  }
  return { words, selectorLo, selectorHi, ports, reset };
}

function wordNumber(i: number, used: number): number {
  if (used === WORDS) return i;
  return used === 1 ? 5 : i * Math.floor(WORDS / used) + 3;
}

function bitNumber(word: number, j: number, each: number): number {
  if (each === 64) return j;
  return each === 1 ? (29 * word + 7) % 64 : (j * Math.floor(64 / each) + word) % 64;
}
