/** k_scan.c: linear scans for a source whose kind is 0, as gcc 12.2 -O2 -fno-omit-frame-pointer compiles them. */
import type { Addr } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { SOURCE } from '../layout.ts';
import type { Scalars } from '../room.ts';
import { lookup } from './lookup.ts';

const file = new SourceFile('kernels/k_scan.c');
const inlineFn = file.fn('k_lscan_inline');
const Inline = {
  enter: inlineFn.site('entry', 6),
  test: inlineFn.site('table slot, null check, kind', 7),
  take: inlineFn.site('mark as used, return', 2),
  step: inlineFn.site('next', 3),
  none: inlineFn.site('return 0', 2),
};
const callFn = file.fn('k_lscan_call');
const Call = {
  enter: callFn.site('entry', 8),
  call: callFn.site('call the lookup', 3),
  test: callFn.site('null check, kind', 5),
  take: callFn.site('mark as used', 1),
  leave: callFn.site('return', 4),
  step: callFn.site('next', 3),
  none: callFn.site('none', 2),
  empty: callFn.site('no sources', 2),
};

/** k_lscan_inline(kind): the loop in one place. Returns the source, 0 if there is none. */
export function scanInline(core: Core, g: Scalars, kind: number): Addr {
  core.at(Inline.enter);
  const tCount = core.load32(g.count, NOW);
  const count = core.lo;
  let more = !core.branch(count === 0, tCount);
  if (more) {
    let tI = core.load32(g.first, NOW);
    let i = core.lo;
    const end = i + count;
    const tTable = core.load64(g.table, NOW);
    const table = core.lo;
    const tEnd = core.alu(core.join(tI, tCount));
    while (more) {
      core.at(Inline.test);
      core.free(1);
      const tSource = core.load64(table + i * 8, core.join(tTable, tI));
      const source = core.lo;
      if (!core.branch(source === 0, tSource)) {
        const tKind = core.load32(source + SOURCE.kind, tSource);
        if (!core.branch(core.lo !== 0, tKind)) {
          core.at(Inline.take);
          core.store32(source + SOURCE.kind, kind, NOW, tSource);
          core.ret();
          return source;
        }
      }
      core.at(Inline.step);
      tI = core.alu(tI);
      i++;
      more = core.branch(i !== end, core.join(tI, tEnd));
    }
  }
  core.at(Inline.none);
  core.free(1);
  core.ret();
  return 0;
}

/** k_lscan_call(kind): the same through `src_lookup`. */
export function scanCall(core: Core, g: Scalars, kind: number): Addr {
  core.at(Call.enter);
  const tCount = core.load32(g.count, NOW);
  if (core.branch(core.lo === 0, tCount)) {
    core.at(Call.empty);
    core.free(1);
    core.ret();
    return 0;
  }
  core.push(3);
  core.free(3);
  let found: Addr = 0;
  let i = 0;
  let tI = NOW;
  let more = true;
  while (more) {
    core.at(Call.call);
    const tFirst = core.load32(g.first, NOW);
    const vector = core.lo + i;
    const tVector = core.alu(core.join(tFirst, tI));
    core.call();
    const tSource = lookup(core, g, vector, tVector);
    const source = core.lo;
    core.at(Call.test);
    if (!core.branch(source === 0, tSource)) {
      const tKind = core.load32(source + SOURCE.kind, tSource);
      if (!core.branch(core.lo !== 0, tKind)) {
        core.at(Call.take);
        core.store32(source + SOURCE.kind, kind, NOW, tSource);
        found = source;
        break;
      }
    }
    core.at(Call.step);
    tI = core.alu(tI);
    i++;
    const tAgain = core.operand32(g.count, NOW);
    more = core.branch(i < core.lo, core.join(tI, tAgain));
  }
  if (found === 0) {
    core.at(Call.none);
    core.free(1);
    core.jump();
  }
  core.at(Call.leave);
  core.pop(3);
  core.ret();
  return found;
}
