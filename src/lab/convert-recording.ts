/** From a recording's files to a trace table with its provenance. */
import { createHash } from 'node:crypto';
import { type Binding, readBindings } from '../trace/bindings.ts';
import { convert } from '../trace/convert.ts';
import { type FtraceEvent, readFtrace } from '../trace/ftrace.ts';
import { type TraceHeader, VERSION } from '../trace/table.ts';
import { writeTrace } from '../trace/writer.ts';

/** What to convert. */
export interface ConvertOptions {
  /** ftrace text; "-" for standard input. */
  readonly recording: string;
  readonly name: string;
  /** State file with the channels before the recording. */
  readonly state?: string | undefined;
  readonly domain: number;
  readonly out: string;
}

/** Nominal clock of the recordings: the emulator's TSC moves by one an instruction, nominally a nanosecond. */
const CLOCK_HZ = 1_000_000_000;

/** Converts and writes; returns the number of rows. */
export async function convertRecording(o: ConvertOptions): Promise<number> {
  const hash = createHash('sha256');
  const events: FtraceEvent[] = [];
  for await (const event of readFtrace(o.recording, (line) => hash.update(line).update('\n')))
    events.push(event);
  const bindings: Binding[] = o.state === undefined ? [] : await readBindings(o.state, o.domain);
  const { rows, vcpus, counts } = convert(events, bindings, o.domain);
  const header: TraceHeader = {
    version: VERSION,
    name: o.name,
    clockHz: CLOCK_HZ,
    vcpus,
    notes: [
      ['clock', 'instructions executed by an emulator; gaps are not times of Xen'],
      ['source', `ftrace text of ${o.name}, domain ${o.domain}`],
      ['source_sha256', hash.digest('hex')],
      ['source_events', String(events.length)],
      ...Object.entries(counts).map(([key, n]) => [key, String(n)] as const),
    ],
  };
  return writeTrace(o.out, header, rows);
}
