/** optimize_unr of sys/kern/subr_unit.c: neighbours in the list that fit into one bitmap become one. */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { bitPut, bitRange, bitTest } from './bitstring.ts';
import { NBITS, UNR, UNRHDR } from './layout.ts';
import { tailqInsertTail, tailqNext, tailqRemove } from './tailq.ts';

const fn = new SourceFile('sys/kern/subr_unit.c', 'optimize').fn('optimize_unr');
const At = {
  look: fn.site('candidates', 6),
  candidate: fn.site('an element shorter than a bitmap', 12),
  extend: fn.site('its neighbours that fit', 14),
  best: fn.site('saves most?', 8),
  enough: fn.site('saves something?', 8),
  first: fn.site('the first becomes a bitmap', 56),
  copy: fn.site('copy a bitmap bit by bit', 14),
  merge: fn.site('the next into the bitmap', 60),
};

/** up->ptr is neither null nor the header. */
export function isBitmap(core: Core, uh: Addr, up: Addr, tUp: Ready): boolean {
  const tPtr = core.load64(up + UNR.ptr, tUp);
  const ptr = core.lo;
  return !core.branch(ptr === uh, tPtr) && !core.branch(ptr === 0, tPtr);
}

/** delete_unr: onto the list of what is freed once the mutex is dropped. */
export function deleteUnr(core: Core, uh: Addr, up: Addr, tUp: Ready): void {
  core.add32(uh + UNRHDR.alloc, -1, NOW);
  tailqInsertTail(core, uh + UNRHDR.ppfree, up, tUp);
}

/** optimize_unr(uh): whether it found something, so that another call might find more. */
export function optimizeUnr(core: Core, uh: Addr): boolean {
  core.at(At.look);
  let us = 0;
  let ba = 0;
  let tF = tailqNext(core, uh, NOW);
  let uf = core.lo;
  while (core.branch(uf !== 0, tF)) {
    const a = saved(core, uh, uf, tF);
    core.at(At.best);
    if (core.branch(a > ba, NOW)) {
      core.free(2);
      ba = a;
      us = uf;
    }
    tF = tailqNext(core, uf, tF);
    uf = core.lo;
  }
  core.at(At.enough);
  if (core.branch(ba < 3, NOW)) return false;
  if (!isBitmap(core, uh, us, NOW)) us = makeBitmap(core, uh, us);
  mergeNext(core, uh, us);
  return true;
}

/** How many pieces of memory stand for an element and the neighbours behind it that fit into one bitmap with it. */
function saved(core: Core, uh: Addr, uf: Addr, tF: Ready): number {
  core.at(At.candidate);
  const tLen = core.load32(uf + UNR.len, tF);
  let l = core.lo;
  if (core.branch(l >= NBITS, tLen)) return 0;
  core.free(1);
  let a = isBitmap(core, uh, uf, tF) ? 2 : 1;
  let up = uf;
  let tUp = tF;
  for (;;) {
    core.at(At.extend);
    tUp = tailqNext(core, up, tUp);
    up = core.lo;
    if (core.branch(up === 0, tUp)) return a;
    const tSum = core.alu(core.load32(up + UNR.len, tUp));
    const sum = l + core.lo;
    if (core.branch(sum > NBITS, tSum)) return a;
    core.free(2);
    a += isBitmap(core, uh, up, tUp) ? 2 : 1;
    l = sum;
  }
}

/** The memory of a run becomes the bitmap of the element behind it. Returns that element. */
function makeBitmap(core: Core, uh: Addr, us: Addr): Addr {
  core.at(At.first);
  const tF = tailqNext(core, us, NOW);
  const uf = core.lo;
  tailqRemove(core, uh, us, NOW);
  core.load32(us + UNR.len, NOW);
  let a = core.lo;
  const tPtr = core.load64(us + UNR.ptr, NOW);
  const used = core.lo === uh;
  bitRange(core, us, 0, NBITS - 1, false);
  // One bit too many, as the C does it: what follows writes it again.
  if (core.branch(used, tPtr)) bitRange(core, us, 0, a, true);
  const tLen = core.load32(uf + UNR.len, tF);
  const len = core.lo;
  if (!isBitmap(core, uh, uf, tF)) {
    bitRange(core, us, a, a + len - 1, core.branch(core.lo !== 0, tF));
    a += len;
  } else {
    const tMap = core.load64(uf + UNR.ptr, tF);
    const map = core.lo;
    a = copyBits(core, map, len, us, a);
    core.at(At.first);
    deleteUnr(core, uh, map, tMap);
  }
  core.store64(uf + UNR.ptr, us, 0, NOW, tF);
  core.store32(uf + UNR.len, a, core.alu(tLen), tF);
  return uf;
}

/** As many of the elements behind a bitmap as fit are merged into it. */
function mergeNext(core: Core, uh: Addr, us: Addr): void {
  core.at(At.merge);
  const tMap = core.load64(us + UNR.ptr, NOW);
  const map = core.lo;
  for (;;) {
    core.at(At.merge);
    const tF = tailqNext(core, us, NOW);
    const uf = core.lo;
    if (core.branch(uf === 0, tF)) return;
    const tLen = core.load32(uf + UNR.len, tF);
    const len = core.lo;
    core.load32(us + UNR.len, NOW);
    const have = core.lo;
    if (core.branch(len + have > NBITS, core.alu(tLen))) return;
    const tPtr = core.load64(uf + UNR.ptr, tF);
    const ptr = core.lo;
    if (core.branch(ptr === 0, tPtr)) bitRange(core, map, have, have + len - 1, false);
    else if (core.branch(ptr === uh, tPtr)) bitRange(core, map, have, have + len - 1, true);
    else {
      copyBits(core, ptr, len, map, have);
      core.at(At.merge);
      deleteUnr(core, uh, ptr, tPtr);
    }
    core.store32(us + UNR.len, have + len, core.alu(core.join(tLen, tMap)));
    tailqRemove(core, uh, uf, tF);
    deleteUnr(core, uh, uf, tF);
  }
}

/** Bit by bit, as the C does it. Returns the number of the bit behind the last. */
function copyBits(core: Core, from: Addr, bits: number, to: Addr, at: number): number {
  for (let l = 0; l < bits; l++) {
    core.at(At.copy);
    bitPut(core, to, at + l, bitTest(core, from, l), NOW);
    core.free(2);
    core.branch(l + 1 < bits, NOW);
  }
  return at + bits;
}
