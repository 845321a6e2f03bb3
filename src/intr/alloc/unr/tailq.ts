/**
 * The TAILQ macros of sys/queue.h as the instructions they compile to. The head is two words, the first element and
 * the address of the last link; so are the links at the start of an element, the next element and the address of the
 * link that leads here. Where an element is the result, it is left in `core.lo`, and what is returned is when it is
 * known.
 */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';

/** Offset of the second word, in a head and in an element. */
const LAST = 8;

/** TAILQ_FIRST of a head, TAILQ_NEXT of an element. */
export function tailqNext(core: Core, e: Addr, tE: Ready): Ready {
  return core.load64(e, tE);
}

/** TAILQ_PREV: through the link that leads here to the element before it, and from there back. */
export function tailqPrev(core: Core, e: Addr, tE: Ready): Ready {
  const tLink = core.load64(e + LAST, tE);
  const tBefore = core.load64(core.lo + LAST, tLink);
  return core.load64(core.lo, tBefore);
}

/** TAILQ_LAST. */
export function tailqLast(core: Core, head: Addr): Ready {
  return tailqPrev(core, head, NOW);
}

/** TAILQ_REMOVE. */
export function tailqRemove(core: Core, head: Addr, e: Addr, tE: Ready): void {
  const tNext = core.load64(e, tE);
  const next = core.lo;
  const tLink = core.load64(e + LAST, tE);
  const link = core.lo;
  if (core.branch(next !== 0, tNext)) core.store64(next + LAST, link, 0, tLink, tNext);
  else core.store64(head + LAST, link, 0, tLink);
  core.store64(link, next, 0, tNext, tLink);
}

/** TAILQ_INSERT_TAIL. */
export function tailqInsertTail(core: Core, head: Addr, e: Addr, tE: Ready): void {
  core.store64(e, 0, 0, NOW, tE);
  const tLast = core.load64(head + LAST, NOW);
  const last = core.lo;
  core.store64(e + LAST, last, 0, tLast, tE);
  core.store64(last, e, 0, tE, tLast);
  core.store64(head + LAST, e, 0, tE);
}

/** TAILQ_INSERT_HEAD. */
export function tailqInsertHead(core: Core, head: Addr, e: Addr): void {
  const tFirst = core.load64(head, NOW);
  const first = core.lo;
  core.store64(e, first, 0, tFirst);
  if (core.branch(first !== 0, tFirst)) core.store64(first + LAST, e, 0, NOW, tFirst);
  else core.store64(head + LAST, e, 0, NOW);
  core.store64(head, e, 0, NOW);
  core.store64(e + LAST, head, 0, NOW);
}

/** TAILQ_INSERT_AFTER. */
export function tailqInsertAfter(core: Core, head: Addr, after: Addr, e: Addr, tAfter: Ready): void {
  const tNext = core.load64(after, tAfter);
  const next = core.lo;
  core.store64(e, next, 0, tNext);
  if (core.branch(next !== 0, tNext)) core.store64(next + LAST, e, 0, NOW, tNext);
  else core.store64(head + LAST, e, 0, NOW);
  core.store64(after, e, 0, NOW, tAfter);
  core.store64(e + LAST, after, 0, tAfter);
}

/** TAILQ_INSERT_BEFORE. */
export function tailqInsertBefore(core: Core, before: Addr, e: Addr, tBefore: Ready): void {
  const tLink = core.load64(before + LAST, tBefore);
  const link = core.lo;
  core.store64(e + LAST, link, 0, tLink);
  core.store64(e, before, 0, tBefore);
  core.store64(link, e, 0, NOW, tLink);
  core.store64(before + LAST, e, 0, NOW, tBefore);
}
