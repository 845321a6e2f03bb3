/**
 * Xen's locks: ticket spinlocks (xen/common/spinlock.c) and the queued read-write lock (xen/common/rwlock.c). After
 * each acquisition stands a speculation barrier, as in builds with CONFIG_SPECULATIVE_HARDEN_LOCK.
 */
import type { Addr } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';

const spin = new SourceFile('xen/common/spinlock.c');
const rw = new SourceFile('xen/common/rwlock.c');

const At = {
  lock: spin.fn('_spin_lock').site('take a ticket', 8),
  wait: spin.fn('_spin_lock').site('wait for the ticket', 4),
  unlock: spin.fn('_spin_unlock').site('next ticket', 4),
  readLock: rw.fn('_read_lock').site('one reader more', 6),
  readWait: rw.fn('queue_read_lock_slowpath').site('wait for the writer', 6),
  readUnlock: rw.fn('_read_unlock').site('one reader less', 3),
  writeLock: rw.fn('_write_lock').site('nobody else, or wait', 8),
  writeUnlock: rw.fn('_write_unlock').site('release', 3),
};

/** Offsets in a ticket lock, and in a read-write lock whose count has this bit while a writer holds it. */
const TICKET = { head: 0, tail: 4 } as const;
const WRITER = 1 << 30;

/** Takes a ticket lock of 8 bytes. */
export function* spinLock(core: Core, lock: Addr): Kernel {
  core.at(At.lock);
  if (core.behind(NOW)) yield;
  let t = core.xadd32(lock + TICKET.tail, 1, NOW);
  const ticket = core.lo;
  if (core.behind(t)) yield;
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

/** Takes a read-write lock for reading. */
export function* readLock(core: Core, lock: Addr): Kernel {
  core.at(At.readLock);
  if (core.behind(NOW)) yield;
  const t = core.lockAdd32(lock, 1, NOW);
  let waits = (core.lo & WRITER) !== 0;
  while (core.branch(waits, t)) {
    core.at(At.readWait);
    core.lfence();
    if (core.behind(NOW)) yield;
    core.load32(lock, NOW);
    waits = (core.lo & WRITER) !== 0;
  }
  core.lfence();
}

/** Gives a reader's hold back. */
export function* readUnlock(core: Core, lock: Addr): Kernel {
  core.at(At.readUnlock);
  if (core.behind(NOW)) yield;
  core.lockAdd32(lock, -1, NOW);
}

/** Takes a read-write lock for writing. Readers that come meanwhile wait in their own slow path. */
export function* writeLock(core: Core, lock: Addr): Kernel {
  for (;;) {
    core.at(At.writeLock);
    if (core.behind(NOW)) yield;
    const t = core.cmpxchg32(lock, 0, WRITER, NOW);
    if (core.branch(core.lo !== 0, t)) break;
    core.lfence();
  }
  core.lfence();
}

/** Gives a writer's hold back; readers that have counted themselves in meanwhile stay counted. */
export function* writeUnlock(core: Core, lock: Addr): Kernel {
  core.at(At.writeUnlock);
  if (core.behind(NOW)) yield;
  core.lockAdd32(lock, -WRITER, NOW);
}
