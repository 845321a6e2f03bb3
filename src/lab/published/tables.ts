/** The comparison with a published table, as tables: the rows, their terms, the variants. */
import { type Cell, type Column, integer, ratio, type Table, text } from '../../model/table.ts';
import { type ComparedRow, errorOf, GOAL } from './compare.ts';
import type { Place, Term } from './path.ts';

/** Cycles of a function from which on a breakdown names it. */
const NAMED = 25;

const KEYS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  integer('position', '', 'neutral', 'place of the row in the published table, from 1'),
  text('row', 'its name there'),
];

const ERROR = ratio('error_ratio', '', 'neutral', 'predicted / published - 1', 4);

/** One row for each published figure. */
export function publishedTable(compared: readonly ComparedRow[]): Table {
  const schema = 'upcall.validate-published/1.0';
  const rows = compared.map(({ row, taken, low, high }, i): Cell[] => {
    const error = errorOf(row, taken.cycles);
    const between = row.cycles >= low && row.cycles <= high ? 'yes' : 'no';
    const inside = row.sets === undefined ? between : null;
    const good = Math.abs(error) <= GOAL ? 'yes' : 'no';
    const figures = [row.cycles, taken.cycles, error, good, low, high, inside];
    const used = row.sets === undefined ? 'predicted' : `sets ${row.sets}`;
    return [schema, i + 1, row.name, used, ...figures, breakdown(taken.terms), note(row)];
  });
  const columns = [
    ...KEYS,
    text('used', 'predicted, or the number of the machine that the figure has set'),
    integer('published_cycles', 'cycles', 'neutral', 'as published, remembered'),
    integer('predicted_cycles', 'cycles', 'neutral', 'what the model says: median of its rounds'),
    ERROR,
    text('within_goal', `whether the error is at most ${GOAL * 100} %`),
    integer(
      'low_cycles',
      'cycles',
      'neutral',
      'predicted with guessed numbers at the low ends of their ranges',
    ),
    integer('high_cycles', 'cycles', 'neutral', 'predicted with guessed numbers at the high ends'),
    text('inside', 'whether a published figure that is predicted is between the two'),
    text('breakdown', 'predicted cycles by place and function; they sum to the prediction'),
    text('note', 'how the figure is read, and what the model does not charge'),
  ];
  return { schema, columns, keys: 2, rows };
}

/** One row for each site and cause on the path of each figure. */
export function publishedTermsTable(compared: readonly ComparedRow[]): Table {
  const schema = 'upcall.validate-published-terms/1.0';
  const rows = compared.flatMap(({ row, taken }, i) =>
    taken.terms.map((t, n): Cell[] => {
      return [schema, i + 1, row.name, n + 1, t.place, t.fn, t.site, t.cause, t.cycles];
    }),
  );
  const columns = [
    ...KEYS,
    integer('term', '', 'neutral', 'number of the term within its row, from 1'),
    text('place', 'here for the only pCPU; sender, between or target'),
    text('function', 'C function'),
    text('site', 'what is done there'),
    text('cause', 'why retirement waited'),
    integer('cycles', 'cycles', 'lower', 'cycles; the terms of a row sum to its prediction'),
  ];
  return { schema, columns, keys: 4, rows };
}

/** One row for each figure and each variant that moves it. */
export function publishedVariantsTable(compared: readonly ComparedRow[]): Table {
  const schema = 'upcall.validate-published-variants/1.0';
  const rows = compared.flatMap(({ row, varied }, i) =>
    varied.map(({ variant, cycles }, n): Cell[] => {
      const changes = Object.entries(variant.numbers).map(([name, value]) => `${name}=${value}`);
      return [schema, i + 1, row.name, n + 1, changes.join(' '), cycles, errorOf(row, cycles), variant.what];
    }),
  );
  const columns = [
    ...KEYS,
    integer('variant', '', 'neutral', 'number of the variant within its row, from 1'),
    text('changes', 'numbers of the machine that are changed'),
    integer('predicted_cycles', 'cycles', 'neutral', 'what the model then says'),
    ERROR,
    text('what', 'what the change means'),
  ];
  return { schema, columns, keys: 4, rows };
}

function note({ reading, missing }: ComparedRow['row']): string {
  return `Read as: ${reading}${missing === '' ? '' : ` Not charged: ${missing}`} Published figure from memory.`;
}

/** By place and function, the greatest first; what is small is summed. */
function breakdown(terms: readonly Term[]): string {
  const places = new Map<Place, Map<string, number>>();
  for (const { place, fn, cycles } of terms) {
    const functions = places.get(place) ?? new Map<string, number>();
    places.set(place, functions.set(fn, (functions.get(fn) ?? 0) + cycles));
  }
  return [...places].map(([place, functions]) => `${place}: ${greatest(functions)}`).join('; ');
}

function greatest(functions: ReadonlyMap<string, number>): string {
  const all = [...functions].sort(([, a], [, b]) => b - a);
  const named = all.filter(([, cycles]) => cycles >= NAMED).map(([fn, cycles]) => `${fn} ${cycles}`);
  const rest = all.reduce((sum, [, cycles]) => sum + (cycles < NAMED ? cycles : 0), 0);
  return [...named, ...(rest > 0 ? [`other ${rest}`] : [])].join(', ');
}
