/** k_rotor of k_list.c: next fit over the pointer table, from where the last search ended. */
import { nextFit } from '../../../intr/alloc/search/rotor.ts';
import type { Addr } from '../../../model/units.ts';
import type { Core } from '../../../x86/core.ts';
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
  const source = nextFit(core, At, g, SOURCE.kind, kind);
  core.ret();
  return source;
}
