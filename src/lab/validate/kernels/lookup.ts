/** k_lookup.c: the bounds-checked lookup and the empty function, gcc 12.2 -O2 -fno-omit-frame-pointer -fno-pie. */
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { SourceFile } from '../../../x86/sites.ts';
import type { Scalars } from '../room.ts';

const file = new SourceFile('kernels/k_lookup.c');
const At = {
  lookup: file.fn('src_lookup').site('bounds, table slot', 9),
  empty: file.fn('k_empty').site('return 0', 2),
};

/**
 * src_lookup: leaves the source in `core.lo`; returns when it is known.
 *
 * @param tVector when the vector is known
 */
export function lookup(core: Core, g: Scalars, vector: number, tVector: Ready): Ready {
  core.at(At.lookup);
  core.free(1);
  core.branch(vector < 0, tVector);
  const tLimit = core.operand32(g.tableCount, NOW);
  core.branch(vector >= core.lo, core.join(tLimit, tVector));
  const tTable = core.load64(g.table, NOW);
  const table: Addr = core.lo;
  const tIndex = core.alu(tVector);
  const tSource = core.load64(table + vector * 8, core.join(tTable, tIndex));
  const source = core.lo;
  core.ret();
  core.lo = source;
  return tSource;
}

/** k_empty. */
export function empty(core: Core): void {
  core.at(At.empty);
  core.free(1);
  core.ret();
}
