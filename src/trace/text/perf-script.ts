/**
 * What `perf script` prints by default: one line a sample,
 *
 *   comm tid "[" cpu "]" time ":" [period] event ":" rest
 *
 *           swapper     0 [001]  1200.000100:   irq:irq_handler_entry: irq=64 name=blkif
 *
 * and, if call chains were recorded, the frames below it, ended by an empty line. `pid/tid` with -F pid,tid; nine
 * decimals with --ns. Tracepoints have the subsystem before their name. Source: tools/perf/builtin-script.c
 * (perf_sample__fprintf_start, print_event_time).
 */
import { type GuestEvent, NOT_TOLD } from '../guest-event.ts';
import { GuestClock } from './clock.ts';
import { cpuOf, Fault, nameFault, quoted } from './fault.ts';
import type { LineParser, TextFormat } from './parser.ts';

const SAMPLE =
  /^\s*(\S.{0,63}?)\s+(?:(\d{1,10})\/)?(-?\d{1,10})\s+(?:\[(\d{1,6})\]\s+)?(\d{1,12}\.\d{6,9}):\s+(?:(\d{1,20})\s+)?([A-Za-z_][\w\-./=,]*(?::[\w\-./=,]+)*):\s*(.*)$/;
const FRAME = /^\s+[0-9a-f]{1,16}\s+\S/;
/** perf script --show-lost-events. */
const LOST = /^(?:.{0,120}\d:\s+(?:unknown:\s+)?)?PERF_RECORD_LOST(?:_SAMPLES)? lost (\d{1,15})$/;

/** Reads the output of perf script. */
export class PerfScriptParser implements LineParser {
  readonly newestFirst = false;
  readonly lostUnknown = false;
  readonly clock = new GuestClock();
  lost = 0;
  /** Frames of call chains, which are not kept. */
  frames = 0;
  #inChain = false;

  take(text: string, line: number): GuestEvent | Fault | undefined {
    if (text.startsWith('#')) return undefined;
    if (text.trim() === '') {
      this.#inChain = false;
      return undefined;
    }
    const m = SAMPLE.exec(text);
    if (m === null) return this.#other(text);
    const cpu = m[4] === undefined ? NOT_TOLD : cpuOf(m[4]);
    if (cpu instanceof Fault) return cpu;
    const time = this.clock.take(m[5]!);
    if (time instanceof Fault) return time;
    this.#inChain = true;
    const name = m[7]!;
    return nameFault(name) ?? { line, time, cpu, comm: m[1]!, pid: Number(m[3]), name, text: m[8]! };
  }

  #other(text: string): Fault | undefined {
    if (this.#inChain && text.endsWith(')') && FRAME.test(text)) {
      this.frames++;
      return undefined;
    }
    const lost = text.includes('PERF_RECORD_LOST') ? LOST.exec(text) : null;
    if (lost === null) {
      return new Fault(quoted(text), 'a line of perf script: comm tid [cpu] time: event: text');
    }
    this.lost += Number(lost[1]);
    return undefined;
  }
}

/** Told by its first sample. */
export const PERF_SCRIPT: TextFormat = {
  name: 'perf-script',
  what: 'perf script text',
  system: 'linux',
  unordered: false,
  matches: looksLikePerfScript,
  parser: () => new PerfScriptParser(),
};

function looksLikePerfScript(lines: readonly string[]): boolean {
  const first = lines.find((text) => !text.startsWith('#') && text.trim() !== '');
  return first !== undefined && (SAMPLE.test(first) || LOST.test(first));
}
