/** From a recording's files to a trace table with its provenance. */
import { usageError } from '../model/errors.ts';
import { detect } from '../trace/formats.ts';
import { Input } from '../trace/input.ts';
import { NO_SNAPSHOT, readSnapshot } from '../trace/snapshot.ts';
import { rowOf, type Trace, type TraceRow } from '../trace/table.ts';
import type { Tolerance } from '../trace/tolerance.ts';
import { writeTrace } from '../trace/writer.ts';

/** What to convert. */
export interface ConvertOptions {
  /** A recording of any format that can be one; "-" for standard input. */
  readonly recording: string;
  readonly name: string;
  /** Snapshot of the channels and interrupts before the recording. */
  readonly state?: string | undefined;
  readonly domain: number;
  /** Ticks per second of a recorded counter. */
  readonly clockHz?: number | undefined;
  readonly notes: ReadonlyArray<readonly [key: string, value: string]>;
  readonly out: string;
}

/** Converts and writes; returns the number of rows. */
export async function convertRecording(o: ConvertOptions, tolerance: Tolerance): Promise<number> {
  const input = new Input(o.recording);
  const format = await detect(input);
  if (format.rows === undefined) {
    input.close();
    throw usageError(`${o.recording} is ${format.what}, which cannot be turned into a trace table`);
  }
  const snapshot = o.state === undefined ? NO_SNAPSHOT : await readSnapshot(o.state, o.domain);
  const trace = await format.rows(input, { ...o, ...snapshot }, tolerance);
  return writeTrace(o.out, trace.header, await rowsOf(trace));
}

async function rowsOf(trace: Trace): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  for await (const batch of trace.batches) {
    for (let i = 0; i < batch.length; i++) rows.push(rowOf(batch, i));
  }
  return rows;
}
