/**
 * Xen's ticket spinlocks (xen/common/spinlock.c). After each acquisition stands a speculation barrier, as in builds
 * with CONFIG_SPECULATIVE_HARDEN_LOCK.
 */
import type { Addr } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';

const spin = new SourceFile('xen/common/spinlock.c');

const At = {
  lock: spin.fn('_spin_lock').site('take a ticket', 8),
  wait: spin.fn('_spin_lock').site('wait for the ticket', 4),
  unlock: spin.fn('_spin_unlock').site('next ticket', 4),
};

/** Offsets in a ticket lock. */
const TICKET = { head: 0, tail: 4 } as const;

/** Takes a ticket lock of 8 bytes. */
export function* spinLock(core: Core, lock: Addr): Kernel {
  core.at(At.lock);
  if (core.behind(NOW)) yield;
  let t = core.xadd32(lock + TICKET.tail, 1, NOW);
  const ticket = core.lo;
  t = core.load32(lock + TICKET.head, t);
  while (!core.branch(core.lo === ticket, t)) {
    core.at(At.wait);
    core.lfence();
    if (core.behind(NOW)) yield;
    t = core.load32(lock + TICKET.head, NOW);
  }
  core.lfence();
}

/** Gives a ticket lock back. It yields first where somebody else is due who must still find it taken. */
export function* spinUnlock(core: Core, lock: Addr): Kernel {
  core.at(At.unlock);
  if (core.behind(NOW)) yield;
  core.add32(lock + TICKET.head, 1, NOW);
}
