/** Who held which lock how long, and how long others waited for it: by name, over all locks of that name. */
import { ModelBug } from '../../model/errors.ts';
import type { Addr, Cycle } from '../../model/units.ts';
import type { LockWatch } from '../../x86/lock-watch.ts';
import type { Memory } from '../../x86/memory.ts';
import { lockName } from './lock-names.ts';

/** What is known of the locks of one name. Cycles are of the machine's clock, summed over all holders and waiters. */
export interface LockUse {
  readonly name: string;
  /** How often one was taken. */
  taken: number;
  /** How often it was not free at the first attempt. */
  contended: number;
  /** From the attempt that took it to the release. */
  holdCycles: Cycle;
  holdMost: Cycle;
  /** From the end of the first attempt to the end of the one that took it. */
  waitCycles: Cycle;
  waitMost: Cycle;
}

/** Keys of holds: a lock and a core, of which there are fewer than this. */
const CORES = 128;

/** The locks of one run. */
export class LockAccount implements LockWatch {
  readonly #memory: Memory;
  readonly #uses = new Map<string, LockUse>();
  readonly #byLock = new Map<Addr, LockUse>();
  /** By lock and core: since when it is held. */
  readonly #held = new Map<number, Cycle>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  taken(core: number, lock: Addr, tried: Cycle, taken: Cycle): void {
    const key = lock * CORES + core;
    if (this.#held.has(key)) throw new ModelBug('a core takes a lock it holds', { core, lock });
    this.#held.set(key, taken);
    const use = this.#useOf(lock);
    const wait = taken - tried;
    use.taken++;
    if (wait > 0) use.contended++;
    use.waitCycles += wait;
    if (wait > use.waitMost) use.waitMost = wait;
  }

  released(core: number, lock: Addr, cycle: Cycle): void {
    const key = lock * CORES + core;
    const since = this.#held.get(key);
    // It was taken before anybody watched.
    if (since === undefined) return;
    this.#held.delete(key);
    const use = this.#useOf(lock);
    const hold = cycle - since;
    use.holdCycles += hold;
    if (hold > use.holdMost) use.holdMost = hold;
  }

  /** Locks that are held now. */
  get held(): number {
    return this.#held.size;
  }

  /** Every name whose locks were taken, the one waited for longest first. */
  get uses(): LockUse[] {
    const order = (a: LockUse, b: LockUse) =>
      b.waitCycles - a.waitCycles || b.holdCycles - a.holdCycles || (a.name < b.name ? -1 : 1);
    return [...this.#uses.values()].sort(order);
  }

  #useOf(lock: Addr): LockUse {
    const known = this.#byLock.get(lock);
    if (known !== undefined) return known;
    const name = lockName(this.#memory, lock);
    const use = this.#uses.get(name) ?? {
      name,
      taken: 0,
      contended: 0,
      holdCycles: 0,
      holdMost: 0,
      waitCycles: 0,
      waitMost: 0,
    };
    this.#uses.set(name, use);
    this.#byLock.set(lock, use);
    return use;
  }
}
