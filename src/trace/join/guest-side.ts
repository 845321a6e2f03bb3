/** A guest's recording for joining: its events under our names, and when it sent and was called up. */
import { traceError } from '../../model/errors.ts';
import { knownEvents } from '../convert/known.ts';
import { IOCTL } from '../convert/port-names.ts';
import { HEAD_BYTES, headLines } from '../format.ts';
import { field, type GuestEvent, NO_TIME } from '../guest-event.ts';
import type { Input } from '../input.ts';
import { headOf } from '../peek.ts';
import { readEvents } from '../text/events.ts';
import { FTRACE } from '../text/ftrace.ts';
import type { TextFormat } from '../text/parser.ts';
import { PERF_SCRIPT } from '../text/perf-script.ts';
import { TRACE_CMD } from '../text/trace-cmd.ts';
import type { Tolerance } from '../tolerance.ts';

const FORMATS: readonly TextFormat[] = [TRACE_CMD, FTRACE, PERF_SCRIPT];

/** A guest's recording. */
export interface GuestSide {
  readonly events: readonly GuestEvent[];
  /** What its times are counted from. */
  readonly origin: bigint;
  /** Times of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** By vCPU: when it sent, and when an upcall began; ascending. */
  readonly sends: number[][];
  readonly upcalls: number[][];
  /** Lost events, as the recording says. */
  readonly lost: number;
}

/**
 * Reads a guest's recording that was made with the TSC as its clock (`trace_clock` x86-tsc).
 *
 * @throws UserError (exit 6) when it is none, or has another clock
 */
export async function readGuestSide(
  input: Input,
  tolerance: Tolerance,
  onLine: (line: string) => void,
): Promise<GuestSide> {
  const format = await formatOf(input);
  const parser = format.parser();
  const all: GuestEvent[] = [];
  for await (const events of readEvents(input, format, parser, tolerance, onLine)) {
    for (const e of events) if (e.time !== NO_TIME) all.push(e);
  }
  if (parser.clock.hz !== 0) {
    throw traceError({ file: input.path }, 'times in seconds', 'ticks of the TSC (trace_clock x86-tsc)');
  }
  all.sort((a, b) => a.time - b.time);
  const events = knownEvents(all, input.path, tolerance);
  const sends: number[][] = [];
  const upcalls: number[][] = [];
  for (const e of events) {
    const list = isSend(e) ? sends : e.name === 'upcall' ? upcalls : undefined;
    if (list === undefined) continue;
    list[e.cpu] ??= [];
    list[e.cpu]!.push(e.time);
  }
  return {
    events,
    origin: parser.clock.origin,
    first: all[0]!.time,
    last: all.at(-1)!.time,
    sends,
    upcalls,
    lost: parser.lost,
  };
}

/** Whether an event is one that ends in a hypercall that sends. */
function isSend(e: GuestEvent): boolean {
  if (e.name === 'dev_ioctl') return field(e.text, 'cmd') === IOCTL.notify;
  return e.name === 'ipi' || e.name === 'notify_irq';
}

async function formatOf(input: Input): Promise<TextFormat> {
  const of = (head: Buffer) => {
    const lines = headLines(head);
    return FORMATS.find((f) => f.matches(lines));
  };
  const format = of(await headOf(input, HEAD_BYTES, (head) => head.includes(10) && of(head) !== undefined));
  if (format !== undefined) return format;
  input.close();
  throw traceError({ file: input.path, line: 1 }, 'another file', FORMATS.map((f) => f.what).join(', '));
}
