/** Names of events and hypercalls, for people. Sources: xen/include/public/trace.h and xen.h of Xen 4.17. */
import { isRunstate } from './events.ts';

/** Names by event id, without the flag of 64-bit variants. */
const EVENTS: ReadonlyMap<number, string> = new Map([
  [0x0001_f001, 'TRC_LOST_RECORDS'],
  [0x0001_f002, 'TRC_TRACE_WRAP_BUFFER'],
  [0x0001_f003, 'TRC_TRACE_CPU_CHANGE'],
  [0x0001_f004, 'TRC_TRACE_IRQ'],
  [0x0002_1002, 'TRC_SCHED_CONTINUE_RUNNING'],
  [0x0002_8001, 'TRC_SCHED_DOM_ADD'],
  [0x0002_8002, 'TRC_SCHED_DOM_REM'],
  [0x0002_8003, 'TRC_SCHED_SLEEP'],
  [0x0002_8004, 'TRC_SCHED_WAKE'],
  [0x0002_8005, 'TRC_SCHED_YIELD'],
  [0x0002_8006, 'TRC_SCHED_BLOCK'],
  [0x0002_8007, 'TRC_SCHED_SHUTDOWN'],
  [0x0002_8008, 'TRC_SCHED_CTL'],
  [0x0002_8009, 'TRC_SCHED_ADJDOM'],
  [0x0002_800a, 'TRC_SCHED_SWITCH'],
  [0x0002_800b, 'TRC_SCHED_S_TIMER_FN'],
  [0x0002_800c, 'TRC_SCHED_T_TIMER_FN'],
  [0x0002_800d, 'TRC_SCHED_DOM_TIMER_FN'],
  [0x0002_800e, 'TRC_SCHED_SWITCH_INFPREV'],
  [0x0002_800f, 'TRC_SCHED_SWITCH_INFNEXT'],
  [0x0002_8010, 'TRC_SCHED_SHUTDOWN_CODE'],
  [0x0002_8011, 'TRC_SCHED_SWITCH_INFCONT'],
  [0x0004_1001, 'TRC_DOM0_DOM_ADD'],
  [0x0004_1002, 'TRC_DOM0_DOM_REM'],
  [0x0008_1001, 'TRC_HVM_VMENTRY'],
  [0x0008_1002, 'TRC_HVM_VMEXIT'],
  [0x0008_1003, 'TRC_HVM_VMEXIT_SVM'],
  [0x0008_2001, 'TRC_HVM_PF_XEN'],
  [0x0008_2002, 'TRC_HVM_PF_INJECT'],
  [0x0008_2003, 'TRC_HVM_INJ_EXC'],
  [0x0008_2004, 'TRC_HVM_INJ_VIRQ'],
  [0x0008_2005, 'TRC_HVM_REINJ_VIRQ'],
  [0x0008_2006, 'TRC_HVM_IO_READ'],
  [0x0008_2007, 'TRC_HVM_IO_WRITE'],
  [0x0008_2008, 'TRC_HVM_CR_READ'],
  [0x0008_2009, 'TRC_HVM_CR_WRITE'],
  [0x0008_200a, 'TRC_HVM_DR_READ'],
  [0x0008_200b, 'TRC_HVM_DR_WRITE'],
  [0x0008_200c, 'TRC_HVM_MSR_READ'],
  [0x0008_200d, 'TRC_HVM_MSR_WRITE'],
  [0x0008_200e, 'TRC_HVM_CPUID'],
  [0x0008_200f, 'TRC_HVM_INTR'],
  [0x0008_2010, 'TRC_HVM_NMI'],
  [0x0008_2011, 'TRC_HVM_SMI'],
  [0x0008_2012, 'TRC_HVM_VMMCALL'],
  [0x0008_2013, 'TRC_HVM_HLT'],
  [0x0008_2014, 'TRC_HVM_INVLPG'],
  [0x0008_2015, 'TRC_HVM_MCE'],
  [0x0008_2016, 'TRC_HVM_IOPORT_READ'],
  [0x0008_2017, 'TRC_HVM_IOMEM_READ'],
  [0x0008_2018, 'TRC_HVM_CLTS'],
  [0x0008_2019, 'TRC_HVM_LMSW'],
  [0x0008_201a, 'TRC_HVM_RDTSC'],
  [0x0008_2020, 'TRC_HVM_INTR_WINDOW'],
  [0x0008_2021, 'TRC_HVM_NPF'],
  [0x0008_2022, 'TRC_HVM_REALMODE_EMULATE'],
  [0x0008_2023, 'TRC_HVM_TRAP'],
  [0x0008_2024, 'TRC_HVM_TRAP_DEBUG'],
  [0x0008_2025, 'TRC_HVM_VLAPIC'],
  [0x0010_f001, 'TRC_MEM_PAGE_GRANT_MAP'],
  [0x0010_f002, 'TRC_MEM_PAGE_GRANT_UNMAP'],
  [0x0010_f003, 'TRC_MEM_PAGE_GRANT_TRANSFER'],
  [0x0010_f004, 'TRC_MEM_SET_P2M_ENTRY'],
  [0x0020_1001, 'TRC_PV_HYPERCALL'],
  [0x0020_1003, 'TRC_PV_TRAP'],
  [0x0020_1004, 'TRC_PV_PAGE_FAULT'],
  [0x0020_1005, 'TRC_PV_FORCED_INVALID_OP'],
  [0x0020_1006, 'TRC_PV_EMULATE_PRIVOP'],
  [0x0020_1007, 'TRC_PV_EMULATE_4GB'],
  [0x0020_1008, 'TRC_PV_MATH_STATE_RESTORE'],
  [0x0020_1009, 'TRC_PV_PAGING_FIXUP'],
  [0x0020_100a, 'TRC_PV_GDT_LDT_MAPPING_FAULT'],
  [0x0020_100b, 'TRC_PV_PTWR_EMULATION'],
  [0x0020_100c, 'TRC_PV_PTWR_EMULATION_PAE'],
  [0x0020_100d, 'TRC_PV_HYPERCALL_V2'],
  [0x0020_200e, 'TRC_PV_HYPERCALL_SUBCALL'],
  [0x0080_1001, 'TRC_PM_FREQ_CHANGE'],
  [0x0080_1002, 'TRC_PM_IDLE_ENTRY'],
  [0x0080_1003, 'TRC_PM_IDLE_EXIT'],
  [0x0080_2001, 'TRC_HW_IRQ_MOVE_CLEANUP_DELAY'],
  [0x0080_2002, 'TRC_HW_IRQ_MOVE_CLEANUP'],
  [0x0080_2003, 'TRC_HW_IRQ_BIND_VECTOR'],
  [0x0080_2004, 'TRC_HW_IRQ_CLEAR_VECTOR'],
  [0x0080_2005, 'TRC_HW_IRQ_MOVE_FINISH'],
  [0x0080_2006, 'TRC_HW_IRQ_ASSIGN_VECTOR'],
  [0x0080_2007, 'TRC_HW_IRQ_UNMAPPED_VECTOR'],
  [0x0080_2008, 'TRC_HW_IRQ_HANDLED'],
]);
/** Flag of the 64-bit variants, in the classes HVM, PV and SHADOW. */
const FLAG_64 = 0x100;
/** Schedulers by number: bits 9 to 11 of an event of subclass CLASS. Source: XEN_SCHEDULER_* of sched-if.h. */
const SCHEDULERS = ['CSCHED', 'CSCHED2', 'SEDF', 'ARINC653', 'RTDS', 'SNULL'];

/** The name of an event; TRC_0x and its id when it has none. */
export function eventName(event: number): string {
  const name = EVENTS.get(event);
  if (name !== undefined) return name;
  if (isRunstate(event)) return 'TRC_SCHED_RUNSTATE_CHANGE';
  if (event >>> 12 === 0x22) {
    return `TRC_${SCHEDULERS[(event >>> 9) & 7] ?? 'SCHED_CLASS'}_${event & 0x1ff}`;
  }
  const narrow = EVENTS.get(event & ~FLAG_64);
  return narrow === undefined ? `TRC_0x${event.toString(16).padStart(8, '0')}` : `${narrow}64`;
}

const HYPERCALLS: readonly string[] = [
  'set_trap_table',
  'mmu_update',
  'set_gdt',
  'stack_switch',
  'set_callbacks',
  'fpu_taskswitch',
  'sched_op_compat',
  'platform_op',
  'set_debugreg',
  'get_debugreg',
  'update_descriptor',
  '',
  'memory_op',
  'multicall',
  'update_va_mapping',
  'set_timer_op',
  'event_channel_op_compat',
  'xen_version',
  'console_io',
  'physdev_op_compat',
  'grant_table_op',
  'vm_assist',
  'update_va_mapping_otherdomain',
  'iret',
  'vcpu_op',
  'set_segment_base',
  'mmuext_op',
  'xsm_op',
  'nmi_op',
  'sched_op',
  'callback_op',
  'xenoprof_op',
  'event_channel_op',
  'physdev_op',
  'hvm_op',
  'sysctl',
  'domctl',
  'kexec_op',
  'tmem_op',
  'argo_op',
  'xenpmu_op',
  'dm_op',
  'hypfs_op',
];

/** A hypercall as name and number. */
export function hypercallName(op: number): string {
  const name = HYPERCALLS[op] ?? (op >= 48 && op < 56 ? `arch_${op - 48}` : '');
  return `${name === '' ? 'hypercall' : name}(${op})`;
}

/** Events of the class PV by minor number, as `trace info` counts them. */
export const PV_EVENT_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'hypercall_v1'],
  [3, 'trap'],
  [4, 'page_fault'],
  [5, 'forced_invalid_op'],
  [6, 'emulate_privop'],
  [7, 'emulate_4gb'],
  [8, 'math_state_restore'],
  [9, 'paging_fixup'],
  [10, 'gdt_ldt_mapping_fault'],
  [11, 'ptwr_emulation'],
  [12, 'ptwr_emulation_pae'],
  [13, 'hypercall'],
  [14, 'hypercall_subcall'],
]);
