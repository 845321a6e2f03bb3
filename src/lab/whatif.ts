/** The same recording as it was and changed: paired differences per upcall and per bind, with their breakdown. */
import { usageError } from '../model/errors.ts';
import { type Cell, type Column, ratio, type Table, text } from '../model/table.ts';
import type { ScenarioNames } from './scenario.ts';
import {
  numberOf,
  type RunResult,
  STAGE_CAUSE,
  STAGE_CYCLES,
  STAGE_FUNCTION,
  STAGE_OPERATION,
} from './tables.ts';

const COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('trace', 'name of the trace'),
  text('part', 'total: the operation as a whole; function or cause: its share per operation'),
  text('operation', 'upcall, bind or another operation; run for the whole run'),
  text('item', 'the metric, C function or cause'),
  text('unit', 'unit of the numbers'),
  ratio('was', 'see unit', 'neutral', 'as recorded, with the names given before the changes', 1),
  ratio('is', 'see unit', 'lower', 'with the changes', 1),
  ratio('difference', 'see unit', 'lower', 'is minus was', 1),
  ratio('ratio', '', 'lower', 'is over was', 4),
];

/** Metrics of the run as a whole, and of each operation. */
const RUN_METRICS = [
  'upcalls',
  'delivered',
  'coalesced',
  'binds',
  'unbinds',
  'held_rows',
  'guest_cycles',
] as const;
const OPERATION_METRICS = ['mean_cycles', 'p50_cycles', 'p99_cycles', 'max_cycles'] as const;
const OPERATIONS = ['upcall', 'delivery', 'bind', 'find', 'unbind', 'ithread', 'send', 'unmask'] as const;
const BROKEN_DOWN = ['upcall', 'bind', 'unbind', 'ithread', 'send', 'unmask'] as const;

/** What has a name instead of a number. */
const NAMED = new Set(['machine', 'guest', 'strategy', 'cache', 'delivery', 'scheduler', 'unmask']);

/**
 * Applies `key=value` changes to scenario names. Besides the numbers that have a name of their own:
 * machine, guest, strategy, cache, delivery, scheduler, unmask, load (a factor: gaps are divided by it), handler
 * (cycles of every handler).
 * Anything else is left to `scenarioOf`, which refuses what it does not know.
 */
export function changedNames(names: ScenarioNames, changes: readonly string[]): ScenarioNames {
  let next: ScenarioNames = { ...names, set: [...(names.set ?? [])] };
  for (const change of changes) {
    const eq = change.indexOf('=');
    const key = eq < 0 ? change : change.slice(0, eq);
    const value = change.slice(eq + 1);
    if (eq < 0 || value === '') throw usageError(`--set expects key=value, found "${change}"`);
    if (NAMED.has(key)) {
      next = { ...next, [key]: value };
    } else if (key === 'load') next = { ...next, set: [...next.set!, `gapPermille=${permilleOf(value)}`] };
    else if (key === 'handler') {
      const cycles = [`filterCycles=${value}`, `ithreadHandlerCycles=${value}`];
      next = { ...next, set: [...next.set!, ...cycles] };
    } else next = { ...next, set: [...next.set!, change] };
  }
  return next;
}

/** Gaps in thousandths for a load factor such as 2 or 0.5. */
function permilleOf(factor: string): number {
  const load = Number(factor);
  if (!/^\d+(\.\d+)?$/.test(factor) || load < 0.001 || load > 1000) {
    throw usageError(`load is "${factor}", expected a factor 0.001..1000`);
  }
  return Math.round(1000 / load);
}

/** The paired differences of two runs of one trace. */
export function whatIfTable(trace: string, was: RunResult, is: RunResult): Table {
  const schema = 'upcall.whatif/1.0';
  const rows: Cell[][] = [];
  const put = (
    part: string,
    operation: string,
    item: string,
    unit: string,
    a: number | null,
    b: number | null,
  ) => {
    const both = a !== null && b !== null;
    const cells = [a, b, both ? b - a : null, both && a !== 0 ? b / a : null];
    rows.push([schema, trace, part, operation, item, unit, ...cells]);
  };
  for (const metric of RUN_METRICS) {
    const unit = metric === 'guest_cycles' ? 'cycles' : 'count';
    put('total', 'run', metric, unit, numberOf(was, metric), numberOf(is, metric));
  }
  for (const operation of OPERATIONS) {
    for (const metric of OPERATION_METRICS) {
      const column = `${operation}_${metric}`;
      put('total', operation, metric, 'cycles', numberOf(was, column), numberOf(is, column));
    }
  }
  for (const [part, column] of [
    ['function', STAGE_FUNCTION],
    ['cause', STAGE_CAUSE],
  ] as const) {
    for (const operation of BROKEN_DOWN) {
      const a = perOperation(was, operation, column);
      const b = perOperation(is, operation, column);
      for (const item of [...new Set([...a.keys(), ...b.keys()])].sort()) {
        put(part, operation, item, 'cycles per operation', a.get(item) ?? 0, b.get(item) ?? 0);
      }
    }
  }
  return { schema, columns: COLUMNS, keys: 5, rows };
}

/** Cycles of an operation per call, by the text in a column of `stages`. */
export function perOperation(result: RunResult, operation: string, column: number): Map<string, number> {
  const count = numberOf(result, `${operation}_count`) ?? 0;
  const sums = new Map<string, number>();
  for (const row of result.stages) {
    if (row[STAGE_OPERATION] !== operation) continue;
    const item = String(row[column]);
    sums.set(item, (sums.get(item) ?? 0) + Number(row[STAGE_CYCLES]));
  }
  for (const [item, cycles] of sums) sums.set(item, count === 0 ? 0 : cycles / count);
  return sums;
}
