/** A text format of guest events as one of the formats that `upcall trace` knows. */
import { createHash } from 'node:crypto';
import { traceError, usageError } from '../../model/errors.ts';
import { batchesOf } from '../batches.ts';
import { convertEvents } from '../convert/recording.ts';
import { Counter } from '../counter.ts';
import { headLines, type RowsOptions, type TraceFormat } from '../format.ts';
import { type GuestEvent, NO_TIME, NOT_TOLD } from '../guest-event.ts';
import type { Input } from '../input.ts';
import { type Trace, type TraceHeader, VERSION } from '../table.ts';
import type { Tolerance } from '../tolerance.ts';
import { readEvents } from './events.ts';
import { Pairs } from './pairs.ts';
import type { LineParser, TextFormat } from './parser.ts';

/** The format with everything that can be done with it. */
export function traceFormatOf(format: TextFormat): TraceFormat {
  return {
    name: format.name,
    what: format.what,
    matches: (head) => format.matches(headLines(head)),
    info: async (input, tolerance) => {
      const parser = format.parser();
      const counter = new Counter();
      const pairs = new Pairs();
      let ahead = 0;
      const last = new Map<number, number>();
      for await (const events of readEvents(input, format, parser, tolerance)) {
        for (const e of events) {
          counter.count(e.name, e.cpu, e.time === NO_TIME ? undefined : e.time);
          pairs.take(e);
          if (e.time > (last.get(e.cpu) ?? e.time)) ahead++;
          last.set(e.cpu, e.time);
        }
      }
      counter.lostRecords = parser.lost;
      counter.unmatched = parser.newestFirst ? 0 : pairs.unmatched;
      if (parser.newestFirst) counter.skewed = ahead;
      const info = counter.info(format.name, more(parser));
      return { ...info, firstTsc: absolute(info.firstTsc, parser), lastTsc: absolute(info.lastTsc, parser) };
    },
    head: async function* (input, tolerance) {
      const parser = format.parser();
      if (format.unordered) {
        for (const e of await inOrder(input, format, parser, tolerance)) yield formatEvent(e, parser);
      } else {
        for await (const events of readEvents(input, format, parser, tolerance)) {
          for (const e of events) yield formatEvent(e, parser);
        }
      }
    },
    rows: (input, options, tolerance) => tableOf(format, input, options, tolerance),
  };
}

/** A recording as a trace table. */
async function tableOf(
  format: TextFormat,
  input: Input,
  options: RowsOptions,
  tolerance: Tolerance,
): Promise<Trace> {
  const parser = format.parser();
  const hash = createHash('sha256');
  const all = await inOrder(input, format, parser, tolerance, (line) => hash.update(line).update('\n'));
  const events = timed(all, input.path, tolerance);
  const clockHz = parser.clock.hz || options.clockHz;
  if (clockHz === undefined) {
    throw usageError(
      `${input.path}: its times are ticks of a counter: --clock-hz must say how many a second`,
    );
  }
  const name = options.name ?? format.name;
  const snapshot = { bindings: options.bindings, interrupts: options.interrupts ?? [] };
  const { rows, vcpus, notes } = convertEvents(
    format,
    events,
    snapshot,
    options.domain,
    input.path,
    tolerance,
  );
  tolerance.finish();
  const lost: Array<[string, string]> = parser.lost > 0 ? [['source_lost', String(parser.lost)]] : [];
  const header: TraceHeader = {
    version: VERSION,
    name,
    clockHz,
    vcpus,
    notes: [
      ...(options.notes ?? []),
      ['source', `${format.name} text of ${name}, domain ${options.domain}`],
      ['source_sha256', hash.digest('hex')],
      ['source_events', String(all.length)],
      ...lost,
      ...notes,
    ],
  };
  return { header, batches: batchesOf(rows) };
}

/** The events that have a time; the others cannot be placed. */
function timed(events: readonly GuestEvent[], file: string, tolerance: Tolerance): GuestEvent[] {
  return events.filter((e) => {
    if (e.time !== NO_TIME) return true;
    tolerance.skip(traceError({ file, line: e.line }, 'an event without a time', 'a time stamp of each'));
    return false;
  });
}

/** All events by time, those of the same time as they stand in the file (newest first: from its end). */
async function inOrder(
  input: Input,
  format: TextFormat,
  parser: LineParser,
  tolerance: Tolerance,
  onLine?: (line: string) => void,
): Promise<GuestEvent[]> {
  const all: GuestEvent[] = [];
  for await (const events of readEvents(input, format, parser, tolerance, onLine)) {
    for (const e of events) all.push(e);
  }
  if (parser.newestFirst) all.reverse();
  return all.sort((a, b) => a.time - b.time);
}

/** What `info` tells of text formats alone. */
function more(parser: LineParser): Array<readonly [string, number | string]> {
  const { hz } = parser.clock;
  return [
    ['clock', hz === undefined ? 'none' : hz === 0 ? 'ticks of a counter' : 'ns'],
    ['lost_without_number', parser.lostUnknown ? 'yes' : 'no'],
  ];
}

function absolute(time: number | bigint | undefined, parser: LineParser): number | bigint | undefined {
  const { origin } = parser.clock;
  return time === undefined || origin === 0n ? time : origin + BigInt(time);
}

/** An event as one line, the same for every format. */
function formatEvent(e: GuestEvent, parser: LineParser): string {
  const time = e.time === NO_TIME ? '-' : String(absolute(e.time, parser));
  const cpu = e.cpu === NOT_TOLD ? '-' : String(e.cpu);
  const task = e.pid === NOT_TOLD ? '-' : `${e.comm}-${e.pid}`;
  return `${time} cpu ${cpu} ${task} ${e.name} ${e.text}`.trimEnd();
}
