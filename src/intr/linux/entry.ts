/**
 * From the interrupt gate to the C function and back: asm_sysvec_xen_hvm_callback with PUSH_AND_CLEAR_REGS, and
 * the return (arch/x86/entry/entry_64.S).
 *
 * Modelled: what the gate loads and stores, swapgs, the switch of page tables, the frame. irqentry_enter, accounting
 * and irqentry_exit are one lump. Left out: every mitigation but page-table isolation.
 */
import { type Core, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import type { LinuxCpu } from './image.ts';
import { PERCPU } from './layout.ts';
import type { Linux } from './os.ts';

const entry = new SourceFile('arch/x86/entry/entry_64.S');
const stub = entry.fn('asm_sysvec_xen_hvm_callback');
const exit = entry.fn('common_interrupt_return');
const sysvec = new SourceFile('arch/x86/xen/enlighten_hvm.c').fn('sysvec_xen_hvm_callback');

const At = {
  vectoring: stub.site('vectoring through the IDT', 2),
  swapgs: stub.site('from user or kernel, swapgs', 8),
  pti: stub.site('switch of page tables', 6),
  frame: stub.site('PUSH_AND_CLEAR_REGS', 34),
  call: stub.site('call the C function', 4),
  enter: sysvec.site('irqentry_enter, set_irq_regs', 16),
  stack: sysvec.site('stack of interrupts', 8),
  leave: sysvec.site('irq_exit, irqentry_exit', 16),
  registers: exit.site('POP_REGS', 18),
  ptiReturn: exit.site('switch of page tables', 6),
  toUser: exit.site('swapgs', 4),
  iret: exit.site('iretq', 2),
};

/** Vector of the upcall on every vCPU. */
export const HYPERVISOR_CALLBACK_VECTOR = 0xf3;
/** The size of a gate, the code segment's selector, rsp0 in the TSS. */
const GATE_BYTES = 16;
const KERNEL_CODE = 0x10;
const TSS_RSP0 = 4;
/** General registers of struct pt_regs; error code and frame of the hardware are behind them. */
const REGISTERS = 15;

/**
 * Up to the first statement of the handler.
 *
 * @param fromUser whether user code was interrupted
 * @returns the stack pointer to go back to
 */
export function interruptEntry(os: Linux, cpu: LinuxCpu, fromUser: boolean): number {
  const { core, pcpu } = cpu;
  const { n } = core.machine;
  const { statics } = os.image;
  core.at(At.vectoring);
  const gate = statics.idt + HYPERVISOR_CALLBACK_VECTOR * GATE_BYTES;
  core.operand64(gate, NOW);
  core.operand64(gate + 8, NOW);
  core.operand64(statics.gdt + KERNEL_CODE, NOW);
  if (fromUser) core.operand64(cpu.tss + TSS_RSP0, NOW);
  core.hardwarePush(5);
  core.at(At.swapgs);
  core.push(1);
  core.branch(!fromUser, core.operand8(core.sp + 16, NOW));
  if (fromUser) core.microcoded(n.swapgsCycles);
  if (fromUser && n.ptiCycles > 0) {
    core.at(At.pti);
    core.serialising(n.ptiCycles);
  }
  core.at(At.frame);
  core.push(REGISTERS);
  core.free(REGISTERS);
  core.at(At.call);
  core.free(2);
  core.call();
  core.at(At.enter);
  core.push(3);
  core.lump(os.lumps.linuxEntryCycles);
  const tRegs = core.load64(pcpu + PERCPU.irqRegs, NOW);
  core.store64(pcpu + PERCPU.irqRegs, core.sp, 0, tRegs);
  core.add32(pcpu + PERCPU.preemptCount, 1 << 16, NOW);
  core.at(At.stack);
  core.load64(pcpu + PERCPU.hardirqStack, NOW);
  core.free(2);
  const saved = core.sp;
  core.sp = cpu.irqStackTop;
  core.push(1);
  return saved;
}

/** From the end of the handler to what was interrupted. @param saved what `interruptEntry` returned */
export function interruptReturn(cpu: LinuxCpu, fromUser: boolean, saved: number): void {
  const { core, pcpu } = cpu;
  const { n } = core.machine;
  core.at(At.leave);
  core.pop(1);
  core.sp = saved;
  core.add32(pcpu + PERCPU.preemptCount, -(1 << 16), NOW);
  softirqs(core, pcpu);
  core.store64(pcpu + PERCPU.irqRegs, 0, 0, NOW);
  core.branch(!fromUser, NOW);
  core.pop(3);
  core.ret();
  core.at(At.registers);
  core.branch(!fromUser, core.operand8(core.sp + 8 * (REGISTERS + 2), NOW));
  core.pop(REGISTERS);
  if (fromUser) {
    if (n.ptiCycles > 0) {
      core.at(At.ptiReturn);
      core.serialising(n.ptiCycles);
    }
    core.at(At.toUser);
    core.microcoded(n.swapgsCycles);
  }
  core.at(At.iret);
  core.free(1);
  core.serialising(fromUser ? n.iretUserCycles : n.iretKernelCycles);
  core.sp += 8 + 40;
}

/** irq_exit: no softirq here; those that handlers raise are charged to what runs in them. */
function softirqs(core: Core, pcpu: number): void {
  const tCount = core.load32(pcpu + PERCPU.preemptCount, NOW);
  core.branch(false, tCount);
}
