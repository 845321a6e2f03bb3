/** What a format of recordings is: how its files are told from others, and what can be done with them. */
import type { Binding } from './bindings.ts';
import type { Input } from './input.ts';
import type { Interrupt } from './interrupts.ts';
import type { Trace } from './table.ts';
import type { Tolerance } from './tolerance.ts';

/** A count, a time stamp or a text in `TraceInfo.more`. */
export type InfoValue = number | bigint | string | ReadonlyMap<string, number | string>;

/** What a recording holds, as `upcall trace info` tells it. */
export interface TraceInfo {
  readonly format: string;
  /** Everything the file has a record of its own for, what only belongs to the container included. */
  readonly records: number;
  /** Records by event: its id in hexadecimal (0x and 8 digits), or its name where the format has names. */
  readonly events: ReadonlyMap<string, number>;
  /** Records by pCPU; empty where the format does not tell. */
  readonly perPcpu: ReadonlyMap<number, number>;
  /** First and last time stamp, in the recording's own ticks; undefined without any. */
  readonly firstTsc: bigint | number | undefined;
  readonly lastTsc: bigint | number | undefined;
  /** Records the recorder had to drop, as it says itself. */
  readonly lostRecords: number;
  /** Time stamps that run backwards within their pCPU (or, without pCPUs, within the file). */
  readonly skewed: number;
  /** Records that belong to another one which is not there: an end without a beginning, a return without a call. */
  readonly unmatched: number;
  /** What only this format has, by key, in order; keys are lower case with underscores. */
  readonly more?: ReadonlyArray<readonly [key: string, value: InfoValue]>;
}

/** What a conversion to a table needs to know and a recording does not say. */
export interface RowsOptions {
  /** Name of the table; the recording's own, if it has one and none is given. */
  readonly name?: string | undefined;
  /** Number of the recorded domain. */
  readonly domain: number;
  /** Its channels before the recording began; none if not known. */
  readonly bindings: readonly Binding[];
  /** Its interrupts at that time, which name the ports of a recording that knows interrupts only. */
  readonly interrupts?: readonly Interrupt[] | undefined;
  /** Ticks of the recorded clock per second, where the recording does not say; undefined if not known. */
  readonly clockHz?: number | undefined;
  /** What the table's header is to say besides, first. */
  readonly notes?: ReadonlyArray<readonly [key: string, value: string]> | undefined;
}

/** One format. */
export interface TraceFormat {
  /** Short name, as `info` prints it. */
  readonly name: string;
  /** What a file of it is called in an error. */
  readonly what: string;
  /** Whether it is a form of the trace table: it has a name, and says itself what was bound before. */
  readonly isTable?: boolean;
  /**
   * Whether a file that begins like this is one.
   *
   * @param head its first bytes, decompressed: at most HEAD_BYTES, all of it if it is shorter
   */
  matches(head: Buffer): boolean;
  /** Reads all of it, in bounded memory. Errors: a UserError (exit 6) with the place, found and expected. */
  info(input: Input, tolerance: Tolerance): Promise<TraceInfo>;
  /** Its records as lines of text, in order of time; whoever has seen enough stops. Errors as `info`. */
  head(input: Input, tolerance: Tolerance): AsyncIterable<string>;
  /** Its rows as a trace table, if it can be turned into one. Errors as `info`. */
  rows?(input: Input, options: RowsOptions, tolerance: Tolerance): Promise<Trace>;
}

/** Bytes of a file's beginning that tell its format. */
export const HEAD_BYTES = 16_384;

/** The complete lines of a beginning, without the last one if it is cut off; for `matches` of text formats. */
export function headLines(head: Buffer): string[] {
  if (head.includes(0)) return [];
  const lines = head.toString('latin1').split('\n');
  if (head.length === HEAD_BYTES) lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}
