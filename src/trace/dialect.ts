/** What differs between the versions of the trace table. The columns, channels and handlers are those of all. */

/** What the rows of one version may say: names, with their codes in the version that table.ts defines. */
export interface Dialect {
  readonly version: number;
  readonly kinds: ReadonlyMap<string, number>;
  readonly targets: ReadonlyMap<string, number>;
}

/** Names of a list with their codes, which are their places. */
export function codesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, code) => [name, code]));
}
