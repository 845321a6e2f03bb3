/**
 * From the interrupt gate to the C function, and from its return to the iretq: sys/amd64/amd64/{apic_vector,
 * exception}.S, rows E0 to E9 and X4 to X9 of the fact sheet on FreeBSD (sections 2.2 and 2.9).
 *
 * The microcode of the delivery is the injection's (the caller charges it); what it loads and stores is here.
 * Left out: IBRS writes, the MDS buffer clear, and page-table isolation beyond the switch itself.
 */
import { type Core, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { KernelCpu } from './kernel-image.ts';
import { PCB_FLAGS, PCPU, THREAD, TRAPFRAME } from './layout.ts';
import type { FreeBsd } from './os.ts';
import { GENERATION_A } from './source-files.ts';

const stub = new SourceFile('sys/amd64/amd64/apic_vector.S').fn('xen_intr_upcall');
const exception = new SourceFile('sys/amd64/amd64/exception.S').fn('doreti');

const At = {
  preempt: new SourceFile('sys/kern/kern_switch.c')
    .fn('critical_exit_preempt')
    .site('outer section open? else switch', 5),
  vectoring: stub.site('E0 vectoring through the IDT', 2),
  swapgs: stub.site('E1-E2 from user or kernel, swapgs', 4),
  pti: stub.site('E3 switch of page tables', 6),
  lfence: stub.site('E4 lfence', 1),
  frame: stub.site('E5-E6 trapframe', 22),
  flags: stub.site('E7 clear D and AC', 3),
  pcb: stub.site('E8 pcb flags and IBRS', 8),
  call: stub.site('E9 call the handler', 2),
  doreti: exception.site('X5-X6 AST and full-iret tests', 10),
  registers: exception.site('X7 restore registers', 16),
  toUser: exception.site('X8 IBRS, MDS, swapgs', 10),
  ptiReturn: exception.site('X8 switch of page tables', 6),
  mds: exception.site('MDS handler: none', 1),
  iret: exception.site('X9 iretq', 2),
};

/** Vector of the upcall on every vCPU. */
export const IDT_EVTCHN = 0x93;
/** Bytes of a gate; the code segment's selector in the GDT; rsp0 in the TSS. */
const GATE_BYTES = 16;
const KERNEL_CODE = 0x20;
const TSS_RSP0 = 4;

/** Full-iret bit of the pcb flags, and the AC and D bits of rflags. */
const PCB_FULL_IRET = 1;
const CLEAR_D_AC = ~0x40400;

/**
 * The entry stub. Leaves the stack as the C function finds it.
 *
 * @param fromUser whether user code was interrupted
 */
export function interruptEntry(os: FreeBsd, cpu: KernelCpu, fromUser: boolean): void {
  const { core } = cpu;
  const { n } = core.machine;
  const { statics } = os.image;
  core.at(At.vectoring);
  const gate = os.image.idt + IDT_EVTCHN * GATE_BYTES;
  core.operand64(gate, NOW);
  core.operand64(gate + 8, NOW);
  core.operand64(os.image.gdt + KERNEL_CODE, NOW);
  if (fromUser) core.operand64(cpu.tss + TSS_RSP0, NOW);
  core.hardwarePush(5);
  core.at(At.swapgs);
  core.branch(!fromUser, core.operand8(core.sp + 8, NOW));
  if (fromUser) core.microcoded(n.swapgsCycles);
  if (fromUser && n.ptiCycles > 0) {
    core.at(At.pti);
    core.serialising(n.ptiCycles);
  }
  // Kernel and user entries alike; generation A's stub has none.
  if (os.generation.id !== GENERATION_A) {
    core.at(At.lfence);
    core.lfence();
  }
  core.at(At.frame);
  core.free(1);
  core.sp -= TRAPFRAME.bytes - 40;
  for (let i = 0; i < TRAPFRAME.registers; i++) core.store64(core.sp + 8 * i, 0, 0, NOW);
  for (let i = 0; i < 4; i++) core.store16(core.sp + TRAPFRAME.selectors[i]!, 0, NOW);
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

/**
 * critical_exit: --td_critnest, and a look whether a switch was asked for meanwhile (rows I9 and X4). If so the
 * preempt helper is called, which returns at once while an outer section is open. The switch itself is charged
 * to the ithread, which starts when the upcall has ended.
 *
 * @param site the caller's site, which goes on being charged
 */
export function criticalExit(core: Core, cpu: KernelCpu, site: number): void {
  const tThread = core.load64(cpu.pcpu + PCPU.curthread, NOW);
  core.add32(cpu.thread + THREAD.critnest, -1, tThread);
  const tOwed = core.load32(cpu.thread + THREAD.owepreempt, tThread);
  if (!core.branch(core.lo !== 0, tOwed)) return;
  core.call();
  core.at(At.preempt);
  const tNest = core.operand32(cpu.thread + THREAD.critnest, tThread);
  if (!core.branch(core.lo !== 0, tNest)) core.store32(cpu.thread + THREAD.owepreempt, 0, NOW);
  core.ret();
  core.at(site);
}

/** doreti and the return to what was interrupted. */
export function interruptReturn(os: FreeBsd, cpu: KernelCpu, fromUser: boolean): void {
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
    core.branch(false, core.operand32(os.image.statics.ibrsActive, NOW));
    if (os.generation.id !== GENERATION_A) {
      core.indirectCall(At.mds, core.operand64(os.image.statics.mdsHandler, NOW));
      core.at(At.mds);
      core.ret();
      core.at(At.toUser);
    }
    if (n.ptiCycles > 0) {
      core.at(At.ptiReturn);
      core.serialising(n.ptiCycles);
    }
    core.microcoded(n.swapgsCycles);
  }
  core.at(At.iret);
  core.serialising(fromUser ? n.iretUserCycles : n.iretKernelCycles);
  core.sp += 40;
}
