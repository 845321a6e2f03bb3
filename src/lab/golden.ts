/**
 * A small run as one short table that a person can follow: counts, then cycles by operation, function and cause.
 * Goldens are this table for the hand-written traces, compared exactly.
 */
import { type Cell, integer, type Table, text } from '../model/table.ts';
import {
  numberOf,
  type RunResult,
  STAGE_CAUSE,
  STAGE_CYCLES,
  STAGE_FUNCTION,
  STAGE_OPERATION,
} from './tables.ts';

const COUNTS = [
  'rows',
  'isrcs',
  'binds',
  'unbinds',
  'moves',
  'sends',
  'coalesced',
  'masked',
  'selector_set',
  'upcall_set',
  'marked',
  'cancelled',
  'upcalls',
  'spurious_upcalls',
  'delivered',
  'lost',
  'still_pending',
  'ithread_runs',
  'outgoing',
  'hypercalls',
  'unmasks',
  'held_rows',
  'uops',
  'instructions',
  'guest_cycles',
  'sender_cycles',
  'span_cycles',
] as const;

/** The table of a run. */
export function goldenTable(name: string, result: RunResult): Table {
  const schema = 'upcall.golden/1.0';
  const sums = new Map<string, number>();
  for (const row of result.stages) {
    const key = [row[STAGE_OPERATION], row[STAGE_FUNCTION], row[STAGE_CAUSE]].join('\n');
    sums.set(key, (sums.get(key) ?? 0) + Number(row[STAGE_CYCLES]));
  }
  const counts = COUNTS.map((c): Cell[] => [schema, name, 'count', c, '', numberOf(result, c)]);
  const stages = [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, cycles]): Cell[] => {
      const [operation, fn, cause] = key.split('\n');
      return [schema, name, operation!, fn!, cause!, cycles];
    });
  const columns = [
    text('schema', 'name and version of this table'),
    text('trace', 'name of the trace'),
    text('part', 'count, or the operation whose cycles follow'),
    text('item', 'what is counted, or the C function'),
    text('cause', 'why retirement had to wait'),
    integer('value', 'see item', 'neutral', 'the count, or cycles'),
  ];
  return { schema, columns, keys: 5, rows: [...counts, ...stages] };
}
