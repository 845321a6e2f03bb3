/** Rows in memory as batches, for whoever reads a table. */
import { emptyBatch, type TraceBatch, type TraceRow } from './table.ts';

const BATCH_ROWS = 4096;

/** The rows in batches whose arrays are used again for the next batch; they have no lines. */
export async function* batchesOf(rows: Iterable<TraceRow>): AsyncGenerator<TraceBatch> {
  const batch = emptyBatch(BATCH_ROWS);
  for (const row of rows) {
    addRow(batch, row);
    if (batch.length < BATCH_ROWS) continue;
    yield batch;
    batch.length = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Appends a row to a batch that has room for it. */
export function addRow(batch: TraceBatch, row: TraceRow): void {
  const i = batch.length++;
  batch.time[i] = row.time;
  batch.kind[i] = row.kind;
  batch.by[i] = row.by;
  batch.port[i] = row.port;
  batch.to[i] = row.to;
  batch.channel[i] = row.channel;
  batch.handler[i] = row.handler;
  batch.target[i] = row.target;
}
