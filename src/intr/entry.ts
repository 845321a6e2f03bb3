/**
 * From the interrupt gate to the C function, and from its return to the iretq: sys/amd64/amd64/{apic_vector,
 * exception}.S, rows E0 to E9 and X4 to X9 of the fact sheet on FreeBSD (sections 2.2 and 2.9).
 *
 * Left out: page-table isolation (E3 and its return half), IBRS writes, the MDS buffer clear.
 */
import { type Core, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { KernelCpu } from './kernel-image.ts';
import { PCB_FLAGS, PCPU, THREAD, TRAPFRAME } from './layout.ts';
import type { FreeBsd } from './os.ts';

const stub = new SourceFile('sys/amd64/amd64/apic_vector.S').fn('xen_intr_upcall');
const exception = new SourceFile('sys/amd64/amd64/exception.S').fn('doreti');

const At = {
  vectoring: stub.site('E0 vectoring through the IDT', 2),
  swapgs: stub.site('E1-E2 from user or kernel, swapgs', 4),
  lfence: stub.site('E4 lfence', 1),
  frame: stub.site('E5-E6 trapframe', 22),
  flags: stub.site('E7 clear D and AC', 3),
  pcb: stub.site('E8 pcb flags and IBRS', 8),
  call: stub.site('E9 call the handler', 2),
  doreti: exception.site('X5-X6 AST and full-iret tests', 10),
  registers: exception.site('X7 restore registers', 16),
  toUser: exception.site('X8 swapgs', 6),
  iret: exception.site('X9 iretq', 2),
};

/** Full-iret bit of the pcb flags, and the AC and D bits of rflags. */
const PCB_FULL_IRET = 1;
const CLEAR_D_AC = ~0x40400;

/**
 * The entry stub. Leaves the stack as the C function finds it.
 *
 * @param fromUser whether user code was interrupted
 * @param fenced generation C's stub has an lfence for kernel and user entries alike
 */
export function interruptEntry(os: FreeBsd, cpu: KernelCpu, fromUser: boolean, fenced: boolean): void {
  const { core } = cpu;
  const { n } = core.machine;
  const { statics } = os.image;
  core.at(At.vectoring);
  core.serialising((fromUser ? n.interruptUserCycles : n.interruptKernelCycles) + n.interruptDrainCycles);
  core.hardwarePush(5);
  core.at(At.swapgs);
  core.branch(!fromUser, core.operand8(core.sp + 8, NOW));
  if (fromUser) core.microcoded(n.swapgsCycles);
  if (fenced) {
    core.at(At.lfence);
    core.lfence();
  }
  core.at(At.frame);
  core.free(1);
  core.sp -= TRAPFRAME.bytes - 40;
  for (let i = 0; i < TRAPFRAME.registers; i++) core.store64(core.sp + 8 * i, 0, 0, NOW);
  for (let i = 0; i < 4; i++) core.store16(core.sp + TRAPFRAME.selectors + 2 * i, 0, NOW);
  core.store32(core.sp + TRAPFRAME.flags, 0, NOW);
  core.at(At.flags);
  core.push(1);
  core.and32(core.sp, CLEAR_D_AC, NOW);
  core.microcoded(n.popfCycles);
  core.sp += 8;
  core.at(At.pcb);
  if (!core.branch(!fromUser, core.operand8(core.sp + TRAPFRAME.cs, NOW))) {
    const tPcb = core.load64(cpu.pcpu + PCPU.curpcb, NOW);
    core.and32(core.lo + PCB_FLAGS, ~PCB_FULL_IRET, tPcb);
    core.branch(false, core.operand32(statics.ibrsActive, NOW));
  }
  core.at(At.call);
  core.free(1);
  core.call();
}

/** critical_exit: --td_critnest, and a look whether a switch was asked for meanwhile (row X4). */
export function criticalExit(core: Core, cpu: KernelCpu): void {
  const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
  core.add32(cpu.thread + THREAD.critnest, -1, tThread);
  const tOwed = core.load32(cpu.thread + THREAD.owepreempt, tThread);
  core.branch(core.lo !== 0, tOwed);
}

/** doreti and the return to what was interrupted. */
export function interruptReturn(cpu: KernelCpu, fromUser: boolean): void {
  const { core } = cpu;
  const { n } = core.machine;
  core.at(At.doreti);
  if (!core.branch(!fromUser, core.operand8(core.sp + TRAPFRAME.cs, NOW))) {
    core.microcoded(n.cliCycles);
    const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
    core.branch(false, core.operand32(cpu.thread + THREAD.flags, tThread));
  }
  const tPcb = core.load64(cpu.pcpu + PCPU.curpcb, NOW);
  const pcb = core.lo;
  core.branch(!fromUser, core.operand8(core.sp + TRAPFRAME.cs, NOW));
  core.free(1);
  if (fromUser) core.branch(false, core.operand32(pcb + PCB_FLAGS, tPcb));
  core.at(At.registers);
  for (let i = 0; i < TRAPFRAME.registers; i++) core.load64(core.sp + 8 * i, NOW);
  core.free(1);
  core.sp += TRAPFRAME.bytes - 40;
  if (fromUser) {
    core.at(At.toUser);
    core.microcoded(n.cliCycles);
    core.microcoded(n.swapgsCycles);
  }
  core.at(At.iret);
  core.serialising(fromUser ? n.iretUserCycles : n.iretKernelCycles);
  core.sp += 40;
}
