/**
 * What was bound before a recording began, from a file that holds one or more of: the output of lsevtchn or of Xen's
 * debug key e (bindings.ts), /proc/interrupts or vmstat -i (interrupts.ts), one behind the other. A file with headings
 * `### lsevtchn before`, `### interrupts before` is read in those sections alone; it was made in dom0, so its interrupts
 * are dom0's. Every other line is left alone: a console has many.
 */
import { traceError } from '../model/errors.ts';
import { type Binding, bindingOf, domainHeading } from './bindings.ts';
import type { Input } from './input.ts';
import {
  type Interrupt,
  isProcHeading,
  isProcRow,
  isVmstatHeading,
  procInterrupt,
  vmstatInterrupt,
} from './interrupts.ts';
import { inputOf, readLineBlocks } from './lines.ts';
import { Fault, hiddenFault } from './text/fault.ts';

/** Interrupts of a system; more are a damaged file. */
const MAX_INTERRUPTS = 65_536;
const SECTION = '### ';
const BEFORE = /^### .* before$/;

/** Ports and interrupts of one domain. */
export interface Snapshot {
  /** By port. */
  readonly bindings: readonly Binding[];
  /** By number. */
  readonly interrupts: readonly Interrupt[];
}

/** A snapshot of nothing. */
export const NO_SNAPSHOT: Snapshot = { bindings: [], interrupts: [] };

/**
 * Reads a snapshot. Channels under the heading of another domain are left out; those under none are of this one.
 *
 * @throws UserError (exit 6) with file and line when a channel cannot be, is there twice, or when there is nothing
 */
export async function readSnapshot(from: string | Input, domain: number): Promise<Snapshot> {
  const reader = new SnapshotReader(inputOf(from).path, domain);
  for await (const block of readLineBlocks(from, 'a snapshot of event channels')) {
    for (const line of block) reader.take(line);
  }
  return reader.finish();
}

class SnapshotReader {
  readonly #file: string;
  readonly #domain: number;
  readonly #bindings = new Map<number, Binding>();
  readonly #interrupts = new Map<number, Interrupt>();
  #line = 0;
  #skip = false;
  #ofDom0 = false;
  #current: number;
  #rows: 'none' | 'proc' | 'vmstat' = 'none';

  constructor(file: string, domain: number) {
    this.#file = file;
    this.#domain = domain;
    this.#current = domain;
  }

  take(line: string): void {
    this.#line++;
    if (line.startsWith(SECTION)) {
      this.#skip = !BEFORE.test(line);
      this.#ofDom0 = true;
      this.#rows = 'none';
      return;
    }
    if (this.#skip) return;
    if (isProcHeading(line)) this.#rows = 'proc';
    else if (isVmstatHeading(line)) this.#rows = 'vmstat';
    else if (this.#rows === 'none' || !this.#row(line)) this.#channel(line);
  }

  finish(): Snapshot {
    if (this.#bindings.size === 0 && this.#interrupts.size === 0) {
      throw traceError(
        { file: this.#file },
        `no channel of domain ${this.#domain}, no interrupt`,
        'some, as lsevtchn, debug key e, /proc/interrupts or vmstat -i print them',
      );
    }
    return {
      bindings: [...this.#bindings.values()].sort((a, b) => a.port - b.port),
      interrupts: [...this.#interrupts.values()].sort((a, b) => a.irq - b.irq),
    };
  }

  /** Takes a row of a table of interrupts; false when the table has ended. */
  #row(line: string): boolean {
    const proc = this.#rows === 'proc';
    const interrupt = proc ? procInterrupt(line) : vmstatInterrupt(line);
    if (interrupt === null || (interrupt === undefined && proc && !isProcRow(line))) {
      this.#rows = 'none';
      return false;
    }
    if (interrupt === undefined || (this.#ofDom0 && this.#domain !== 0)) return true;
    const hidden = hiddenFault(line);
    if (hidden !== undefined) throw this.#error(hidden);
    if (this.#interrupts.has(interrupt.irq) || this.#interrupts.size === MAX_INTERRUPTS) {
      throw this.#error(new Fault(`interrupt ${interrupt.irq} again`, 'each interrupt once'));
    }
    this.#interrupts.set(interrupt.irq, interrupt);
    return true;
  }

  #channel(line: string): void {
    const heading = domainHeading(line);
    if (heading !== undefined) this.#current = heading;
    if (heading !== undefined || this.#current !== this.#domain) return;
    const binding = bindingOf(line);
    if (binding === undefined) return;
    if (binding instanceof Fault) throw this.#error(binding);
    if (this.#bindings.has(binding.port)) {
      throw this.#error(new Fault(`port ${binding.port} again`, 'each port of a domain once'));
    }
    this.#bindings.set(binding.port, binding);
  }

  #error(fault: Fault): Error {
    return traceError({ file: this.#file, line: this.#line }, fault.found, fault.expected);
  }
}
