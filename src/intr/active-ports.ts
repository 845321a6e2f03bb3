/**
 * The active ports of one group: pending, not masked, enabled on this CPU. The three loads that every
 * generation makes, in the C's order, with the arithmetic between them: 8 instructions.
 */
import type { Addr, Ready } from '../model/units.ts';
import type { Kernel } from '../x86/core.ts';
import { SHARED_INFO } from '../xen/abi.ts';
import type { KernelCpu } from './kernel-image.ts';

/**
 * Leaves pending & ~mask & enabled of group `l1i` in `core.lo` and `core.hi`, the enabled word in the CPU's
 * `enabledLo` and `enabledHi`: the register in which a compiler keeps it.
 *
 * @param page shared_info
 * @param enabled the CPU's evtchn_enabled words
 * @param dep when the group is known
 * @returns when the value is there
 */
export function* activePorts(
  cpu: KernelCpu,
  page: Addr,
  enabled: Addr,
  l1i: number,
  dep: Ready,
): Kernel<Ready> {
  const { core } = cpu;
  cpu.evaluations++;
  if (core.behind(dep)) yield;
  const tPending = core.load64(page + SHARED_INFO.pending + l1i * 8, dep);
  const pendingLo = core.lo;
  const pendingHi = core.hi;
  const tMask = core.load64(page + SHARED_INFO.mask + l1i * 8, dep);
  const maskLo = core.lo;
  const maskHi = core.hi;
  const tEnabled = core.load64(enabled + l1i * 8, dep);
  cpu.enabledLo = core.lo;
  cpu.enabledHi = core.hi;
  core.lo &= pendingLo & ~maskLo;
  core.hi &= pendingHi & ~maskHi;
  core.free(2);
  const tNot = core.alu(tMask);
  const tBoth = core.alu(core.join(tPending, tEnabled));
  return core.alu(core.join(tNot, tBoth));
}

/**
 * The same with the enabled word in a register, as generation C's final re-check has it: pending and mask are
 * read again. The value is left in `core.lo` and `core.hi`.
 *
 * @param dep when the group is known
 */
export function* activePortsAgain(cpu: KernelCpu, page: Addr, l1i: number, dep: Ready): Kernel<Ready> {
  const { core } = cpu;
  cpu.evaluations++;
  if (core.behind(dep)) yield;
  const tPending = core.load64(page + SHARED_INFO.pending + l1i * 8, dep);
  const pendingLo = core.lo;
  const pendingHi = core.hi;
  const tMask = core.load64(page + SHARED_INFO.mask + l1i * 8, dep);
  core.lo = pendingLo & ~core.lo & cpu.enabledLo;
  core.hi = pendingHi & ~core.hi & cpu.enabledHi;
  core.free(2);
  const tNot = core.alu(tMask);
  return core.alu(core.join(tNot, core.alu(tPending)));
}
