/** The scan of a guest on a state that is set by hand: what `upcall scan` drives. Setting up is not charged. */
import type { Port } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';

/** Where a scan stands between two calls: FreeBSD's port served last, Linux's port to begin with. */
export interface Cursor {
  readonly word: number;
  readonly bit: number;
}

/** One guest's scan on vCPU 0. */
export interface Scanner {
  /** Binds ports 1 to `ports`, each with a handler that counts, unmasked. Once. */
  bindAll(ports: number): void;
  /** Whether a port has a handler to be found. */
  setBound(port: Port, bound: boolean): void;
  /** The ports this CPU serves, all or by port; no effect with the FIFO ABI, whose queues say it. */
  enableAll(): void;
  disable(port: Port): void;
  /** Cursors before anything was served. */
  readonly initial: Cursor;
  /** Cursors; undefined with the FIFO ABI. */
  cursor: Cursor | undefined;
  /** How often the pending words of a group, or an event word, were looked at since this was set to 0. */
  looks: number;
  /** The C function that scans. The call is made. */
  scan(): Kernel;
}
