/**
 * Statistics: declared once with unit and sentence, counted as plain fields, read generically.
 *
 * A counter is a field of a `Counters` record and is incremented in place; the declaration drives
 * reset and the columns of the report. Ratios are the report's business.
 */

/** Which way is better, for whoever compares two runs. */
export type Direction = 'lower' | 'higher' | 'neutral';

/** What one counter means. */
export interface StatSpec {
  readonly unit: string;
  readonly direction: Direction;
  readonly what: string;
}

/** A closed set of counters; declaration order is column order. */
export type StatSpecs = Readonly<Record<string, StatSpec>>;

/** The counters themselves. */
export type Counters<S extends StatSpecs> = { -readonly [K in keyof S]: number };

/** A set of counters at zero, with a fixed shape. */
export function counters<S extends StatSpecs>(specs: S): Counters<S> {
  const out: Record<string, number> = {};
  for (const name of Object.keys(specs)) out[name] = 0;
  return out as Counters<S>;
}

/** Sets every counter to zero, in place. */
export function reset<S extends StatSpecs>(now: Counters<S>): void {
  for (const name of Object.keys(now)) (now as Record<string, number>)[name] = 0;
}
