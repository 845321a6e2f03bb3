/** What the reader of one text format is: it is given the lines and says what each is. No input, no output. */
import type { GuestEvent } from '../guest-event.ts';
import type { GuestClock } from './clock.ts';
import type { Fault } from './fault.ts';

/** The lines of one recording, in file order. */
export interface LineParser {
  readonly clock: GuestClock;
  /** Records that the recording says were lost. */
  readonly lost: number;
  /** Whether it also says that some were lost without saying how many. */
  readonly lostUnknown: boolean;
  /** Whether the tool prints the newest event first. */
  readonly newestFirst: boolean;
  /** An event; undefined for a line that is none (comments, frames of a call chain, notes about buffers). */
  take(text: string, line: number): GuestEvent | Fault | undefined;
}

/** A text format of guest events. */
export interface TextFormat {
  /** Short name, as `upcall trace info` prints it. */
  readonly name: string;
  /** What a file of it is called in an error. */
  readonly what: string;
  /** Of which system it is a recording. */
  readonly system: 'linux' | 'freebsd';
  /** Whether events may stand far from their place in time: newest first, or one CPU's after another's. */
  readonly unordered: boolean;
  /** Whether the first complete lines of a file are of this format. */
  matches(lines: readonly string[]): boolean;
  /** A parser for one recording. */
  parser(): LineParser;
}
