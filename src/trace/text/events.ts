/**
 * The events of a text recording as a stream: lines are taken in blocks, checked for what no tool prints, and given to
 * the format's parser. What it cannot read is an error with file and line, or is left out as far as that is tolerated.
 */
import { traceError } from '../../model/errors.ts';
import type { GuestEvent } from '../guest-event.ts';
import type { Input } from '../input.ts';
import { readLineBlocks } from '../lines.ts';
import type { Tolerance } from '../tolerance.ts';
import { Fault, quoted } from './fault.ts';
import type { LineParser, TextFormat } from './parser.ts';

const PRINTABLE = /^[\t\x20-\x7e]*$/;
/** Control characters, and those that change how the text around them is shown. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

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
      const event = PRINTABLE.test(text) || isVisible(text) ? parser.take(text, line) : hidden(text);
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

function isVisible(text: string): boolean {
  return !HIDDEN.test(text.replaceAll('\t', ' '));
}

function hidden(text: string): Fault {
  const code = HIDDEN.exec(text.replaceAll('\t', ' '))![0].codePointAt(0)!;
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return new Fault(`the control character ${name} in ${quoted(text)}`, 'printable text');
}
