/**
 * Kernel code beside the interrupt path that is one number each. No measurement of any of them was found, so
 * all are `guessed`, and whatever contains one says so; a what-if or a sensitivity run sweeps them.
 */
import { guessed, type ParamNumbers, type ParamSpecs, type ParamValues } from '../model/params.ts';

const cycles = (what: string) => ({ unit: 'cycles', min: 0, max: 1_000_000, what });

/** The lumps, in the order in which they are printed. */
export const LUMPS = {
  filterCycles: cycles('the work of a filter besides counting, each time it runs'),
  evtchnHandlerCycles: cycles('evtchn device thread: its locks, the ring and the wake-up of the reader'),
  ithreadScheduleCycles: cycles('putting an ithread on a run queue, besides its lock'),
  ithreadSwitchCycles: cycles('from the end of the upcall to the first instruction of the ithread'),
  ithreadWaitCycles: cycles('from the end of the ithread to the code it interrupted'),
  ithreadHandlerCycles: cycles('the work of a threaded handler, each time it runs'),
  userUnmaskCycles: cycles('write(2) of one port to the evtchn device, besides the hypercall'),
  mallocCycles: cycles('one malloc with zeroing'),
  freeCycles: cycles('one free'),
  formatCycles: cycles('one formatted print of an interrupt name'),
  threadCreateCycles: cycles('creation of an ithread'),
  threadSleepCycles: cycles('msleep and wakeup of a thread, the switches to and from the ithread apart'),
  linuxEntryCycles: cycles(
    'Linux: irqentry_enter to irqentry_exit besides the frame: RCU, accounting, irq time',
  ),
  linuxRandomnessCycles: cycles('Linux: add_interrupt_randomness, each time handlers ran'),
  linuxWakeCycles: cycles('Linux: napi_schedule or wake_up_process by a handler'),
  linuxLateCycles: cycles(
    'Linux: from the end of the upcall to the softirq or thread that ends a lateeoi event',
  ),
  linuxIrqAllocCycles: cycles('Linux: an interrupt number with its descriptor, sysfs and per-CPU counts'),
  linuxIrqFreeCycles: cycles('Linux: giving them back, the RCU work that frees them included'),
  linuxRequestIrqCycles: cycles('Linux: request_irq besides enabling the channel: /proc entries'),
  linuxFreeIrqCycles: cycles('Linux: free_irq besides masking and waiting: /proc entries'),
} as const satisfies ParamSpecs;

/** The numbers of the lumps. */
export type Lumps = ParamNumbers<typeof LUMPS>;

const JUDGED = 'by judgement, no measurement found';

/** Default values with their spread. */
export const LUMP_VALUES: ParamValues<typeof LUMPS> = {
  filterCycles: guessed(
    0,
    'drivers differ too much: only the dispatch is priced unless this is set',
    0,
    100_000,
  ),
  evtchnHandlerCycles: guessed(400, JUDGED, 200, 1500),
  ithreadScheduleCycles: guessed(500, JUDGED, 200, 1500),
  ithreadSwitchCycles: guessed(4000, 'fact sheet on x86 costs 3e, from memory or by judgement', 2000, 8000),
  ithreadWaitCycles: guessed(900, 'fact sheet on x86 costs 3e: mi_switch and cpu_switch alone', 500, 2000),
  ithreadHandlerCycles: guessed(
    0,
    'drivers differ too much: only the hand-off is priced unless this is set',
    0,
    1e6,
  ),
  userUnmaskCycles: guessed(1000, `${JUDGED}; a minimal system call is 505 on Zen 5 under Linux`, 500, 3000),
  mallocCycles: guessed(200, JUDGED, 60, 600),
  freeCycles: guessed(150, JUDGED, 50, 500),
  formatCycles: guessed(400, JUDGED, 200, 1000),
  threadCreateCycles: guessed(20_000, JUDGED, 8000, 60_000),
  threadSleepCycles: guessed(1000, JUDGED, 400, 3000),
  linuxEntryCycles: guessed(120, JUDGED, 40, 500),
  linuxRandomnessCycles: guessed(60, JUDGED, 20, 200),
  linuxWakeCycles: guessed(300, JUDGED, 80, 1500),
  linuxLateCycles: guessed(
    1000,
    `${JUDGED}; low end: softirq on irq_exit, high end: a kernel thread`,
    150,
    8000,
  ),
  linuxIrqAllocCycles: guessed(8000, JUDGED, 2000, 30_000),
  linuxIrqFreeCycles: guessed(4000, JUDGED, 1000, 20_000),
  linuxRequestIrqCycles: guessed(5000, JUDGED, 1500, 20_000),
  linuxFreeIrqCycles: guessed(4000, JUDGED, 1000, 20_000),
};

/** Names of the lumps that FreeBSD's kernels charge. */
export const FREEBSD_LUMPS: readonly string[] = Object.keys(LUMPS).filter(
  (name) => !name.startsWith('linux'),
);

/** Names of the lumps that Linux's kernels charge: its own, and those of work that both do. */
export const LINUX_LUMPS: readonly string[] = [
  'filterCycles',
  'evtchnHandlerCycles',
  'ithreadHandlerCycles',
  'userUnmaskCycles',
  'mallocCycles',
  'freeCycles',
  ...Object.keys(LUMPS).filter((name) => name.startsWith('linux')),
];
