/** Whoever watches the locks of modelled programs: contention is a question of who held what when. */
import type { Addr, Cycle } from '../model/units.ts';

/** Told by the functions that take locks and give them back; nothing it does is charged. */
export interface LockWatch {
  /**
   * A lock is held from now on.
   *
   * @param core number of the core that took it
   * @param lock address that the lock's own functions are given
   * @param tried when the first attempt was over; the lock was free if that is `taken`
   * @param taken when the attempt that took it was over
   */
  taken(core: number, lock: Addr, tried: Cycle, taken: Cycle): void;
  /** A lock is given back: the store, or locked operation, is done at `cycle`. */
  released(core: number, lock: Addr, cycle: Cycle): void;
}
