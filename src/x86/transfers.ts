/**
 * Lines that come from elsewhere, counted: how often each line was handed over by another core's caches or the
 * other socket, and what that cost.
 *
 * A transfer is an access for which the directory answers with the cause `transfer`: a read of a line that only
 * another core or the other socket's L3 has, or a request to write one that others hold, whether its data comes
 * along or only the other copies go. It costs what the directory answers, `transferCycles` of the machine or
 * `remoteTransferCycles`, whether or not anybody waits for it.
 */
import { ModelBug } from '../model/errors.ts';
import type { Machine } from './machine.ts';

/** Kinds of transfer: what was asked, plus `REMOTE` if the line or a copy was on the other socket. */
export const Transfer = { read: 0, write: 1 } as const;
export const REMOTE = 2;
const KINDS = 4;

/** What was counted on one line; `remote` of the reads and writes crossed to the other socket. */
export interface LineCount {
  readonly line: number;
  readonly reads: number;
  readonly writes: number;
  readonly remote: number;
  readonly cycles: number;
}

/** Places of the table at first, a power of two; it doubles whenever half of them are taken. */
const PLACES = 1024;
const FREE = -1;

/**
 * Counts by line, in a table with open addressing. It grows with the lines that are ever transferred, not with the
 * transfers: to at most four places for each line of the modelled memory.
 */
export class Transfers {
  /** Transfers, and the cycles the directory charged for them, counted as it answers and not by line. */
  total = 0;
  totalCycles = 0;
  readonly #local: number;
  readonly #remote: number;
  /** The line of each place, or -1. */
  #lines = new Int32Array(PLACES).fill(FREE);
  /** `KINDS` counts for each place. */
  #counts = new Float64Array(PLACES * KINDS);
  #used = 0;

  constructor(machine: Machine) {
    this.#local = machine.transferCycles;
    this.#remote = machine.remoteTransferCycles;
  }

  /**
   * Counts a transfer of a line.
   *
   * @param kind a `Transfer`, plus `REMOTE`
   * @returns what it costs, in cycles
   */
  add(line: number, kind: number): number {
    // First the place: taking one may replace the table.
    const place = this.#place(line);
    this.#counts[place * KINDS + kind]!++;
    return kind < REMOTE ? this.#local : this.#remote;
  }

  /** Every count is at zero again. */
  reset(): void {
    this.#lines.fill(FREE);
    this.#counts.fill(0);
    this.#used = 0;
    this.total = 0;
    this.totalCycles = 0;
  }

  /**
   * Every line with a transfer, the dearest first, then by address. They must sum to the totals: a ModelBug if
   * not.
   */
  lines(): LineCount[] {
    const found: LineCount[] = [];
    for (let place = 0; place < this.#lines.length; place++)
      if (this.#lines[place] !== FREE) found.push(this.#count(place));
    const sum = found.reduce((s, l) => s + l.reads + l.writes, 0);
    const cycles = found.reduce((s, l) => s + l.cycles, 0);
    const { total, totalCycles } = this;
    if (sum !== total || cycles !== totalCycles)
      throw new ModelBug('transfers by line do not sum to those charged', {
        sum,
        total,
        cycles,
        totalCycles,
      });
    return found.sort((a, b) => b.cycles - a.cycles || a.line - b.line);
  }

  #count(place: number): LineCount {
    const at = (kind: number) => this.#counts[place * KINDS + kind]!;
    const remote = at(Transfer.read | REMOTE) + at(Transfer.write | REMOTE);
    const reads = at(Transfer.read) + at(Transfer.read | REMOTE);
    const writes = at(Transfer.write) + at(Transfer.write | REMOTE);
    const cycles = (reads + writes - remote) * this.#local + remote * this.#remote;
    return { line: this.#lines[place]!, reads, writes, remote, cycles };
  }

  /** The place of a line, taken now if it had none. */
  #place(line: number): number {
    const lines = this.#lines;
    const mask = lines.length - 1;
    // Fibonacci hashing: neighbours, which most lines here are, come to lie apart.
    let place = (Math.imul(line, 0x9e3779b1) >>> 8) & mask;
    while (lines[place] !== line) {
      if (lines[place] === FREE) {
        if (2 * ++this.#used > lines.length) return this.#grow(line);
        lines[place] = line;
        break;
      }
      place = (place + 1) & mask;
    }
    return place;
  }

  /** Twice as many places; returns that of a new line. */
  #grow(line: number): number {
    const [lines, counts] = [this.#lines, this.#counts];
    this.#lines = new Int32Array(2 * lines.length).fill(FREE);
    this.#counts = new Float64Array(2 * counts.length);
    this.#used = 0;
    for (let old = 0; old < lines.length; old++) {
      if (lines[old] === FREE) continue;
      this.#counts.set(counts.subarray(old * KINDS, (old + 1) * KINDS), this.#place(lines[old]!) * KINDS);
    }
    return this.#place(line);
  }
}
