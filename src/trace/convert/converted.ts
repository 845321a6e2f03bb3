/** What comes out of a conversion: rows whose times count from the first, and counts of what was seen. */
import type { TraceRow } from '../table.ts';

/** What the conversion saw and could not use; every number ends up in the table's header. */
export interface ConvertCounts {
  /** Events taken out of the recording. */
  deliveries: number;
  /** Sends seen in the recording, by system call, driver or IPI. */
  sends_seen: number;
  /** Sends inferred from a delivery nobody was seen to send. */
  sends_inferred: number;
  /** Sends to a port whose other end was closed or is not known. */
  sends_without_peer: number;
  /** IPIs whose port was not learned, because it never fired. */
  ipis_without_port: number;
  /** Deliveries of a port that the recording and the snapshot do not show bound. */
  deliveries_unbound: number;
}

/** A converted recording. */
export interface Converted {
  readonly rows: TraceRow[];
  readonly vcpus: number;
  readonly counts: ConvertCounts;
}

/** Counts times from the first row with one, so that a table does not say when it was recorded. */
export function rebase(rows: readonly TraceRow[]): void {
  const start = rows.find((row) => row.time >= 0)?.time ?? 0;
  for (const row of rows) row.time = Math.max(0, row.time - start);
}
