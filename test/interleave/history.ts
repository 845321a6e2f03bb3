/** What a kernel has done up to an access to a shared word, and what it learns there. */

/** What a kernel does next. */
export const Next = { access: 0, interrupt: 1, handler: 2, nothing: 3 } as const;

/** Where a run has stopped: what is next. */
export interface Stop {
  /** One of `Next`. */
  readonly next: number;
  /** Index of the 32-bit word that is accessed next, and of the second if the access has 64 bits, else -1. */
  readonly word: number;
  readonly second: number;
  /** Whether the kernel gives way before the access; where it does not, only finer exploration does. */
  readonly gaveWay: boolean;
  /** Whether the access repeats the last one in a spin loop: it is of use only when the word has changed. */
  readonly spins: boolean;
  /** Whether on x86 the access, a load, may overtake a plain store of the kernel to a shared word. */
  readonly overtakes: boolean;
  /** What the access is, for the reader. */
  readonly label: string;
}

/** What a kernel has done so far. */
export interface History extends Stop {
  /** What the kernel found at each access: pairs of words. */
  readonly found: readonly number[];
  /** The word of each access. */
  readonly path: readonly number[];
  /** What it left in words that nobody else accesses, as text. */
  readonly own: string;
  /** How often the kernel was at this step before. */
  readonly round: number;
  readonly from: History | undefined;
  /** What the kernel learnt from the access that led here. */
  readonly learnt: string;
}

/** What follows when a kernel goes on from a history and finds certain values. */
export interface Outcome {
  readonly to: History;
  /** Values of the word and the second word after the access. */
  readonly lo: number;
  readonly hi: number;
  /** Pairs of one of `Happening` and a port, in order. */
  readonly happened: readonly number[];
}

/** Stores that wait in the store buffer: they tell the kernel nothing. */
export const PLAIN_STORE = /^(store|repStos)|, store$/;

/** All that a kernel learns from an access, by the registers behind it. @param found what was in the word */
export function lesson(how: string, lo: number, hi: number, found: readonly number[]): string {
  if (PLAIN_STORE.test(how)) return '';
  if (how.startsWith('cmpxchg')) {
    // A compare that fails leaves the word's value in the accumulator.
    return lo === 1 ? 'same' : `not ${found.slice(-2).join(' ')}`;
  }
  return how.includes('64') ? `${lo} ${hi}` : `${lo}`;
}

/** How often a kernel was at a step, since it last waited for an interrupt. */
export function roundOf(from: History | undefined, { word, label }: Stop): number {
  let round = 0;
  for (let h = from; h !== undefined && h.next !== Next.interrupt; h = h.from) {
    if (h.word === word && h.label === label) round++;
  }
  return round;
}
