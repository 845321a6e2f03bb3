/**
 * Lists through the free isrcs, as the instructions between the locks: what slist and fifo-list do, and what the
 * kernels of the ground truth do that were measured (src/lab/validate/kernels/list.ts), are the same C.
 */
import type { Addr } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';

/**
 * e = head; if (e) head = e->next. Five instructions.
 *
 * @param head address of the pointer to the first element
 * @param link offset of the pointer to the next in an element
 * @returns the element, 0 for none
 */
export function unlink(core: Core, head: Addr, link: number): Addr {
  const tHead = core.load64(head, NOW);
  const e = core.lo;
  if (!core.branch(e === 0, tHead)) {
    const tNext = core.load64(e + link, tHead);
    core.store64(head, core.lo, 0, tNext);
  }
  return e;
}

/**
 * As `unlink` from a list with a tail (STAILQ_REMOVE_HEAD). Seven instructions; whether it was the last, so that
 * `tailToHead` has to follow, is left in `core.lo`: 1 or 0.
 *
 * @returns the element, 0 for none
 */
export function takeFirst(core: Core, head: Addr, link: number): Addr {
  const tHead = core.load64(head, NOW);
  const e = core.lo;
  if (core.branch(e === 0, tHead)) {
    core.lo = 0;
    return 0;
  }
  const tNext = core.load64(e + link, tHead);
  const next = core.lo;
  core.store64(head, next, 0, tNext);
  core.lo = core.branch(next === 0, tNext) ? 1 : 0;
  return e;
}

/** tail = &head, of a list that is empty now. Two instructions. */
export function tailToHead(core: Core, head: Addr, tail: Addr): void {
  const tHead = core.alu(NOW);
  core.store64(tail, head, 0, tHead);
}

/** STAILQ_INSERT_TAIL: e->next = 0; *tail = e; tail = &e->next. Six instructions, the line of the last element too. */
export function putLast(core: Core, tail: Addr, e: Addr, link: number): void {
  const tTail = core.load64(tail, NOW);
  const last = core.lo;
  core.store64(e + link, 0, 0, NOW);
  core.store64(last, e, 0, NOW, tTail);
  const tLink = core.alu(NOW);
  core.free(1);
  core.store64(tail, e + link, 0, tLink);
}
