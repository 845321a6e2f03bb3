/** k_list.c: free lists through the objects, LIFO and FIFO, without a lock. */
import { putLast, tailToHead, takeFirst, unlink } from '../../../intr/alloc/search/list.ts';
import type { Addr } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { POOL, SOURCE } from '../layout.ts';
import type { Scalars } from '../room.ts';

const file = new SourceFile('kernels/k_list.c');
const pop = file.fn('k_slist_pop');
const push = file.fn('k_slist_push');
const drain = file.fn('k_slist_drain');
const fill = file.fn('k_slist_fill');
const fifoPopFn = file.fn('k_fifo_pop');
const fifoPushFn = file.fn('k_fifo_push');
const lifo = file.fn('k_lifo_cycle');
const fifo = file.fn('k_fifo_cycle');

const At = {
  pop: pop.site('head := head->next, return', 6),
  push: push.site('insert at the head, return', 5),
  drain: drain.site('entry', 5),
  drainStep: drain.site('head := head->next', 6),
  drainEnd: drain.site('return', 2),
  fill: fill.site('entry', 5),
  fillStep: fill.site('insert the next at the head', 10),
  fillEnd: fill.site('return', 1),
  fifoPop: fifoPopFn.site('head := head->next', 7),
  fifoPopEnd: fifoPopFn.site('return', 1),
  fifoPopLast: fifoPopFn.site('empty: tail := &head, return', 3),
  fifoPush: fifoPushFn.site('insert at the tail, return', 7),
  lifo: lifo.site('take and give back, return', 10),
  fifo: fifo.site('take', 7),
  fifoBack: fifo.site('give back, return', 7),
  fifoLast: fifo.site('empty: tail := &head', 3),
};

/** k_slist_pop. Returns the element, 0 if the list is empty. */
export function slistPop(core: Core, pool: Addr): Addr {
  core.at(At.pop);
  const e = unlink(core, pool + POOL.head, SOURCE.link);
  core.ret();
  return e;
}

/** k_slist_push. */
export function slistPush(core: Core, pool: Addr, e: Addr): void {
  core.at(At.push);
  const tHead = core.load64(pool + POOL.head, NOW);
  core.store64(e + SOURCE.link, core.lo, 0, tHead);
  core.free(1);
  core.store64(pool + POOL.head, e, 0, NOW);
  core.ret();
}

/** k_slist_drain: everything, one at a time. */
export function slistDrain(core: Core, pool: Addr): void {
  core.at(At.drain);
  let tE = core.load64(pool + POOL.head, NOW);
  let e = core.lo;
  core.free(1);
  let more = !core.branch(e === 0, tE);
  core.free(1);
  let tN = NOW;
  while (more) {
    core.at(At.drainStep);
    const tNext = core.load64(e + SOURCE.link, tE);
    core.store64(pool + POOL.head, core.lo, 0, tNext);
    tE = core.load64(pool + POOL.head, NOW);
    e = core.lo;
    tN = core.alu(tN);
    more = core.branch(e !== 0, tE);
  }
  core.at(At.drainEnd);
  core.free(1);
  core.ret();
}

/** k_slist_fill: the first `n` sources of the table, in its order. */
export function slistFill(core: Core, g: Scalars, pool: Addr, n: number): void {
  core.at(At.fill);
  core.free(1);
  let more = !core.branch(n === 0, NOW);
  core.free(2);
  let tI = NOW;
  for (let i = 0; more; ) {
    core.at(At.fillStep);
    const tFirst = core.load32(g.first, NOW);
    const slot = (core.lo + i) * 8;
    const tTable = core.load64(g.table, NOW);
    const table = core.lo;
    const tSlot = core.alu(core.join(tFirst, tI));
    const tE = core.load64(table + slot, core.join(tTable, tSlot));
    const e = core.lo;
    const tHead = core.load64(pool + POOL.head, NOW);
    core.store64(e + SOURCE.link, core.lo, 0, tHead, tE);
    core.store64(pool + POOL.head, e, 0, tE);
    tI = core.alu(tI);
    i++;
    more = core.branch(i !== n, tI);
  }
  core.at(At.fillEnd);
  core.ret();
}

/** k_fifo_pop. Returns the element, 0 if the list is empty. */
export function fifoPop(core: Core, pool: Addr): Addr {
  core.at(At.fifoPop);
  const e = takeFirst(core, pool + POOL.head, SOURCE.link);
  const last = core.lo !== 0;
  core.at(last ? At.fifoPopLast : At.fifoPopEnd);
  if (last) tailToHead(core, pool + POOL.head, pool + POOL.tail);
  core.ret();
  return e;
}

/** k_fifo_push. */
export function fifoPush(core: Core, pool: Addr, e: Addr): void {
  core.at(At.fifoPush);
  putLast(core, pool + POOL.tail, e, SOURCE.link);
  core.ret();
}

/** k_lifo_cycle: takes an element and gives it back. */
export function lifoCycle(core: Core, pool: Addr): void {
  core.at(At.lifo);
  const e = unlink(core, pool + POOL.head, SOURCE.link);
  const tHead = core.load64(pool + POOL.head, NOW);
  core.store64(e + SOURCE.link, core.lo, 0, tHead);
  core.store64(pool + POOL.head, e, 0, NOW);
  core.free(1);
  core.ret();
}

/** k_fifo_cycle: takes the first element and puts it behind the last. */
export function fifoCycle(core: Core, pool: Addr): void {
  core.at(At.fifo);
  const e = takeFirst(core, pool + POOL.head, SOURCE.link);
  if (core.lo !== 0) {
    core.at(At.fifoLast);
    tailToHead(core, pool + POOL.head, pool + POOL.tail);
    core.jump();
  }
  core.at(At.fifoBack);
  putLast(core, pool + POOL.tail, e, SOURCE.link);
  core.ret();
}
