/** The part of a table that lies in a time, with the channels that are bound when it begins. */
import { Kind, type TraceRow } from '../table.ts';
import { TableState } from '../table-state.ts';

/**
 * Rows from `first` to `last`; what was bound, moved and unbound before is summed up in rows of kind bound.
 *
 * @param rows by time, those of kind bound first
 */
export function cutToTime(rows: readonly TraceRow[], first: number, last: number): TraceRow[] {
  const state = new TableState();
  const kept: TraceRow[] = [];
  for (const row of rows) {
    if (row.kind === Kind.bound || row.time < first) state.take(row);
    else if (row.time <= last) kept.push(row);
  }
  return [...state.rows(first), ...kept];
}
