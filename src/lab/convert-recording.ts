/** From a recording's files to a trace table with its provenance, or from a table to one of another form. */
import { usageError } from '../model/errors.ts';
import { checked } from '../trace/checked.ts';
import type { TraceFormat } from '../trace/format.ts';
import { detect } from '../trace/formats.ts';
import { Input } from '../trace/input.ts';
import { NO_SNAPSHOT, readSnapshot } from '../trace/snapshot.ts';
import type { Tolerance } from '../trace/tolerance.ts';
import { writeTrace } from '../trace/writer.ts';

/** What to convert. */
export interface ConvertOptions {
  /** A recording of any format that can be one; "-" for standard input. */
  readonly recording: string;
  /** Name of the table; a table has one already. */
  readonly name: string | undefined;
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
  const refusal = refusalOf(format, o);
  if (format.rows === undefined || refusal !== undefined) {
    input.close();
    throw usageError(`${o.recording} is ${format.what}, ${refusal}`);
  }
  const snapshot = o.state === undefined ? NO_SNAPSHOT : await readSnapshot(o.state, o.domain);
  const trace = await format.rows(input, { ...o, ...snapshot }, tolerance);
  return writeTrace(o.out, trace.header, checked(trace, o.recording));
}

/** Why a file cannot be converted as it is asked for. */
function refusalOf(format: TraceFormat, o: ConvertOptions): string | undefined {
  if (format.rows === undefined) return 'which cannot be turned into a trace table';
  if (format.isTable !== true) return o.name === undefined ? 'which has no name: expected --name' : undefined;
  return o.state === undefined ? undefined : 'which says itself what was bound: --state is for recordings';
}
