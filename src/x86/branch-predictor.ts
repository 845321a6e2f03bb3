/**
 * Branch prediction: direction by a small TAGE, indirect targets by a path-hashed table, returns by a stack.
 *
 * TAGE (A. Seznec, P. Michaud, "A case for (partially) tagged geometric history length branch predictors",
 * JILP 2006): a bimodal table, and tagged tables indexed with ever longer histories; the longest that knows the
 * branch decides. Real cores use bigger ones of the same kind; sizes here are `guessed` and only have to be
 * large against the few hundred branches of the modelled path.
 */
import type { Addr } from '../model/units.ts';

const BIMODAL_BITS = 12;
const TABLE_BITS = 10;
const TAG_BITS = 14;
const LENGTHS = [8, 24, 72, 220] as const;
/**
 * Widths to which histories are folded for the index and the tag. Primes, so that the two ends of a loop's
 * period do not cancel in both.
 */
const INDEX_FOLD = 11;
const TAG_FOLD = 13;
/** Both folds of a history are shifted as one word: the index below, the tag above it, a spare bit over each. */
const TAG_AT = INDEX_FOLD + 1;
const FOLDS = ((1 << INDEX_FOLD) - 1) | (((1 << TAG_FOLD) - 1) << TAG_AT);
const BOTH = 1 | (1 << TAG_AT);
const TABLES = LENGTHS.length;
/** Where the bit that leaves a history stands in its folds: the length modulo the widths. */
const LEAVES = Int32Array.from(LENGTHS, (n) => (1 << (n % INDEX_FOLD)) | (1 << (TAG_AT + (n % TAG_FOLD))));
const HISTORY = 256;
const TARGET_BITS = 9;

/** Predictor state of one core. */
export class BranchPredictor {
  readonly #bimodal = new Int8Array(1 << BIMODAL_BITS);
  readonly #counter = new Int8Array(TABLES << TABLE_BITS);
  readonly #tag = new Int16Array(TABLES << TABLE_BITS).fill(-1);
  readonly #useful = new Uint8Array(TABLES << TABLE_BITS);
  readonly #history = new Uint8Array(HISTORY);
  /** The history of each table, folded to the index and to the tag. */
  readonly #folded = new Int32Array(TABLES);
  readonly #target = new Int32Array(1 << TARGET_BITS);
  readonly #returns: Int32Array;
  #head = 0;
  #top = 0;
  /** Place that other code's branches take next. */
  #swept = 0;

  /** @param returnEntries depth of the return-address stack */
  constructor(returnEntries: number) {
    this.#returns = new Int32Array(returnEntries);
  }

  /**
   * A conditional branch at `pc` goes `taken`: predicts, learns, and says whether the prediction was right.
   */
  conditional(pc: Addr, taken: boolean): boolean {
    const bit = taken ? 1 : 0;
    let provider = -1;
    let slot = 0;
    for (let t = TABLES - 1; t >= 0; t--) {
      const i = this.#slot(t, pc);
      if (this.#tag[i] === this.#tagOf(t, pc)) {
        provider = t;
        slot = i;
        break;
      }
    }
    const b = (pc >>> 2) & ((1 << BIMODAL_BITS) - 1);
    const counter = provider >= 0 ? this.#counter[slot]! : this.#bimodal[b]!;
    const right = counter >= 0 === taken;
    if (provider >= 0) {
      this.#counter[slot] = step(counter, taken, 3);
      if (right) this.#useful[slot] = 1;
    } else this.#bimodal[b] = step(counter, taken, 1);
    if (!right) this.#allocate(provider, pc, taken);
    this.#push(bit);
    return right;
  }

  /** An indirect branch at `pc` goes to `target`: says whether that was expected, and learns. */
  indirect(pc: Addr, target: Addr): boolean {
    const i = ((pc >>> 2) ^ (this.#folded[0]! << 1)) & ((1 << TARGET_BITS) - 1);
    const right = this.#target[i] === target;
    this.#target[i] = target;
    this.#push((target >>> 4) & 1);
    return right;
  }

  /** A call whose return address is `back`. */
  call(back: Addr): void {
    this.#returns[this.#top] = back;
    this.#top = (this.#top + 1) % this.#returns.length;
  }

  /** A return to `back`: says whether the stack knew. */
  return(back: Addr): boolean {
    this.#top = (this.#top + this.#returns.length - 1) % this.#returns.length;
    return this.#returns[this.#top] === back;
  }

  /** The return stack was filled with addresses of nowhere, as mitigations do at a VM exit. */
  fillReturns(): void {
    this.#returns.fill(0);
  }

  /** The history of branches was overwritten, as mitigations do at a VM exit; what was learned stays. */
  clearHistory(): void {
    this.#history.fill(0);
    this.#folded.fill(0);
  }

  /** IBPB: everything learned about branches is forgotten. */
  forget(): void {
    this.pollute(1 << BIMODAL_BITS);
    this.#target.fill(0);
    this.fillReturns();
  }

  /**
   * Other code runs `branches` conditional branches of its own: as many entries of each table forget what they
   * knew, in an order that visits every place before it comes back to one.
   */
  pollute(branches: number): void {
    const most = Math.min(branches, 1 << BIMODAL_BITS);
    for (let n = 0; n < most; n++) {
      this.#swept = (this.#swept + 1229) & ((1 << BIMODAL_BITS) - 1);
      this.#bimodal[this.#swept] = 0;
      this.#tag[this.#swept & ((TABLES << TABLE_BITS) - 1)] = -1;
      if (n < 1 << TARGET_BITS) this.#target[this.#swept & ((1 << TARGET_BITS) - 1)] = 0;
    }
  }

  #slot(table: number, pc: Addr): number {
    const hash = (pc >>> 2) ^ (pc >>> (table + 5)) ^ this.#folded[table]!;
    return (table << TABLE_BITS) | (hash & ((1 << TABLE_BITS) - 1));
  }

  #tagOf(table: number, pc: Addr): number {
    return (
      ((pc >>> 2) ^ (pc >>> 11) ^ ((this.#folded[table]! >>> TAG_AT) * 2 + table)) & ((1 << TAG_BITS) - 1)
    );
  }

  /** After a misprediction: takes an entry in a table of longer history, or ages the ones in the way. */
  #allocate(provider: number, pc: Addr, taken: boolean): void {
    for (let t = provider + 1; t < TABLES; t++) {
      const i = this.#slot(t, pc);
      if (this.#useful[i] === 0) {
        this.#tag[i] = this.#tagOf(t, pc);
        this.#counter[i] = taken ? 0 : -1;
        return;
      }
      this.#useful[i] = 0;
    }
  }

  #push(bit: number): void {
    const history = this.#history;
    const head = (this.#head + 1) & (HISTORY - 1);
    this.#head = head;
    history[head] = bit;
    const folded = this.#folded;
    for (let t = 0; t < TABLES; t++) {
      const leaves = history[(head - LENGTHS[t]!) & (HISTORY - 1)]! * LEAVES[t]!;
      const f = ((folded[t]! << 1) | (bit * BOTH)) ^ leaves;
      // What was shifted into the spare bits comes in again below.
      folded[t] = (f ^ ((f >>> INDEX_FOLD) & 1) ^ ((f >>> TAG_FOLD) & (1 << TAG_AT))) & FOLDS;
    }
  }
}

/** Saturating step of a signed counter with values -(limit+1)..limit. */
function step(counter: number, taken: boolean, limit: number): number {
  if (taken) return counter < limit ? counter + 1 : counter;
  return counter > -limit - 1 ? counter - 1 : counter;
}
