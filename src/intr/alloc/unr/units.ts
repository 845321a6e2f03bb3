/**
 * alloc_unrl, free_unrl and collapse_unr of FreeBSD's sys/kern/subr_unit.c, on the structures of layout.ts in the
 * modelled memory. The mutex is the caller's, and so are malloc and free. Always the lowest free number.
 */
import { ModelBug } from '../../../model/errors.ts';
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { bitFirst, bitPut } from './bitstring.ts';
import { UNR, UNRHDR } from './layout.ts';
import { deleteUnr, isBitmap, optimizeUnr } from './optimize.ts';
import {
  tailqInsertAfter,
  tailqInsertBefore,
  tailqInsertHead,
  tailqLast,
  tailqNext,
  tailqPrev,
  tailqRemove,
} from './tailq.ts';

const file = new SourceFile('sys/kern/subr_unit.c', 'units');
const collapse = file.fn('collapse_unr');
const alloc = file.fn('alloc_unrl');
const free = file.fn('free_unrl');

const At = {
  bitmap: collapse.site('bitmap all set or all clear: a run', 44),
  nothing: collapse.site('nothing left: remove', 22),
  merge: collapse.site('merge with the neighbours', 28),
  ends: collapse.site('merge into first and last', 28),
  alloc: alloc.site('first element', 8),
  split: alloc.site('no list: ++first, --last', 4),
  run: alloc.site('free run: shorter', 6),
  lowest: alloc.site('bitmap: lowest clear bit', 40),
  busy: alloc.site('++busy', 6),
  free: free.site('ideal split?', 14),
  section: free.site('a run in front', 14),
  find: free.site('element of the number', 8),
  clear: free.site('bitmap: clear the bit', 14),
  neighbours: free.site('run: to a neighbour', 20),
  tail: free.site('split off the tail', 14),
  head: free.site('split off the head', 14),
  done: free.site('the number is free', 8),
};

/** collapse_unr(uh, up). */
function collapseUnr(core: Core, uh: Addr, up: Addr, tUp: Ready): void {
  core.at(At.bitmap);
  if (isBitmap(core, uh, up, tUp)) {
    const map = core.lo;
    core.load32(up + UNR.len, tUp);
    const len = core.lo;
    bitFirst(core, map, len, false);
    if (core.branch(core.lo === -1, NOW)) {
      deleteUnr(core, uh, map, NOW);
      core.store64(up + UNR.ptr, uh, 0, NOW, tUp);
    } else {
      bitFirst(core, map, len, true);
      if (core.branch(core.lo === -1, NOW)) {
        deleteUnr(core, uh, map, NOW);
        core.store64(up + UNR.ptr, 0, 0, NOW, tUp);
      }
    }
  }
  core.at(At.nothing);
  const tLen = core.load32(up + UNR.len, tUp);
  if (core.branch(core.lo === 0, tLen)) {
    let tNear = tailqPrev(core, up, tUp);
    let near = core.lo;
    if (core.branch(near === 0, tNear)) {
      tNear = tailqNext(core, up, tUp);
      near = core.lo;
    }
    remove(core, uh, up, tUp);
    up = near;
    tUp = tNear;
  }
  core.at(At.merge);
  if (core.branch(up !== 0, tUp)) {
    const tPrev = tailqPrev(core, up, tUp);
    mergeIfAlike(core, uh, up, core.lo, tUp, tPrev);
    const tNext = tailqNext(core, up, tUp);
    mergeIfAlike(core, uh, up, core.lo, tUp, tNext);
  }
  core.at(At.ends);
  const tFirst = tailqNext(core, uh, NOW);
  mergeIntoEnd(core, uh, core.lo, tFirst, uh, UNRHDR.first);
  const tLast = tailqLast(core, uh);
  mergeIntoEnd(core, uh, core.lo, tLast, 0, UNRHDR.last);
  while (optimizeUnr(core, uh));
}

function remove(core: Core, uh: Addr, up: Addr, tUp: Ready): void {
  tailqRemove(core, uh, up, tUp);
  deleteUnr(core, uh, up, tUp);
}

/** A neighbour of the same kind is merged into an element. */
function mergeIfAlike(core: Core, uh: Addr, up: Addr, upp: Addr, tUp: Ready, tUpp: Ready): void {
  if (!core.branch(upp !== 0, tUpp)) return;
  const tPtr = core.load64(up + UNR.ptr, tUp);
  const ptr = core.lo;
  const tOther = core.operand64(upp + UNR.ptr, tUpp);
  if (!core.branch(ptr === core.lo, core.join(tPtr, tOther))) return;
  const tLen = core.load32(upp + UNR.len, tUpp);
  core.add32(up + UNR.len, core.lo, tLen);
  remove(core, uh, upp, tUpp);
}

/** A run of the kind at an end of the list is merged into the count of that end. @param ptr uh for used, 0 for free */
function mergeIntoEnd(core: Core, uh: Addr, upp: Addr, tUpp: Ready, ptr: Addr, count: number): void {
  if (!core.branch(upp !== 0, tUpp)) return;
  const tPtr = core.operand64(upp + UNR.ptr, tUpp);
  if (!core.branch(core.lo === ptr, tPtr)) return;
  const tLen = core.load32(upp + UNR.len, tUpp);
  core.add32(uh + count, core.lo, tLen);
  remove(core, uh, upp, tUpp);
}

/** alloc_unrl(uh): the lowest free number, -1 for none. */
export function allocUnr(core: Core, uh: Addr): Ready {
  core.at(At.alloc);
  let tNumber = core.load32(uh + UNRHDR.first, NOW);
  let x = core.lo;
  const tUp = tailqNext(core, uh, NOW);
  const up = core.lo;
  if (core.branch(up === 0, tUp)) {
    const tLast = core.operand32(uh + UNRHDR.last, NOW);
    if (!core.branch(core.lo > 0, tLast)) {
      core.lo = -1;
      return tLast;
    }
    core.at(At.split);
    core.add32(uh + UNRHDR.first, 1, NOW);
    core.add32(uh + UNRHDR.last, -1, NOW);
    core.add32(uh + UNRHDR.busy, 1, NOW);
    core.lo = x;
    return tNumber;
  }
  const tPtr = core.load64(up + UNR.ptr, tUp);
  const map = core.lo;
  if (core.branch(map === 0, tPtr)) {
    core.at(At.run);
    core.add32(uh + UNRHDR.first, 1, NOW);
    core.add32(up + UNR.len, -1, tUp);
  } else {
    core.at(At.lowest);
    core.load32(up + UNR.len, tUp);
    const tBit = bitFirst(core, map, core.lo, false);
    const bit = core.lo;
    if (bit < 0) throw new ModelBug('no clear bit in the bitmap of unit numbers', { up });
    bitPut(core, map, bit, true, tBit);
    tNumber = core.alu(core.join(tNumber, tBit));
    x += bit;
  }
  core.at(At.busy);
  core.add32(uh + UNRHDR.busy, 1, NOW);
  core.call();
  collapseUnr(core, uh, up, tUp);
  core.ret();
  core.at(At.busy);
  core.lo = x;
  return tNumber;
}

/**
 * free_unrl(uh, item, &p1, &p2), of a number in use.
 *
 * @param memory two elements that it may take from the end
 */
export function freeUnr(core: Core, uh: Addr, item: number, memory: Addr[]): void {
  core.at(At.free);
  const tUpp = tailqNext(core, uh, NOW);
  const empty = core.lo === 0;
  const tFirst = core.load32(uh + UNRHDR.first, NOW);
  let first = core.lo;
  if (core.branch(item + 1 === first, tFirst) && core.branch(empty, tUpp)) {
    core.add32(uh + UNRHDR.last, 1, NOW);
    core.add32(uh + UNRHDR.first, -1, NOW);
    core.add32(uh + UNRHDR.busy, -1, NOW);
    return;
  }
  if (core.branch(item < first, tFirst)) {
    core.at(At.section);
    const up = newUnr(core, uh, uh, first - item, memory);
    tailqInsertHead(core, uh, up);
    core.add32(uh + UNRHDR.first, item - first, NOW);
    first = item;
  }
  item -= first;
  core.at(At.find);
  core.free(1);
  let tUp = tailqNext(core, uh, NOW);
  let up = core.lo;
  let tLen = core.load32(up + UNR.len, tUp);
  while (!core.branch(core.lo > item, tLen)) {
    core.at(At.find);
    item -= core.lo;
    core.alu(tLen);
    tUp = tailqNext(core, up, tUp);
    up = core.lo;
    tLen = core.load32(up + UNR.len, tUp);
  }
  const len = core.lo;
  if (isBitmap(core, uh, up, tUp)) {
    core.at(At.clear);
    core.load64(up + UNR.ptr, tUp);
    bitPut(core, core.lo, item, false, NOW);
  } else if (core.branch(len === 1, tLen)) core.store64(up + UNR.ptr, 0, 0, NOW, tUp);
  else if (!giveToNeighbour(core, up, len, item, tUp)) splitRun(core, uh, up, len, item, tUp, memory);
  core.at(At.done);
  core.add32(uh + UNRHDR.busy, -1, NOW);
  core.call();
  collapseUnr(core, uh, up, tUp);
  core.ret();
}

/** new_unr: one of the two elements that were allocated before the mutex was taken, with its kind and length. */
function newUnr(core: Core, uh: Addr, ptr: Addr, len: number, memory: Addr[]): Addr {
  core.add32(uh + UNRHDR.alloc, 1, NOW);
  const up = memory.pop();
  if (up === undefined) throw new ModelBug('free_unr is out of the memory it took before', { len });
  core.store64(up + UNR.ptr, ptr, 0, NOW);
  core.store32(up + UNR.len, len, NOW);
  return up;
}

/** The first or the last number of a run of used ones goes to a run of free ones beside it. Whether it did. */
function giveToNeighbour(core: Core, up: Addr, len: number, item: number, tUp: Ready): boolean {
  core.at(At.neighbours);
  if (core.branch(item === 0, NOW)) {
    const tPrev = tailqPrev(core, up, tUp);
    if (moveTo(core, up, core.lo, tUp, tPrev)) return true;
  }
  if (core.branch(item === len - 1, NOW)) {
    const tNext = tailqNext(core, up, tUp);
    if (moveTo(core, up, core.lo, tUp, tNext)) return true;
  }
  return false;
}

function moveTo(core: Core, up: Addr, upp: Addr, tUp: Ready, tUpp: Ready): boolean {
  if (!core.branch(upp !== 0, tUpp)) return false;
  const tPtr = core.operand64(upp + UNR.ptr, tUpp);
  if (!core.branch(core.lo === 0, tPtr)) return false;
  core.add32(upp + UNR.len, 1, tUpp);
  core.add32(up + UNR.len, -1, tUp);
  return true;
}

/** A number in the middle of a run of used ones: what is behind it and what is in front become runs of their own. */
function splitRun(
  core: Core,
  uh: Addr,
  up: Addr,
  len: number,
  item: number,
  tUp: Ready,
  memory: Addr[],
): void {
  core.at(At.tail);
  const behind = len - (1 + item);
  if (core.branch(behind > 0, core.alu(NOW))) {
    const upp = newUnr(core, uh, uh, behind, memory);
    tailqInsertAfter(core, uh, up, upp, tUp);
  }
  core.at(At.head);
  if (core.branch(item > 0, NOW)) {
    const upp = newUnr(core, uh, uh, item, memory);
    tailqInsertBefore(core, up, upp, tUp);
  }
  core.store32(up + UNR.len, 1, NOW, tUp);
  core.store64(up + UNR.ptr, 0, 0, NOW, tUp);
}
