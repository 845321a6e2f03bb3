/**
 * The line that Linux' ftrace and trace-cmd share:
 *
 *   comm "-" pid [ "(" tgid ")" ] "[" cpu "]" [ flags ] time ":" event
 *
 *             <idle>-0       [001] d.h1.  1200.000100: irq_handler_entry: irq=64 name=blkif
 *
 * Columns are padded to a least width only, so nothing is cut by position. The first "-pid [cpu] ... time:" wins: the
 * text of an event is less trustworthy than a command name of at most 15 characters. Source: trace_print_context and
 * trace_print_lat_fmt of kernel/trace/trace_output.c.
 */
import type { GuestClock } from './clock.ts';
import { cpuOf, Fault } from './fault.ts';

/** Every repetition is bounded or cannot be split in two ways, so a long line costs time in its length only. */
const LINE =
  /^\s*(\S.{0,63}?)-(\d{1,10})\s+(?:\(\s*(?:\d{1,10}|-{1,16})\)\s+)?\[(\d{1,6})\]\s+(?:[A-Za-z.#0-9]{4,5}\s+)?(\d{1,12}\.\d{1,9}|\d{1,20}):\s(.*)$/;

/** What stands before the event. */
export interface KernelLine {
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  readonly time: number;
  readonly event: string;
}

/** Splits a line; undefined if it is none of this shape. */
export function kernelLine(text: string, clock: GuestClock): KernelLine | Fault | undefined {
  const m = LINE.exec(text);
  if (m === null) return undefined;
  const cpu = cpuOf(m[3]!);
  if (cpu instanceof Fault) return cpu;
  const time = clock.take(m[4]!);
  if (time instanceof Fault) return time;
  return { comm: m[1]!, pid: Number(m[2]), cpu, time, event: m[5]! };
}

/** Whether a line is of this shape, without keeping anything of it. */
export function isKernelLine(text: string): boolean {
  return LINE.test(text);
}
