/**
 * Generation C's upcall: the wrapper xen_arch_intr_handle_upcall (sys/x86/xen/xen_arch_intr.c) and the scan
 * xen_intr_handle_upcall (sys/dev/xen/bus/xen_intr.c) of the end of the 2023 series. Rows as in generation A.
 *
 * Compiled shape (gcc 12.2): 38 instructions an event in the scan; the pending bit is cleared by a lock and with
 * a mask; the page is accessed as volatile, so its pointer is loaded again after every handler and the final
 * re-check reads pending and mask again (enabled stays in a register).
 */
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { bitHi, bitLo, lowestBitFrom } from '../x86/word64.ts';
import { SHARED_INFO, VCPU_INFO } from '../xen/abi.ts';
import { activePorts, activePortsAgain } from './active-ports.ts';
import { intrExecuteHandlers } from './dispatch.ts';
import { criticalExit, interruptEntry, interruptReturn } from './entry.ts';
import { endOfInterrupt } from './eoi.ts';
import type { KernelCpu } from './kernel-image.ts';
import { PCPU, PCPU_DATA_C, THREAD } from './layout.ts';
import type { FreeBsd } from './os.ts';

const arch = new SourceFile('sys/x86/xen/xen_arch_intr.c', 'upcall').fn('xen_arch_intr_handle_upcall');
const fn = new SourceFile('sys/dev/xen/bus/xen_intr.c', 'upcall').fn('xen_intr_handle_upcall');

const At = {
  critical: arch.site('P1-P2 critical_enter', 8),
  counter: arch.site('P3 ++*pintrcnt', 3),
  nesting: arch.site('P4 nesting level and frame', 5),
  call: arch.site('P5 call the scan', 3),
  enter: fn.site('P6-P8 shared_info and vcpu_info', 16),
  upcallPending: fn.site('P9 evtchn_upcall_pending := 0', 1),
  selector: fn.site('P10 exchange of evtchn_pending_sel', 2),
  cursors: fn.site('P11 cursors', 4),
  more: fn.site('P12 selector empty?', 2),
  group: fn.site('next group from the cursor', 14),
  wrap: fn.site('wrap to group 0', 3),
  active: fn.site('V1 pending & ~mask & enabled', 8),
  bit: fn.site('V2-V3 next bit from the cursor', 10),
  clear: fn.site('V4 clear the pending bit', 7),
  isrc: fn.site('V5-V6 isrc of the port', 6),
  cursorStore: fn.site('V8 store the cursors', 4),
  last: fn.site('V9 bit 63 served?', 3),
  recheck: fn.site('final re-check of the group', 9),
  dropGroup: fn.site('drop the group from the selector', 4),
  leave: fn.site('return', 9),
  restore: arch.site('X1 frame and nesting level', 3),
  exit: arch.site('X4 critical_exit, return', 14),
};

/** Locals of the C functions on the stack. */
const FRAME_BYTES = 24;
const WRAPPER_FRAME_BYTES = 8;

/** xen_intr_handle_upcall, as the ground truth measured it. The caller has made the call. */
export function* scanC(os: FreeBsd, cpu: KernelCpu): Kernel {
  const { core, pcpu, pcpuData: data } = cpu;
  core.at(At.enter);
  core.push(6);
  core.frame(FRAME_BYTES);
  core.free(2);
  core.load32(pcpu + PCPU.cpuid, NOW);
  const tDynamic = core.load64(pcpu + PCPU.dynamic, NOW);
  let tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
  const page = core.lo;
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
  let tL1 = core.load32(data + PCPU_DATA_C.l1i, tDynamic);
  let l1i = core.lo;
  let tL2 = core.load32(data + PCPU_DATA_C.l2i, tDynamic);
  let l2i = core.lo;
  core.store64(core.sp + 8, lo, hi, tSel);
  core.at(At.more);
  let more = core.branch((lo | hi) !== 0, tSel);
  while (more) {
    core.at(At.group);
    const tMask = core.shift(core.alu(tL1));
    const tGroup = core.alu(core.join(tMask, tSel));
    const group = lowestBitFrom(lo, hi, (l1i + 1) & 63);
    core.free(7);
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
    do {
      core.at(At.active);
      const tBits = yield* activePorts(cpu, page, data + PCPU_DATA_C.enabled, l1i, core.join(tL1, tPage));
      core.at(At.bit);
      const bit = lowestBitFrom(core.lo, core.hi, (l2i + 1) & 63);
      const tFrom = core.shift(core.alu(tL2));
      const tNext = core.alu(core.join(tBits, tFrom));
      core.free(4);
      if (core.jcc(bit < 0, tNext)) {
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
      const tWord = core.alu(core.alu(core.shift(tPort)));
      core.free(2);
      const tBoth = core.join(tWord, core.shift(tPort));
      if (core.behind(tBoth)) yield;
      const word = page + SHARED_INFO.pending + l1i * 8;
      core.lockAnd64(word, ~bitLo(bit), ~bitHi(bit), tBoth);
      cpu.fresh = ((core.lo & bitLo(bit)) | (core.hi & bitHi(bit))) !== 0;
      core.at(At.isrc);
      const tIsrc = core.load64(os.image.portToIsrc + port * 8, tPort);
      const isrc = core.lo;
      if (core.branch(isrc === 0, tIsrc)) os.observer.unclaimed(cpu.fresh);
      else {
        const tThread = core.load64(pcpu + PCPU.curthread, NOW);
        core.load64(cpu.thread + THREAD.intrFrame, tThread);
        core.call();
        cpu.port = port;
        yield* intrExecuteHandlers(os, cpu, isrc, tIsrc);
        core.at(At.cursorStore);
        core.load32(core.sp + 16, NOW);
        core.store32(data + PCPU_DATA_C.l1i, l1i, tL1);
        core.store32(data + PCPU_DATA_C.l2i, l2i, tBit);
        tPage = core.load64(os.image.statics.sharedInfoPtr, NOW);
      }
      core.at(At.last);
      core.free(1);
    } while (core.branch(l2i !== 63, tL2));
    core.at(At.recheck);
    const tLeft = yield* activePortsAgain(cpu, page, l1i, core.join(tL1, tPage));
    if (core.branch((core.lo | core.hi) === 0, tLeft)) {
      core.at(At.dropGroup);
      lo &= ~bitLo(l1i);
      hi &= ~bitHi(l1i);
      core.free(2);
      tSel = core.chain(tSel, 2);
    }
    core.at(At.more);
    more = core.branch((lo | hi) !== 0, tSel);
  }
  core.at(At.leave);
  core.free(1);
  core.unframe(FRAME_BYTES);
  core.pop(6);
  core.ret();
}

/** The whole upcall, from the gate to the iretq. */
export function* upcallC(os: FreeBsd, cpu: KernelCpu, fromUser: boolean): Kernel {
  const { core, pcpu, thread } = cpu;
  interruptEntry(os, cpu, fromUser);
  core.at(At.critical);
  core.push(3);
  core.frame(WRAPPER_FRAME_BYTES);
  core.free(1);
  const tThread = core.load64(pcpu + PCPU.curthread, NOW);
  core.add32(thread + THREAD.critnest, 1, tThread);
  core.at(At.counter);
  const tDynamic = core.load64(pcpu + PCPU.dynamic, NOW);
  const tCounter = core.load64(cpu.pintrcnt, tDynamic);
  core.add64(core.lo, 1, tCounter);
  core.at(At.nesting);
  core.add32(thread + THREAD.nesting, 1, tThread);
  const tOld = core.load64(thread + THREAD.intrFrame, tThread);
  core.store64(core.sp, 0, 0, tOld);
  core.store64(thread + THREAD.intrFrame, core.sp, 0, NOW, tThread);
  core.at(At.call);
  core.free(2);
  core.call();
  yield* os.generation.scan(os, cpu);
  core.at(At.restore);
  const tFrame = core.load64(core.sp, NOW);
  core.store64(thread + THREAD.intrFrame, 0, 0, tFrame, tThread);
  core.add32(thread + THREAD.nesting, -1, NOW);
  yield* endOfInterrupt(os, cpu);
  core.at(At.exit);
  criticalExit(core, cpu, At.exit);
  core.unframe(WRAPPER_FRAME_BYTES);
  core.pop(3);
  core.ret();
  interruptReturn(os, cpu, fromUser);
}
