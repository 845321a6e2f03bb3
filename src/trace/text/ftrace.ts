/**
 * Linux ftrace text as `trace` and `trace_pipe` print it: one event a line (kernel-line.ts). An event is
 *
 *   name ":" [" "] text        a tracepoint or a kprobe
 *   func " <-" parent          the function tracer
 *
 * Times are seconds, or integers of the x86-tsc and counter clocks. `latency-format` is not read.
 * Source: kernel/trace/trace_output.c, Documentation/trace/ftrace.rst, kprobetrace.rst.
 */
import type { GuestEvent } from '../guest-event.ts';
import { GuestClock } from './clock.ts';
import { Fault, nameFault, quoted } from './fault.ts';
import { isKernelLine, kernelLine } from './kernel-line.ts';
import type { LineParser, TextFormat } from './parser.ts';

const EVENT = /^([A-Za-z_][\w.]*):\s?(.*)$/;
/** A function of a module is followed by the module's name in brackets. */
const FUNCTION = /^(\S+(?: \[\S+\])?) <-(\S+(?: \[\S+\])?)$/;
/** trace_pipe tells how many events were overwritten; without a number if the buffer did not keep it. */
const LOST = /^CPU:\d{1,6} \[LOST (?:(\d{1,15}) )?EVENTS\]$/;
/** The header of `trace`. What was written and is not in the buffer was overwritten (ftrace.rst). */
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})\b/;
/** A kernel stack trace follows its event, one function a line. */
const FRAME = /^ => \S/;
const STACK = '<stack trace>';

/** Reads ftrace text. */
class FtraceParser implements LineParser {
  readonly newestFirst = false;
  readonly clock = new GuestClock();
  lost = 0;
  lostUnknown = false;
  #inStack = false;

  take(text: string, line: number): GuestEvent | Fault | undefined {
    if (text.startsWith('#') || text.startsWith('CPU:')) return this.#note(text);
    if (this.#inStack && FRAME.test(text)) return undefined;
    this.#inStack = false;
    if (text.trim() === '') return undefined;
    const parts = kernelLine(text, this.clock);
    if (parts instanceof Fault) return parts;
    if (parts === undefined) {
      return new Fault(quoted(text), 'an ftrace line: comm-pid [cpu] flags time: event: text');
    }
    const { comm, pid, cpu, time, event } = parts;
    if (event === STACK) {
      this.#inStack = true;
      return undefined;
    }
    const m = EVENT.exec(event);
    const f = m === null ? FUNCTION.exec(event) : null;
    if (m === null && f === null) return new Fault(quoted(event), '"event: text" or "function <-parent"');
    const name = m === null ? f![1]! : m[1]!;
    return nameFault(name) ?? { line, time, cpu, comm, pid, name, text: m === null ? `<-${f![2]}` : m[2]! };
  }

  #note(text: string): Fault | undefined {
    if (text.startsWith('#')) {
      const entries = ENTRIES.exec(text);
      if (entries !== null) this.lost += Math.max(0, Number(entries[2]) - Number(entries[1]));
      return undefined;
    }
    const m = LOST.exec(text);
    if (m === null) return new Fault(quoted(text), '"CPU:n [LOST n EVENTS]"');
    if (m[1] === undefined) this.lostUnknown = true;
    else this.lost += Number(m[1]);
    return undefined;
  }
}

/** Told by its header, or by its first event. */
export const FTRACE: TextFormat = {
  name: 'ftrace',
  what: 'ftrace text (trace, trace_pipe)',
  system: 'linux',
  unordered: false,
  matches: looksLikeFtrace,
  parser: () => new FtraceParser(),
};

function looksLikeFtrace(lines: readonly string[]): boolean {
  if (lines[0]?.startsWith('# tracer: ') === true) return true;
  const first = lines.find((text) => !text.startsWith('#') && !LOST.test(text) && text.trim() !== '');
  return first !== undefined && isKernelLine(first);
}
