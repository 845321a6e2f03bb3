/** k_rotor of k_list.c: next fit over the pointer table, from where the last search ended. */
import type { Addr } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { SOURCE } from '../layout.ts';
import type { Scalars } from '../room.ts';

const fn = new SourceFile('kernels/k_list.c', 'rotor').fn('k_rotor');
const At = {
  enter: fn.site('entry', 9),
  test: fn.site('table slot, next index, null check, kind', 10),
  step: fn.site('left--', 2),
  none: fn.site('return 0', 2),
  take: fn.site('keep the place, mark as used, return', 3),
};

/** k_rotor(kind). Returns the source, 0 if there is none. */
export function rotor(core: Core, g: Scalars, kind: number): Addr {
  core.at(At.enter);
  const tCount = core.load32(g.count, NOW);
  const count = core.lo;
  let tI = core.load32(g.rotor, NOW);
  let i = core.lo;
  let more = !core.branch(count === 0, tCount);
  if (more) {
    const tTable = core.load64(g.table, NOW);
    const table = core.lo;
    const tFirst = core.load32(g.first, NOW);
    const slots = table + 8 * core.lo;
    core.free(3);
    let left = count;
    let tLeft = tCount;
    while (more) {
      core.at(At.test);
      const tSlot = core.alu(core.join(tFirst, tI));
      const tNext = core.alu(tI);
      const tSource = core.load64(slots + i * 8, core.join(tTable, tSlot));
      const source = core.lo;
      i = i + 1 === count ? 0 : i + 1;
      const tEnd = core.alu(core.join(tNext, tCount));
      tI = core.alu(tEnd);
      if (!core.branch(source === 0, tSource)) {
        const tKind = core.load32(source + SOURCE.kind, tSource);
        if (core.branch(core.lo === 0, tKind)) {
          core.at(At.take);
          core.store32(g.rotor, i, tI);
          core.store32(source + SOURCE.kind, kind, NOW, tSource);
          core.ret();
          return source;
        }
      }
      core.at(At.step);
      tLeft = core.alu(tLeft);
      left--;
      more = core.jcc(left !== 0, tLeft);
    }
  }
  core.at(At.none);
  core.free(1);
  core.ret();
  return 0;
}
