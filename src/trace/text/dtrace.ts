/**
 * Output of FreeBSD's dtrace, in one of three layouts:
 *
 *   1 73500000123 E xen_intr_handle_upcall -       with -q, what docs/guest-traces.md says a script should print:
 *                                                  cpu, timestamp in ns, E(ntry) or R(eturn), function, argument
 *     1  52341      xen_intr_handle_upcall:entry   the default: cpu, probe id, function:name
 *     1  -> xen_intr_handle_upcall                 with -F: entry "->", return "<-", another probe "|"
 *
 * In the last two a first number behind the probe, as `trace(timestamp)` prints it, is taken for the time in ns; else
 * the event has none. Buffers are per CPU and flushed in turn, so lines are not in the order of time. Aggregations are
 * counted and skipped, and so is what dtrace says on standard error, but for drops. Source: the layouts of
 * cddl/contrib/opensolaris/lib/libdtrace/common/dt_consume.c; fbt names functions.
 */
import { type GuestEvent, NO_TIME, NOT_TOLD } from '../guest-event.ts';
import { GuestClock, NANOS } from './clock.ts';
import { cpuOf, Fault, nameFault, quoted } from './fault.ts';
import type { LineParser, TextFormat } from './parser.ts';

const SCRIPT = /^(\d{1,6}) (\d{1,20}) ([ER]) (\S+) (.*)$/;
const DEFAULT = /^\s*(\d{1,6})\s+\d{1,10}\s+([^\s:]+):(\S+)\s*(.*)$/;
const FLOW = /^\s*(\d{1,6})\s+(->|<-|=>|<=|\|)\s*([^\s:]+)(?::(\S+))?\s*(.*)$/;
const HEADER = /^CPU\s+(?:ID\s+)?FUNCTION(?::NAME)?\s*$/;
const STAMPED = /^(\d{6,20})(?:\s+(.*))?$/;
const DROPS = /^dtrace: (\d{1,15}) (?:[a-z]+ )*drops?\b/;
const MESSAGE = /^dtrace: /;
const DISTRIBUTION = /^\s*(?:value\s+-+ Distribution -+ count|(?:[<>]=?\s*)?-?\d{1,20} \|@* *\d{1,20})\s*$/;
/** Keys and a number at the end; the keys of one aggregation line may be anything. */
const AGGREGATION = /^\s+\S.*\s-?\d{1,20}\s*$/;

/** Reads the output of dtrace. */
export class DtraceParser implements LineParser {
  readonly newestFirst = false;
  readonly lostUnknown = false;
  readonly clock = new GuestClock(NANOS);
  lost = 0;
  /** Lines of aggregations, which are not kept. */
  aggregations = 0;

  take(text: string, line: number): GuestEvent | Fault | undefined {
    const s = SCRIPT.exec(text);
    if (s !== null) {
      const extra = s[5] === '-' ? '' : s[5]!;
      return this.#event(line, s[1]!, `${s[4]}:${s[3] === 'E' ? 'entry' : 'return'}`, s[2], extra);
    }
    if (text.trim() === '' || HEADER.test(text)) return undefined;
    if (MESSAGE.test(text)) {
      const drops = DROPS.exec(text);
      if (drops !== null) this.lost += Number(drops[1]);
      return undefined;
    }
    if (this.#isAggregation(text)) return undefined;
    const d = DEFAULT.exec(text);
    if (d !== null) return this.#printed(line, d[1]!, `${d[2]}:${d[3]}`, d[4]!);
    const f = FLOW.exec(text);
    if (f !== null) {
      const probe = f[4] ?? (f[2]!.endsWith('>') ? 'entry' : 'return');
      return this.#printed(line, f[1]!, `${f[3]}:${probe}`, f[5]!);
    }
    if (AGGREGATION.test(text)) {
      this.aggregations++;
      return undefined;
    }
    return new Fault(quoted(text), 'a line of dtrace: "cpu timestamp E|R function argument", or its default');
  }

  #isAggregation(text: string): boolean {
    if (!DISTRIBUTION.test(text)) return false;
    this.aggregations++;
    return true;
  }

  /** An event with whatever its actions printed: a time first, or none. */
  #printed(line: number, cpu: string, name: string, extra: string): GuestEvent | Fault {
    const m = STAMPED.exec(extra);
    return m === null
      ? this.#event(line, cpu, name, undefined, extra)
      : this.#event(line, cpu, name, m[1], m[2] ?? '');
  }

  #event(
    line: number,
    cpuText: string,
    name: string,
    stamp: string | undefined,
    text: string,
  ): GuestEvent | Fault {
    const cpu = cpuOf(cpuText);
    if (cpu instanceof Fault) return cpu;
    const time = stamp === undefined ? NO_TIME : this.clock.take(stamp);
    if (time instanceof Fault) return time;
    return nameFault(name) ?? { line, time, cpu, comm: '', pid: NOT_TOLD, name, text };
  }
}

/** Told by its header or its first event. */
export const DTRACE: TextFormat = {
  name: 'dtrace',
  what: 'FreeBSD dtrace output',
  system: 'freebsd',
  unordered: true,
  matches: looksLikeDtrace,
  parser: () => new DtraceParser(),
};

function looksLikeDtrace(lines: readonly string[]): boolean {
  const first = lines.find((text) => text.trim() !== '' && !MESSAGE.test(text)) ?? '';
  return HEADER.test(first) || SCRIPT.test(first) || DEFAULT.test(first) || FLOW.test(first);
}
