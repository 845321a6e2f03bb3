/**
 * What `trace-cmd report` prints: the lines of ftrace (kernel-line.ts) with the event's name padded to 20 characters,
 * after a first line that counts the CPUs.
 *
 *   cpus=4
 *             <idle>-0     [001] d.h1.  1200.000100: irq_handler_entry:    irq=64 name=blkif
 *   CPU:2 [17 EVENTS DROPPED]
 *
 * The function tracer's events are called `function` and have `func <-- parent` as text. Of several recordings each
 * line begins with the file's name; it is not kept. Source: trace-cmd 3.4 (tracecmd/trace-read.c), and the line
 * "version = 6" of versions before 2.
 */
import type { GuestEvent } from '../guest-event.ts';
import { GuestClock } from './clock.ts';
import { Fault, nameFault, quoted } from './fault.ts';
import { isKernelLine, kernelLine } from './kernel-line.ts';
import type { LineParser, TextFormat } from './parser.ts';

const EVENT = /^([A-Za-z_][\w.]*):\s*(.*)$/;
const FUNCTION = /^(\S+) <-- ?(\S+)$/;
const DROPPED = /^CPU:\d{1,6} \[(?:(\d{1,15}) )?EVENTS DROPPED\]$/;
/** Lines that are no events. */
const NOTE = /^(?:cpus=\d{1,6}|version = \d{1,3}|CPU \d{1,6} is empty|#.*|\s*)$/;
const FILE = /^\s*[^\s:]{1,255}:\s+(?=\S)/;
const FIRST = /^(?:version = \d{1,3}|cpus=\d{1,6})$/;

/** Reads the output of trace-cmd report. */
export class TraceCmdParser implements LineParser {
  readonly newestFirst = false;
  readonly clock = new GuestClock();
  lost = 0;
  lostUnknown = false;

  take(text: string, line: number): GuestEvent | Fault | undefined {
    if (NOTE.test(text)) return undefined;
    const dropped = DROPPED.exec(text);
    if (dropped !== null) {
      if (dropped[1] === undefined) this.lostUnknown = true;
      else this.lost += Number(dropped[1]);
      return undefined;
    }
    const parts = kernelLine(withoutFile(text), this.clock);
    if (parts instanceof Fault) return parts;
    if (parts === undefined) {
      return new Fault(quoted(text), 'a line of trace-cmd report: comm-pid [cpu] flags time: event: text');
    }
    const { comm, pid, cpu, time, event } = parts;
    const m = EVENT.exec(event);
    if (m === null) return new Fault(quoted(event), '"event: text"');
    const f = m[1] === 'function' ? FUNCTION.exec(m[2]!) : null;
    const name = f === null ? m[1]! : f[1]!;
    return nameFault(name) ?? { line, time, cpu, comm, pid, name, text: f === null ? m[2]! : `<-${f[2]}` };
  }
}

/** The line behind the name of its file, if it begins with one. */
function withoutFile(text: string): string {
  const m = FILE.exec(text);
  if (m === null) return text;
  const rest = text.slice(m[0].length);
  return isKernelLine(rest) ? rest : text;
}

/** Told by its first line; without it, it is read as ftrace text. */
export const TRACE_CMD: TextFormat = {
  name: 'trace-cmd',
  what: 'trace-cmd report',
  system: 'linux',
  unordered: false,
  matches: looksLikeTraceCmd,
  parser: () => new TraceCmdParser(),
};

function looksLikeTraceCmd(lines: readonly string[]): boolean {
  return FIRST.test(lines[0] ?? '') || DROPPED.test(lines[0] ?? '');
}
