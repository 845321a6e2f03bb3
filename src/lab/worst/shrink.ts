/** Delta debugging: the smallest case that still scores as high. */
/** A case that was made smaller. */
export interface Shrunk<C> {
  readonly c: C;
  /** Cases that were tried. */
  readonly tried: number;
  /** Whether no simpler case remained that was not tried: nothing that is left can be left out. */
  readonly minimal: boolean;
}

/**
 * Takes simpler cases as long as one scores at least `least`.
 *
 * @param simpler of a case, the simplest first
 * @param scoreOf exactly what the report will say
 * @param most cases that are tried
 */
export function shrink<C>(
  from: C,
  least: number,
  simpler: (c: C) => Iterable<C>,
  scoreOf: (c: C) => number,
  most: number,
): Shrunk<C> {
  let c = from;
  let tried = 0;
  for (let found = true; found; ) {
    found = false;
    for (const next of simpler(c)) {
      if (tried === most) return { c, tried, minimal: false };
      tried++;
      if (scoreOf(next) < least) continue;
      c = next;
      found = true;
      break;
    }
  }
  return { c, tried, minimal: true };
}

/** A list without one of its parts: halves first, then quarters, down to single items. */
export function* without<T>(items: readonly T[]): Generator<T[]> {
  for (let part = Math.ceil(items.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let from = 0; from < items.length; from += part) {
      yield [...items.slice(0, from), ...items.slice(from + part)];
    }
  }
}
