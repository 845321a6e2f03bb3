/**
 * A record of every micro-op of a short stretch: what it was, and the cycle of each of its stages. It is for
 * looking at one call, not for long runs: entries are objects.
 */
import type { Ready } from '../model/units.ts';

/** One micro-op. Cycles are relative to the core's epoch. */
export interface TapeEntry {
  readonly site: number;
  /** A `Uop`. */
  readonly kind: number;
  /** Port set; 0 when it needs none. */
  readonly ports: number;
  /** When its last operand was ready; 0 for none. */
  readonly operands: Ready;
  readonly dispatch: Ready;
  /** Cause that held dispatch last. */
  readonly heldBy: number;
  issue: Ready;
  /** When its result was ready. */
  finish: Ready;
  retire: Ready;
  /** Cause of its latency. */
  cause: number;
}

/** Micro-ops in program order. */
export class Tape {
  readonly entries: TapeEntry[] = [];

  /** A micro-op is dispatched. */
  begin(site: number, kind: number, ports: number, operands: Ready, dispatch: Ready, heldBy: number): void {
    this.entries.push({
      site,
      kind,
      ports,
      operands,
      dispatch,
      heldBy,
      issue: dispatch,
      finish: dispatch,
      retire: dispatch,
      cause: 0,
    });
  }

  /** The youngest micro-op is issued. */
  issued(issue: Ready): void {
    this.entries[this.entries.length - 1]!.issue = issue;
  }

  /** The youngest micro-op finishes and retires. */
  end(finish: Ready, retire: Ready, cause: number): void {
    const entry = this.entries[this.entries.length - 1]!;
    entry.finish = finish;
    entry.retire = retire;
    entry.cause = cause;
  }
}
