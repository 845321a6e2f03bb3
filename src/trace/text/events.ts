/**
 * The events of a text recording as a stream: lines are taken in blocks, checked for what no tool prints, and given to
 * the format's parser. What it cannot read is an error with file and line, or is left out as far as that is tolerated.
 */
import { traceError } from '../../model/errors.ts';
import type { GuestEvent } from '../guest-event.ts';
import type { Input } from '../input.ts';
import { readLineBlocks } from '../lines.ts';
import type { Tolerance } from '../tolerance.ts';
import { Fault, hiddenFault } from './fault.ts';
import type { LineParser, TextFormat } from './parser.ts';

/**
 * Events in file order, a block at a time. Bounded memory.
 *
 * @param onLine sees every line as it is read, events or not: for a checksum
 * @throws UserError (exit 6) with file and line, also when there is no event at all
 */
export async function* readEvents(
  from: string | Input,
  format: TextFormat,
  parser: LineParser,
  tolerance: Tolerance,
  onLine: (line: string) => void = () => {},
): AsyncGenerator<GuestEvent[]> {
  const file = typeof from === 'string' ? from : from.path;
  let line = 0;
  let seen = false;
  for await (const block of readLineBlocks(from, format.what)) {
    const events: GuestEvent[] = [];
    for (const text of block) {
      line++;
      onLine(text);
      const event = hiddenFault(text) ?? parser.take(text, line);
      if (event === undefined) continue;
      if (event instanceof Fault) tolerance.skip(traceError({ file, line }, event.found, event.expected));
      else events.push(event);
    }
    tolerance.read(events.length);
    seen ||= events.length > 0;
    if (events.length > 0) yield events;
  }
  if (!seen) throw traceError({ file, line }, 'no event', `at least one of ${format.what}`);
  tolerance.finish();
}
