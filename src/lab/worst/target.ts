/** What a search for a worst case is about: cases, how one becomes another, and what a case costs. */
import type { RandomStream } from '../../model/random.ts';
import type { Cycle } from '../../model/units.ts';
import type { TraceRow } from '../../trace/table.ts';
import type { Player } from '../replay.ts';

/** What is searched for. */
export interface Target<C> {
  /** As in `--target`. */
  readonly name: string;
  /** Column of `runs` that is made as large as possible. */
  readonly column: string;
  /** A case to begin with. @param start 0: one that the order of the scan suggests; the others are random */
  first(random: RandomStream, start: number): C;
  /** A case near another. */
  near(c: C, random: RandomStream): C;
  /** How many cases there are in all, if they can be gone through; undefined if not. */
  readonly count: number | undefined;
  /** All of them. */
  all(): Iterable<C>;
  /** A plain case as large as another, for comparison. */
  plain(c: C): C;
  /** The score of a case for the search: on a guest that is kept, or on a part of one, so not exactly that of a replay. */
  estimate(c: C): number;
  /** The trace of a case, at `clockHz` of the machine: ticks are cycles. */
  rows(c: C): Iterable<TraceRow>;
  /** The column of a run that has ended. */
  figure(player: Player): Cycle;
  /** What is made as large as possible: the figure, or something that comes before it. */
  score(player: Player): number;
  /** Simpler cases, the simplest first. */
  simpler(c: C): Iterable<C>;
  /** What the case is, for the report. */
  describe(c: C): CaseText;
}

/** A case in words. */
export interface CaseText {
  /** Events, or isrcs that are unused. */
  readonly size: number;
  /** Highest port that is bound. */
  readonly ports: number;
  readonly text: string;
}
