/** The order of a table's rows, and where its time begins. */
import { Kind, type TraceRow } from '../table.ts';

/** By time, at the same time as they are; what is bound before comes first. */
export function ordered(rows: readonly TraceRow[]): TraceRow[] {
  const order = rows.map((row, i) => ({ row, i }));
  order.sort((a, b) => placeOf(a.row) - placeOf(b.row) || a.i - b.i);
  return order.map(({ row }) => row);
}

function placeOf(row: TraceRow): number {
  return row.kind === Kind.bound ? Number.MIN_SAFE_INTEGER : row.time;
}

/** Counts times from the first row that happened. */
export function fromZero(rows: readonly TraceRow[]): void {
  const start = rows.find((row) => row.kind !== Kind.bound)?.time ?? 0;
  for (const row of rows) row.time = row.kind === Kind.bound ? 0 : row.time - start;
}
