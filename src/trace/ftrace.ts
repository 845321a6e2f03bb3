/**
 * Linux ftrace text, as `trace` prints it: one event a line.
 *
 *   <comm>-<pid> [<cpu>] <flags> <time>: <event>: <text>
 *
 * Example:  `          <idle>-0       [000] dnh1.  26405114588: port: (handle_irq_for_port+0x0/0xf0) port=3`
 *
 * Columns are padded to a least width only, so nothing is cut by position. The first "-pid [cpu] ... time:"
 * wins: the text of an event is less trustworthy than a command name of at most 15 characters.
 */
import { traceError } from '../model/errors.ts';
import { readLineBlocks } from './lines.ts';

/** One event of the recording. */
export interface FtraceEvent {
  readonly line: number;
  readonly time: number;
  readonly cpu: number;
  readonly comm: string;
  readonly pid: number;
  readonly name: string;
  /** Everything behind the event's name. */
  readonly text: string;
}

const LINE =
  /^\s*(.+?)-(\d+)\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[(\d+)\]\s+(?:[A-Za-z.#0-9]{4,5}\s+)?(\d+):\s+([A-Za-z_]\w*): ?(.*)$/;
/** Lines that are no events: comments, and notes of the tracer about its buffers. */
const NO_EVENT = /^#|^CPU:\d+ \[LOST \d+ EVENTS\]$|^\s*$/;

/**
 * Events of a recording in file order. Only the x86-tsc and counter clocks (integer time stamps) are accepted.
 * Throws a UserError (exit 6) with file and line for anything else.
 *
 * @param onLine sees every line as it is read, events or not: for a checksum
 */
export async function* readFtrace(
  path: string,
  onLine: (line: string) => void = () => {},
): AsyncGenerator<FtraceEvent> {
  let line = 0;
  let seen = false;
  for await (const block of readLineBlocks(path, 'an ftrace recording')) {
    for (const text of block) {
      line++;
      onLine(text);
      if (NO_EVENT.test(text)) continue;
      const m = LINE.exec(text);
      if (m === null) {
        const found = `"${text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')}"`;
        throw traceError(
          { file: path, line },
          found,
          'an ftrace line: comm-pid [cpu] flags time: event: text',
        );
      }
      seen = true;
      yield {
        line,
        comm: m[1]!,
        pid: Number(m[2]),
        cpu: Number(m[3]),
        time: Number(m[4]),
        name: m[5]!,
        text: m[6]!,
      };
    }
  }
  if (!seen) throw traceError({ file: path, line }, 'no event', 'at least one ftrace event');
}

/** The integer behind `key=` in an event's text (decimal, or hexadecimal with 0x); undefined if absent. */
export function field(text: string, key: string): number | undefined {
  const at = text.startsWith(`${key}=`) ? 0 : text.indexOf(` ${key}=`) + 1;
  if (at === 0 && !text.startsWith(`${key}=`)) return undefined;
  const value = text.slice(at + key.length + 1).split(' ', 1)[0]!;
  return /^(-?\d+|0x[0-9a-f]+)$/.test(value) ? Number(value) : undefined;
}
