/** Every two of a list, the earlier one first. */
export function pairsOf<T>(all: readonly T[]): Array<readonly [T, T]> {
  return all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b] as const));
}
