/** The part of a table that lies in a time, with the channels that are bound when it begins. */
import { EXTERNAL, Kind, type TraceRow } from '../table.ts';

/**
 * Rows from `first` to `last`; what was bound, moved and unbound before is summed up in rows of kind bound, by port.
 *
 * @param rows by time, those of kind bound first
 */
export function cutToTime(rows: readonly TraceRow[], first: number, last: number): TraceRow[] {
  const bound = new Map<number, TraceRow>();
  const kept: TraceRow[] = [];
  for (const row of rows) {
    if (row.kind !== Kind.bound && row.time >= first) {
      if (row.time <= last) kept.push(row);
      continue;
    }
    if (row.kind === Kind.bound || row.kind === Kind.bind) {
      bound.set(row.port, { ...row, kind: Kind.bound, by: EXTERNAL, target: 0 });
    } else if (row.kind === Kind.unbind) bound.delete(row.port);
    else if (row.kind === Kind.move) bound.get(row.port)!.to = row.to;
  }
  const before = [...bound.values()].sort((a, b) => a.port - b.port);
  return [...before, ...kept];
}
