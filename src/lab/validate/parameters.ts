/** The `param` column: `key=value` pairs separated by semicolons. */
import { traceError, type Where } from '../../model/errors.ts';

/** Most sources and ports: 4,096 less the one that is never used, and all of them. */
export const MOST_SOURCES = 4095;

/** Parameters of a row, and where they stand, for the error when one is wrong. */
export class Parameters {
  readonly #values = new Map<string, string>();
  readonly #where: Where;

  constructor(text: string, where: Where) {
    this.#where = where;
    for (const pair of text.split(';')) {
      const at = pair.indexOf('=');
      if (at > 0) this.#values.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** An integer parameter; a UserError (exit 6) when it is missing or out of range. */
  integer(name: string, low: number, high: number): number {
    return this.#integerOf(name, this.#values.get(name), low, high);
  }

  /** The number behind a prefix, as in `word31`; undefined when the value has another form. */
  numbered(name: string, prefix: string, low: number, high: number): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined || !text.startsWith(prefix)) return undefined;
    return this.#integerOf(name, text.slice(prefix.length), low, high);
  }

  /** One of a list of words. */
  word<T extends string>(name: string, words: readonly T[]): T {
    const text = this.#values.get(name);
    const word = words.find((w) => w === text);
    if (word === undefined) throw this.#wrong(name, text, words.join(', '));
    return word;
  }

  #integerOf(name: string, text: string | undefined, low: number, high: number): number {
    const value = Number(text);
    if (text === undefined || !/^\d{1,6}$/.test(text) || value < low || value > high) {
      throw this.#wrong(name, text, `an integer ${low}..${high}`);
    }
    return value;
  }

  #wrong(name: string, text: string | undefined, expected: string): Error {
    return traceError(this.#where, text === undefined ? `no ${name}` : `${name}=${text}`, expected);
  }
}
