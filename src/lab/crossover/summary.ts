/** What a crossover shows, for a terminal or a page: one block for each machine, guest and state. */
import type { Cell, Table } from '../../model/table.ts';
import type { CrossoverTables } from './crossover.ts';

/** A block: a heading and a table of words. */
export interface SummaryBlock {
  readonly heading: string;
  readonly header: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** Populations shown of each metric. */
const SHOWN = 5;

/** Reads rows by the names of their columns. */
export function reader({ columns }: Table): (row: readonly Cell[], column: string) => Cell {
  const places = new Map(columns.map((c, i) => [c.name, i]));
  return (row, column) => row[places.get(column)!] ?? null;
}

/** Everything that tells one block from another, in the order of the rows. */
function groups(table: Table): Map<string, Array<readonly Cell[]>> {
  const cell = reader(table);
  const found = new Map<string, Array<readonly Cell[]>>();
  for (const row of table.rows) {
    const key = [cell(row, 'machine'), cell(row, 'guest'), cell(row, 'cache')].join(', ');
    const group = found.get(key) ?? [];
    found.set(key, group);
    group.push(row);
  }
  return found;
}

/** Places from which on each has a row of one block instead of a block of its own. */
const MANY = 7;

/**
 * The blocks of all measurements.
 *
 * @param first strategy with which the others are compared
 * @param strategies in the order in which they are shown
 */
export function summaryOf(
  { points, breakEvens }: CrossoverTables,
  first: string,
  strategies: readonly string[],
): SummaryBlock[] {
  const cell = reader(points);
  const compared = groups(breakEvens);
  const places = [...groups(points)].map(([name, rows]): Place => {
    const isrcs = some([...new Set(rows.map((row) => Number(cell(row, 'isrcs'))))].sort((a, b) => a - b));
    const of = (strategy: string, n: number, column: string) => {
      const row = rows.find((r) => cell(r, 'strategy') === strategy && cell(r, 'isrcs') === n)!;
      return Number(cell(row, column));
    };
    return {
      name,
      validation: String(cell(rows[0]!, 'validation')),
      isrcs,
      finds: (strategy) => isrcs.map((n) => String(of(strategy, n, 'find_cycles'))),
      shares: (strategy) => isrcs.map((n) => of(strategy, n, 'find_share_percent').toFixed(1)),
      relations: (strategy) =>
        (['find', 'bind'] as const).map((metric) =>
          strategy === first ? '' : relationText(breakEvens, compared.get(name)!, metric, strategy, first),
        ),
    };
  });
  return places.length < MANY
    ? places.map((place) => blockOf(place, first, strategies))
    : [oneBlock(places, first, strategies)];
}

/** One machine, guest and state, as texts. */
interface Place {
  readonly name: string;
  readonly validation: string;
  readonly isrcs: readonly number[];
  finds(strategy: string): string[];
  shares(strategy: string): string[];
  relations(strategy: string): string[];
}

function blockOf(place: Place, first: string, strategies: readonly string[]): SummaryBlock {
  const { name, validation, isrcs, finds, shares, relations } = place;
  const last = isrcs.length - 1;
  const header = [
    'isrcs',
    ...isrcs.map((n) => String(n)),
    ...isrcs.map((n, i) => (i === last ? `${n} %` : String(n))),
    `search against ${first}`,
    `bind against ${first}`,
  ];
  const rows = strategies.map((s) => [s, ...finds(s), ...shares(s), ...relations(s)]);
  return { heading: `${name} (${validation})`, header, rows };
}

/** All places in one: what the search is of a bind, and how each strategy stands to the first. */
function oneBlock(places: readonly Place[], first: string, strategies: readonly string[]): SummaryBlock {
  const { isrcs } = places[0]!;
  const header = [
    'place',
    'strategy',
    ...isrcs.map((n) => `${n} %`),
    `search against ${first}`,
    `bind against ${first}`,
  ];
  const rows = places.flatMap(({ name, shares, relations }) =>
    strategies.map((s) => [name, s, ...shares(s), ...relations(s)]),
  );
  const validations = [...new Set(places.map((p) => p.validation))];
  return { heading: `the search in percent of a bind (${validations.join('; ')})`, header, rows };
}

/** At most `SHOWN` of a list, evenly spread, with both ends. */
function some(all: readonly number[]): number[] {
  if (all.length <= SHOWN) return [...all];
  return Array.from({ length: SHOWN }, (_, i) => all[Math.round((i * (all.length - 1)) / (SHOWN - 1))]!);
}

const TURNED: Readonly<Record<string, string>> = { cheaper: 'dearer', equal: 'equal', dearer: 'cheaper' };

/** How a strategy stands to another, `equal to 20, then cheaper`, from the rows of a place. */
function relationText(
  breakEvens: Table,
  rows: ReadonlyArray<readonly Cell[]>,
  metric: string,
  strategy: string,
  against: string,
): string {
  const cell = reader(breakEvens);
  const pair = (a: string, b: string) =>
    rows.filter((r) => cell(r, 'metric') === metric && cell(r, 'strategy') === a && cell(r, 'against') === b);
  const straight = pair(strategy, against);
  const found = straight.length > 0 ? straight : pair(against, strategy);
  const words = found.map((row, i) => {
    const relation = String(cell(row, 'relation'));
    const word = straight.length > 0 ? relation : TURNED[relation]!;
    if (found.length === 1) return word;
    return i === found.length - 1 ? `then ${word}` : `${word} to ${cell(row, 'to_isrcs')}`;
  });
  return words.join(', ');
}
