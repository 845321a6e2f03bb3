/**
 * intrnames[]: 20 characters for each counter of intrcnt[], printed anew at every registration, bind and unbind (fact
 * sheet on FreeBSD, 1.6). The formatted print is a lump; the lines it writes are the table's, three names to a line.
 */
import { NOW } from '../x86/core.ts';
import type { KernelCpu } from './kernel-image.ts';
import { INTRNAME_BYTES } from './layout.ts';
import type { FreeBsd } from './os.ts';

/**
 * intrcnt_setname: prints the name of one of the two counters of an isrc. The characters are nobody's value here.
 *
 * @param index of the isrc in the order of creation
 * @param which 0 for the count, 1 for the strays
 */
export function writeName(os: FreeBsd, { core }: KernelCpu, index: number, which: number): void {
  core.lump(os.lumps.formatCycles);
  const name = os.image.intrNames + INTRNAME_BYTES * (1 + 2 * index + which);
  for (let i = 0; i < INTRNAME_BYTES; i += 4) core.store32(name + i, 0, NOW);
}
