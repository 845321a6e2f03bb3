/** k_leaf.c: the functions behind the pointers of the dispatch path. */
import type { Addr, Ready } from '../../../model/units.ts';
import type { Core } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import { SOURCE } from '../layout.ts';

const file = new SourceFile('kernels/k_leaf.c');

/** Sites at which the functions start. */
export const LEAF = {
  vector: file.fn('pic_vector_of').site('vector of the source, return', 2),
  eoi: file.fn('pic_eoi_nop').site('return', 1),
  count: file.fn('filter_count').site('count, return 2', 3),
};

/** pic_vector_of: returns when the vector is known; the vector in `core.lo`. */
export function vectorOf(core: Core, source: Addr, tSource: Ready): Ready {
  core.at(LEAF.vector);
  const t = core.load32(source + SOURCE.vector, tSource);
  const vector = core.lo;
  core.ret();
  core.lo = vector;
  return t;
}

/** pic_eoi_nop. */
export function endOfInterrupt(core: Core): void {
  core.at(LEAF.eoi);
  core.ret();
}

/** filter_count. */
export function countEvent(core: Core, argument: Addr, tArgument: Ready): void {
  core.at(LEAF.count);
  core.add64(argument, 1, tArgument);
  core.free(1);
  core.ret();
}
