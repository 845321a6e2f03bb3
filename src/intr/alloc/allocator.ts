/**
 * The interface of every strategy that finds an unused isrc. One contract test runs against all of them.
 *
 * A strategy is one file here and one line in strategies.ts. It says what it loads, stores and locks, by doing
 * it on the core; what it does not do (creating an isrc when none is unused) is the caller's.
 */
import type { Addr, Port } from '../../model/units.ts';
import type { Kernel } from '../../x86/core.ts';
import type { IsrcTable } from '../isrc-table.ts';
import type { KernelCpu } from '../kernel-image.ts';
import type { Lumps } from '../lumps.ts';

/** Finds an unused isrc and takes one back. */
export interface IsrcAllocator {
  /** Whether the strategy sees to exclusion itself; if not, the caller must hold a lock around both calls. */
  readonly locksItself: boolean;
  /**
   * Takes an unused isrc out of the pool, with all the strategy's own locking.
   *
   * @param port the port it is for, 1..4095: Xen has handed it out before the isrc is looked for
   * @returns its address; 0 when none is unused
   */
  alloc(cpu: KernelCpu, port: Port): Kernel<Addr>;
  /** Puts an isrc back. It must be in use. */
  release(cpu: KernelCpu, isrc: Addr): Kernel;
  /**
   * An isrc was created, in use: the strategy may need a place for it. Not charged: the creation is a lump.
   *
   * @param index its place in the order of creation, and in the vectors from first_evtchn_irq on
   * @param port the port it is for
   */
  adopt(isrc: Addr, index: number, port: Port): void;
}

/** Makes a strategy for a table of isrcs that is still empty. @param lumps for those that call malloc */
export type AllocatorFactory = (table: IsrcTable, lumps: Lumps) => IsrcAllocator;
