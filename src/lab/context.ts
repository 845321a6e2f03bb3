/**
 * The kernels of one vCPU, or of a pCPU's idle loop: what of it runs, what that interrupted, and how the cycles are
 * counted. Levels as on the real thing: Xen's own code for an exit interrupts everything, an upcall all of the
 * guest, an ithread everything but upcalls; the rest is thread-level work in order.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';

/** Levels, lowest first. */
export const Level = { thread: 0, ithread: 1, upcall: 2, xen: 3 } as const;
const LEVELS = 4;
/** Stack pointer of a kernel that has not run. */
const NOT_BEGUN = -1;

/** One stack of kernels. */
export class Context {
  /** By level; undefined for none. */
  readonly kernels: Array<Kernel<unknown> | undefined> = new Array(LEVELS).fill(undefined);
  readonly accounts: Float64Array[];
  /** By level: cycles of its own that its kernel has spent. */
  readonly spent = new Float64Array(LEVELS);
  /** By level: where its kernel stopped last, site and address; 0 for one that has not begun. */
  readonly stoppedSite = new Int32Array(LEVELS);
  readonly stoppedAt = new Int32Array(LEVELS);
  /** Stack pointer while another context has the core. */
  sp: Addr;
  /** Sections with interrupts off, likewise. */
  interruptsOff = 0;
  readonly #stack = new Int32Array(LEVELS);

  /**
   * @param sp its stack
   * @param account the account of a kernel that names none
   */
  constructor(sp: Addr, account: Float64Array) {
    this.sp = sp;
    this.accounts = new Array(LEVELS).fill(account);
  }

  /** Highest level that has a kernel; -1 when there is none. */
  get level(): number {
    for (let l = LEVELS - 1; l >= 0; l--) if (this.kernels[l] !== undefined) return l;
    return -1;
  }

  /** Puts a kernel on a level that has none. */
  put(level: number, kernel: Kernel<unknown>, account: Float64Array): void {
    if (this.kernels[level] !== undefined) throw new ModelBug('level is taken', { level });
    this.kernels[level] = kernel;
    this.accounts[level] = account;
    this.spent[level] = 0;
    this.stoppedAt[level] = 0;
    this.#stack[level] = NOT_BEGUN;
  }

  /** The kernel of a level is about to run, for the first time or again; `sp` as it finds it. */
  enter(level: number, sp: Addr): void {
    if (this.#stack[level] === NOT_BEGUN) this.#stack[level] = sp;
  }

  /** The kernel of a level has ended; a ModelBug if it left the stack unbalanced. */
  take(level: number, sp: Addr): void {
    if (sp !== this.#stack[level]) {
      throw new ModelBug('a kernel left its stack unbalanced', { level, bytes: sp - this.#stack[level]! });
    }
    this.kernels[level] = undefined;
    this.stoppedAt[level] = 0;
  }
}
