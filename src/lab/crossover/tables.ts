/** The reports of a crossover: what a search and a bind cost, and where one strategy overtakes another. */
import { type Cell, type Column, integer, ratio, type Table, text } from '../../model/table.ts';
import type { Cycle } from '../../model/units.ts';
import { type CacheState, guessedNumbers, type Scenario } from '../scenario.ts';
import type { Metric } from './curves.ts';
import type { Interval } from './intervals.ts';
import { unusedIndexes } from './placement.ts';
import { BIND_PARTS, type BindCost, type BindPart } from './point.ts';
import { type CrossoverSpec, populationOf } from './spec.ts';

const POINTS = 'upcall.crossover/1.0';
const BREAK_EVENS = 'upcall.crossover-break-even/1.0';

/**
 * By how many thousandths of the cheaper two costs must differ to count as different, by metric: a search by more
 * than the model's own error (docs/accuracy.md), a bind by what somebody might care about.
 */
export const TOLERANCE: Readonly<Record<Metric, number>> = { find: 50, bind: 10 };

/** What every row of every report says of how it was measured. */
export const PARAMETERS: readonly Column[] = [
  text('machine', 'modelled machine'),
  text('guest', 'generation of the FreeBSD code'),
  text('cache', 'where the data is when a search begins, and code and data when a bind begins'),
  text('changes', 'numbers that were set by hand'),
  text(
    'free',
    'where the unused isrcs stand: last; first: right behind those of the boot; random: behind them',
  ),
  integer('unused', 'isrcs', 'neutral', 'how many isrcs are unused'),
  integer('boot_isrcs', 'isrcs', 'neutral', 'isrcs bound at boot for IPIs, timer and debug, never unbound'),
  integer('seed', '', 'neutral', 'seed of the places where free is random'),
];

/** Their cells. */
export function parametersOf(spec: CrossoverSpec, scenario: Scenario, cache: string): Cell[] {
  const { place, unused, bootIsrcs, seed } = populationOf(spec, 1);
  return [scenario.machine.name, spec.guest, cache, scenario.changes, place, unused, bootIsrcs, seed];
}

const PARTS = Object.keys(BIND_PARTS) as BindPart[];

const POINT_COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  ...PARAMETERS,
  text('strategy', 'how an unused isrc is found'),
  integer('isrcs', 'isrcs', 'neutral', 'isrcs that exist'),
  text('validation', 'whether cycles of this machine were compared with silicon'),
  integer('guessed_numbers', 'numbers', 'lower', 'machine and kernel numbers that nobody could source'),
  integer('first_unused', 'isrcs', 'neutral', 'isrcs in front of the first unused one'),
  integer('find_cycles', 'cycles', 'lower', 'one search alone, with its locks; code is warm'),
  integer('bind_cycles', 'cycles', 'lower', 'one bind of a backend port with a filter, as a whole'),
  ...PARTS.map((part) =>
    integer(`bind_${part}_cycles`, 'cycles', 'lower', `of the bind: ${BIND_PARTS[part]}`),
  ),
  ratio('find_share_percent', '%', 'lower', 'of the bind: the search for an unused isrc', 2),
];

/** Leading columns that identify a row of the points. */
export const POINT_KEYS = 1 + PARAMETERS.length + 2;

/** What was measured in one state at one population. */
export interface Point {
  readonly cache: string;
  readonly find: Cycle;
  readonly bind: BindCost;
}

/** The row of one point. */
export function pointRow(
  spec: CrossoverSpec,
  scenario: Scenario,
  isrcs: number,
  { cache, find, bind }: Point,
): Cell[] {
  const { machine, kernel } = guessedNumbers(scenario);
  return [
    POINTS,
    ...parametersOf(spec, scenario, cache),
    scenario.strategy.name,
    isrcs,
    scenario.machine.validation,
    machine + kernel,
    unusedIndexes(populationOf(spec, isrcs))[0]!,
    find,
    bind.cycles,
    ...PARTS.map((part) => bind.parts[part]),
    (100 * bind.parts.find) / bind.cycles,
  ];
}

/** The points of all machines and guests, which follow one another in the order of their keys. */
export function pointsTable(rows: ReadonlyArray<readonly Cell[]>): Table {
  return { schema: POINTS, columns: POINT_COLUMNS, keys: POINT_KEYS, rows };
}

const BREAK_EVEN_COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  ...PARAMETERS,
  text('metric', 'what is compared: find, one search alone; bind, one bind as a whole'),
  text('strategy', 'how an unused isrc is found'),
  text('against', 'the strategy it is compared with'),
  integer('from_isrcs', 'isrcs', 'neutral', 'least number of isrcs at which the relation is known to hold'),
  integer('to_isrcs', 'isrcs', 'neutral', 'greatest number of isrcs at which it is known to'),
  text('validation', 'whether cycles of this machine were compared with silicon'),
  integer('tolerance_permille', '1/1000', 'neutral', 'costs that differ by no more than this are equal'),
  text('relation', 'of the cost of strategy to that of against in the interval: cheaper, equal, dearer'),
  integer('strategy_cycles', 'cycles', 'lower', 'cost of strategy where the interval begins'),
  integer('against_cycles', 'cycles', 'lower', 'cost of against where the interval begins'),
];

/** Leading columns that identify a row of the break-even points. */
export const BREAK_EVEN_KEYS = 1 + PARAMETERS.length + 4;

/** What is compared. */
export interface Pair {
  readonly cache: CacheState;
  readonly metric: Metric;
  readonly strategy: string;
  readonly against: string;
}

/** One interval of a pair, and what both cost where it begins. */
export interface ComparedInterval extends Pair, Interval {
  readonly cycles: Cycle;
  readonly againstCycles: Cycle;
}

/** Its row. */
export function breakEvenRow(spec: CrossoverSpec, scenario: Scenario, of: ComparedInterval): Cell[] {
  return [
    BREAK_EVENS,
    ...parametersOf(spec, scenario, of.cache),
    of.metric,
    of.strategy,
    of.against,
    of.from,
    of.to,
    scenario.machine.validation,
    TOLERANCE[of.metric],
    of.relation,
    of.cycles,
    of.againstCycles,
  ];
}

/** The intervals of all machines and guests, which follow one another in the order of their keys. */
export function crossoverBreakEvenTable(rows: ReadonlyArray<readonly Cell[]>): Table {
  return { schema: BREAK_EVENS, columns: BREAK_EVEN_COLUMNS, keys: BREAK_EVEN_KEYS, rows };
}
