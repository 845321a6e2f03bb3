/** vcpu_mark_events_pending without its last step: rung 4 of the suppression ladder (fact sheet on Xen, 3.3). */
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { VCPU_INFO } from './abi.ts';
import { VCPU } from './layout.ts';
import type { EvtchnStats } from './stats.ts';
import type { VirtualCpu } from './virtual-cpu.ts';

const AT_MARK = new SourceFile('xen/common/event_channel.c', 'mark')
  .fn('vcpu_mark_events_pending')
  .site('set evtchn_upcall_pending', 10);

/** Marks a vCPU's upcall; returns whether it was not marked already, so that the vCPU has to be told. */
export function* markUpcall(core: Core, vcpu: VirtualCpu, stats: EvtchnStats): Kernel<boolean> {
  core.at(AT_MARK);
  const tInfo = core.load64(vcpu.base + VCPU.vcpuInfo, NOW);
  if (core.behind(tInfo)) yield;
  const tUp = core.lockBitSet(vcpu.info + VCPU_INFO.upcallPending, 0, tInfo);
  if (core.branch(core.lo !== 0, tUp)) {
    stats.upcall_set++;
    return false;
  }
  stats.marked++;
  return true;
}
