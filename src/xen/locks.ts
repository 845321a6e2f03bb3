/**
 * Xen's locks: ticket spinlocks (xen/common/spinlock.c) and the queued read-write lock (xen/common/rwlock.c). After
 * each acquisition stands a speculation barrier, as in builds with CONFIG_SPECULATIVE_HARDEN_LOCK.
 */
import type { Addr, Cycle } from '../model/units.ts';
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
  writeQueue: rw.fn('queue_write_lock_slowpath').site('take a ticket of the queue', 6),
  writeWait: rw.fn('queue_write_lock_slowpath').site('wait for the ticket', 5),
  writeHead: rw.fn('queue_write_lock_slowpath').site('first in the queue: wait for the lock', 8),
  writeNext: rw.fn('queue_write_lock_slowpath').site('next ticket', 4),
};

/** Offsets in a ticket lock, and in a read-write lock whose count has this bit while a writer holds it. */
const TICKET = { head: 0, tail: 4 } as const;
const WRITER = 1 << 30;
/** Where the queue of a read-write lock stands in it: a ticket lock of 4 bytes, head in the low half. */
const QUEUE = 4;
const TICKET_ONE = 1 << 16;

/** Takes a ticket lock of 8 bytes. */
export function* spinLock(core: Core, lock: Addr): Kernel {
  core.at(At.lock);
  if (core.behind(NOW)) yield;
  let t = core.xadd32(lock + TICKET.tail, 1, NOW);
  const ticket = core.lo;
  const tried = core.cycleOf(t);
  let taken = t;
  if (core.behind(t)) yield;
  t = core.load32(lock + TICKET.head, t);
  while (!core.branch(core.lo === ticket, t)) {
    core.at(At.wait);
    core.lfence();
    if (core.behind(NOW)) yield;
    t = core.load32(lock + TICKET.head, NOW);
    taken = t;
  }
  core.lockTaken(lock, tried, taken);
  core.lfence();
}

/** Gives a ticket lock back. It yields first where somebody else is due who must still find it taken. */
export function* spinUnlock(core: Core, lock: Addr): Kernel {
  core.at(At.unlock);
  if (core.behind(NOW)) yield;
  core.lockReleased(lock, core.add32(lock + TICKET.head, 1, NOW));
}

/** Takes a read-write lock for reading. */
export function* readLock(core: Core, lock: Addr): Kernel {
  core.at(At.readLock);
  if (core.behind(NOW)) yield;
  let t = core.lockAdd32(lock, 1, NOW);
  const tried = core.cycleOf(t);
  let waits = (core.lo & WRITER) !== 0;
  while (core.branch(waits, t)) {
    core.at(At.readWait);
    core.lfence();
    if (core.behind(NOW)) yield;
    t = core.load32(lock, NOW);
    waits = (core.lo & WRITER) !== 0;
  }
  core.lockTaken(lock, tried, t);
  core.lfence();
}

/** Gives a reader's hold back. */
export function* readUnlock(core: Core, lock: Addr): Kernel {
  core.at(At.readUnlock);
  if (core.behind(NOW)) yield;
  core.lockReleased(lock, core.lockAdd32(lock, -1, NOW));
}

/** Takes a read-write lock for writing. Readers that come meanwhile wait in their own slow path. */
export function* writeLock(core: Core, lock: Addr): Kernel {
  core.at(At.writeLock);
  if (core.behind(NOW)) yield;
  const t = core.cmpxchg32(lock, 0, WRITER, NOW);
  const tried = core.cycleOf(t);
  if (core.branch(core.lo !== 0, t)) core.lockTaken(lock, tried, t);
  else yield* queueWriteLock(core, lock, tried);
  core.lfence();
}

/**
 * The slow path: writers queue on the lock's ticket, and the first one takes the lock when nobody has it. The flag
 * that holds new readers off meanwhile is left out: they are through in a few hundred cycles.
 */
function* queueWriteLock(core: Core, lock: Addr, tried: Cycle): Kernel {
  const ticket = lock + QUEUE;
  core.at(At.writeQueue);
  core.free(1);
  if (core.behind(NOW)) yield;
  let t = core.xadd32(ticket, TICKET_ONE, NOW);
  const mine = (core.lo >>> 16) & 0xffff;
  let first = (core.lo & 0xffff) === mine;
  while (!core.branch(first, t)) {
    core.at(At.writeWait);
    core.lfence();
    if (core.behind(NOW)) yield;
    t = core.load16(ticket, NOW);
    first = core.lo === mine;
  }
  for (let held = true; held; ) {
    core.at(At.writeHead);
    core.lfence();
    if (core.behind(NOW)) yield;
    t = core.load32(lock, NOW);
    if (core.branch(core.lo !== 0, t)) continue;
    t = core.cmpxchg32(lock, 0, WRITER, NOW);
    held = core.branch(core.lo === 0, t);
  }
  core.lockTaken(lock, tried, t);
  core.at(At.writeNext);
  if (core.behind(NOW)) yield;
  t = core.load16(ticket, NOW);
  core.store16(ticket, (core.lo + 1) & 0xffff, core.alu(t));
}

/** Gives a writer's hold back; readers that have counted themselves in meanwhile stay counted. */
export function* writeUnlock(core: Core, lock: Addr): Kernel {
  core.at(At.writeUnlock);
  if (core.behind(NOW)) yield;
  core.lockReleased(lock, core.lockAdd32(lock, -WRITER, NOW));
}
