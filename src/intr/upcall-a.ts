/**
 * Generation A2's upcall: xen_intr_handle_upcall of sys/x86/xen/xen_intr.c, as it stood between the removal of
 * PIRQ support (2021) and the 2023 series. Rows P1 to P12, V1 to V9 and X2 of the fact sheet on FreeBSD.
 *
 * Compiled shape (gcc 12.2): 26 instructions an event in the scan; the pending bit is cleared by a lock btr with
 * a register offset; `shared_info` is not volatile, so the value that ended a word is its final re-check.
 */
import type { Ready } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { bitHi, bitLo, lowestBitFrom } from '../x86/word64.ts';
import { SHARED_INFO, VCPU_INFO } from '../xen/abi.ts';
import { activePorts } from './active-ports.ts';
import { intrExecuteHandlers } from './dispatch.ts';
import { criticalExit, interruptEntry, interruptReturn } from './entry.ts';
import { endOfInterrupt } from './eoi.ts';
import type { KernelCpu } from './kernel-image.ts';
import { PCPU, PCPU_DATA_A, THREAD } from './layout.ts';
import type { FreeBsd } from './os.ts';

const fn = new SourceFile('sys/x86/xen/xen_intr.c', 'upcall').fn('xen_intr_handle_upcall');

const At = {
  enter: fn.site('P1-P2 critical_enter', 12),
  vcpuInfo: fn.site('P6-P8 shared_info and vcpu_info', 5),
  upcallPending: fn.site('P9 evtchn_upcall_pending := 0', 1),
  selector: fn.site('P10 exchange of evtchn_pending_sel', 2),
  cursors: fn.site('P11 cursors and counter', 6),
  more: fn.site('P12 selector empty?', 2),
  group: fn.site('next group from the cursor', 12),
  wrap: fn.site('wrap to group 0', 3),
  active: fn.site('V1 pending & ~mask & enabled', 8),
  bit: fn.site('V2-V3 next bit from the cursor', 8),
  clear: fn.site('V4 clear the pending bit', 1),
  isrc: fn.site('V5-V6 isrc of the port', 6),
  cursorStore: fn.site('V8 store the cursors', 2),
  last: fn.site('V9 bit 63 served?', 3),
  recheck: fn.site('final re-check of the group', 4),
  dropGroup: fn.site('drop the group from the selector', 4),
  leave: fn.site('X4 critical_exit, return', 20),
};

/** Locals of the C function on the stack: page and selector. */
const FRAME_BYTES = 24;

/** The scan of the C function, without what follows its loop. The caller has made the call. */
function* scan(os: FreeBsd, cpu: KernelCpu): Kernel {
  const { core, pcpu, pcpuData: data } = cpu;
  core.at(At.enter);
  core.push(6);
  core.frame(FRAME_BYTES);
  core.free(2);
  const tThread = core.load64(pcpu + PCPU.curthread, NOW);
  core.add32(cpu.thread + THREAD.critnest, 1, tThread);
  core.at(At.vcpuInfo);
  core.load32(pcpu + PCPU.cpuid, NOW);
  const tDynamic = core.load64(pcpu + PCPU.dynamic, NOW);
  core.load64(os.image.statics.sharedInfoPtr, NOW);
  const page = core.lo;
  core.store64(core.sp, page, 0, NOW);
  const tInfo = core.load64(cpu.vcpuInfoPtr, tDynamic);
  const info = core.lo;
  core.at(At.upcallPending);
  if (core.behind(tInfo)) yield;
  core.store8(info + VCPU_INFO.upcallPending, 0, NOW, tInfo);
  core.at(At.selector);
  core.free(1);
  if (core.behind(tInfo)) yield;
  let tSel = core.xchg64(info + VCPU_INFO.pendingSel, 0, 0, tInfo);
  let lo = core.lo;
  let hi = core.hi;
  core.at(At.cursors);
  let tL1 = core.load32(data + PCPU_DATA_A.l1i, tDynamic);
  let l1i = core.lo;
  let tL2 = core.load32(data + PCPU_DATA_A.l2i, tDynamic);
  let l2i = core.lo;
  const tCounter = core.load64(data + PCPU_DATA_A.counter, tDynamic);
  core.add64(core.lo, 1, tCounter);
  core.store64(core.sp + 8, lo, hi, tSel);
  core.at(At.more);
  let more = core.branch((lo | hi) !== 0, tSel);
  while (more) {
    core.at(At.group);
    const tMask = core.shift(core.alu(tL1));
    const tGroup = core.alu(core.join(tMask, tSel));
    const group = lowestBitFrom(lo, hi, (l1i + 1) & 63);
    core.free(5);
    if (core.jcc(group < 0, tGroup)) {
      core.at(At.wrap);
      l1i = 63;
      l2i = 63;
      tL1 = NOW;
      tL2 = NOW;
      core.free(1);
      core.jump();
      continue;
    }
    tL1 = core.alu(core.bitScan(lo, hi, tGroup));
    l1i = group;
    let empty: boolean;
    let tEmpty: Ready;
    do {
      core.at(At.active);
      const tBits = yield* activePorts(cpu, page, data + PCPU_DATA_A.enabled, l1i, tL1);
      core.at(At.bit);
      const bit = lowestBitFrom(core.lo, core.hi, (l2i + 1) & 63);
      empty = (core.lo | core.hi) === 0;
      tEmpty = tBits;
      const tFrom = core.shift(core.alu(tL2));
      const tNext = core.alu(core.join(tBits, tFrom));
      core.free(1);
      if (core.jcc(bit < 0, tNext)) {
        // The compiler keeps this look at the word as the final re-check.
        cpu.evaluations++;
        l2i = 63;
        tL2 = NOW;
        break;
      }
      const tBit = core.bitScan(core.lo, core.hi, tNext);
      l2i = bit;
      tL2 = tBit;
      const port = l1i * 64 + bit;
      const tPort = core.alu(tBit);
      core.at(At.clear);
      if (core.behind(tPort)) yield;
      core.lockBitReset(page + SHARED_INFO.pending, port, tPort);
      cpu.fresh = core.lo !== 0;
      core.at(At.isrc);
      const tIsrc = core.load64(os.image.portToIsrc + port * 8, tPort);
      const isrc = core.lo;
      if (core.branch(isrc === 0, tIsrc)) os.observer.unclaimed(cpu.fresh);
      else {
        core.free(1);
        core.call();
        cpu.port = port;
        yield* intrExecuteHandlers(os, cpu, isrc, tIsrc);
        core.at(At.cursorStore);
        core.store32(data + PCPU_DATA_A.l1i, l1i, tL1);
        core.store32(data + PCPU_DATA_A.l2i, l2i, tBit);
      }
      core.at(At.last);
      // After bit 63 the word is looked at once more, from memory, for the final re-check.
      if (l2i === 63) {
        core.at(At.active);
        tEmpty = yield* activePorts(cpu, page, data + PCPU_DATA_A.enabled, l1i, tL1);
        empty = (core.lo | core.hi) === 0;
        core.at(At.last);
      }
    } while (core.branch(l2i !== 63, tL2));
    core.at(At.recheck);
    if (core.branch(empty, tEmpty)) {
      core.at(At.dropGroup);
      lo &= ~bitLo(l1i);
      hi &= ~bitHi(l1i);
      tSel = core.chain(tSel, 2);
    }
    core.at(At.more);
    more = core.branch((lo | hi) !== 0, tSel);
  }
}

/** The C function without its EOI, as the ground truth measured it. The caller has made the call. */
export function* scanA(os: FreeBsd, cpu: KernelCpu): Kernel {
  yield* scan(os, cpu);
  leave(cpu);
}

/** The whole upcall, from the gate to the iretq. */
export function* upcallA(os: FreeBsd, cpu: KernelCpu, fromUser: boolean): Kernel {
  interruptEntry(os, cpu, fromUser);
  yield* scan(os, cpu);
  yield* endOfInterrupt(os, cpu);
  leave(cpu);
  interruptReturn(os, cpu, fromUser);
}

function leave(cpu: KernelCpu): void {
  const { core } = cpu;
  core.at(At.leave);
  criticalExit(core, cpu, At.leave);
  core.unframe(FRAME_BYTES);
  core.pop(6);
  core.ret();
}
