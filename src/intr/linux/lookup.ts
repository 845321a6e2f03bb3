/**
 * From a port to its interrupt number, and from that to the descriptor and to Xen's irq_info: evtchn_to_irq[][],
 * then the radix tree of descriptors (a maple tree since 6.5), which one event walks four times.
 */
import type { Addr, Port, Ready } from '../../model/units.ts';
import { type Core, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { childSlot } from './image.ts';
import { EVTCHN_PER_ROW, IRQ_DESC } from './layout.ts';
import type { Linux } from './os.ts';

const AT_WALK = new SourceFile('kernel/irq/irqdesc.c').fn('irq_to_desc').site('walk of the radix tree', 30);

/** irq_to_desc: leaves the descriptor, or 0, in `core.lo`. The caller's site is to be named again. */
export function irqToDesc(core: Core, { image }: Linux, irq: number, dep: Ready): Ready {
  core.call();
  core.at(AT_WALK);
  core.free(2);
  let t = core.join(core.load64(image.statics.irqTree, NOW), dep);
  let node = core.lo;
  for (let level = image.treeHeight; level > 0 && node !== 0; level--) {
    // Is it a node? Shift and mask of the number, then its slot.
    core.branch(true, t);
    core.shift(dep);
    core.alu(NOW);
    t = core.load64(childSlot(node, irq, level), t);
    node = core.lo;
  }
  core.ret();
  core.lo = node;
  return t;
}

/** info_for_irq: leaves the irq_info, or 0, in `core.lo`. @param site the caller's, charged from here on again */
export function infoForIrq(core: Core, os: Linux, irq: number, dep: Ready, site: number): Ready {
  core.branch(false, dep);
  const tDesc = irqToDesc(core, os, irq, dep);
  const desc: Addr = core.lo;
  core.at(site);
  if (core.branch(desc === 0, tDesc)) {
    core.lo = 0;
    return tDesc;
  }
  return core.load64(desc + IRQ_DESC.chipData, tDesc);
}

/** get_evtchn_to_irq: leaves the interrupt number, or -1, in `core.lo`. */
export function evtchnToIrq(core: Core, { image }: Linux, port: Port, dep: Ready): Ready {
  core.branch(false, dep);
  const tRows = core.load64(image.statics.evtchnToIrq, NOW);
  const tRow = core.load64(image.rowSlot(port), core.join(tRows, core.shift(dep)));
  const row: Addr = core.lo;
  if (core.branch(row === 0, tRow)) {
    core.lo = -1;
    return tRow;
  }
  return core.load32(row + 4 * (port % EVTCHN_PER_ROW), core.join(tRow, dep));
}
