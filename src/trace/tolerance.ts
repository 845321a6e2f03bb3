/**
 * How many faulty records a reading may leave out. A reader calls `skip` with the error of each record it cannot use,
 * and `read` for those it can; nothing is skipped silently, and strict is the rule.
 */
import { Exit, UserError, usageError } from '../model/errors.ts';

/** Messages kept of what was skipped; the rest is only counted. */
const SHOWN = 10;

/** The limit of one reading, and what has been skipped so far. */
export class Tolerance {
  /** Records skipped. */
  skipped = 0;
  /** Records read. */
  records = 0;
  readonly #most: number;
  readonly #percent: number;
  readonly #first: string[] = [];

  private constructor(most: number, percent: number) {
    this.#most = most;
    this.#percent = percent;
  }

  /** Refuses the first faulty record. */
  static strict(): Tolerance {
    return new Tolerance(0, -1);
  }

  /** Allows `most` faulty records, an integer. */
  static count(most: number): Tolerance {
    return new Tolerance(most, -1);
  }

  /** Allows a share of all records, read and skipped, 0 to 100; only the end of the reading can tell. */
  static percent(percent: number): Tolerance {
    return new Tolerance(Number.POSITIVE_INFINITY, percent);
  }

  /** Whether the first faulty record ends the reading. */
  get strict(): boolean {
    return this.#most === 0;
  }

  /** Counts records that were read. */
  read(records = 1): void {
    this.records += records;
  }

  /** Leaves a faulty record out, or throws: its own error when strict, else one that says that there are too many. */
  skip(error: UserError): void {
    if (this.strict) throw error;
    this.skipped++;
    if (this.#first.length < SHOWN) this.#first.push(error.message);
    if (this.skipped > this.#most) {
      throw tooMany(`more than ${this.#most} faulty records, the last: ${error.message}`);
    }
  }

  /** At the end of the reading: throws (exit 6) when more than the share was skipped. */
  finish(): void {
    if (this.#percent < 0 || this.skipped === 0) return;
    const all = this.skipped + this.records;
    if (this.skipped * 100 <= this.#percent * all) return;
    throw tooMany(
      `${this.skipped} of ${all} records are faulty, more than ${this.#percent} %, the first: ${this.#first[0]}`,
    );
  }

  /** What was skipped, as lines for whoever watches; none when nothing was. */
  report(): string[] {
    if (this.skipped === 0) return [];
    const more = this.skipped - this.#first.length;
    const lines = this.#first.map((message) => `skipped: ${message}`);
    if (more > 0) lines.push(`skipped: ${more} more`);
    return [...lines, `skipped ${this.skipped} faulty records, read ${this.records}`];
  }
}

function tooMany(message: string): UserError {
  return new UserError('beyond-tolerance', Exit.badTrace, message);
}

/** The tolerance a user asks for: a number of records, or a percentage with at most three decimals. */
export function toleranceOf(text: string | undefined): Tolerance {
  if (text === undefined) return Tolerance.strict();
  if (/^\d{1,12}$/.test(text)) return Tolerance.count(Number(text));
  const share = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text)?.[1];
  if (share !== undefined && Number(share) <= 100) return Tolerance.percent(Number(share));
  throw usageError(`--tolerate expects a number of records or a percentage such as 0.5%, found "${text}"`);
}
