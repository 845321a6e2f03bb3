/**
 * What a machine is: every number the core, the caches and the transitions use, declared once.
 *
 * A machine file (machines/*.ts) gives each of them a value with source, spread and confidence; nothing else
 * in `src/x86` contains a timing number. Costs in nanoseconds do not scale with the core clock and are turned
 * into cycles at the clock of the machine, rounding down.
 */
import {
  checkParams,
  numbersOf,
  type ParamNumbers,
  type ParamSpecs,
  type ParamValues,
} from '../model/params.ts';
import { cyclesOfNanos } from '../model/units.ts';

const cycles = (what: string, max = 100_000) => ({ unit: 'cycles', min: 0, max, what });
const nanos = (what: string) => ({ unit: 'ns', min: 0, max: 1_000_000, what });
const entries = (what: string, max = 8192) => ({ unit: 'entries', min: 1, max, what });
const perCycle = (what: string) => ({ unit: 'uops/cycle', min: 1, max: 16, what });
const ports = (what: string) => ({ unit: 'port set', min: 1, max: 0xffff, what });
const flag = (what: string) => ({ unit: '0 or 1', min: 0, max: 1, what });
const count = (what: string, max: number) => ({ unit: 'count', min: 0, max, what });
const uops = (what: string) => ({ unit: 'uops', min: 1, max: 200, what });

/** The parameters of a machine, in the order in which they are printed. */
export const MACHINE = {
  clockHz: { unit: 'Hz', min: 1e8, max: 1e10, what: 'core clock; turns ns into cycles' },

  fetchWidth: perCycle('micro-ops the op cache delivers in a cycle'),
  decodeWidth: perCycle('instructions the legacy decoders deliver in a cycle'),
  opCacheUops: entries('micro-ops the op cache holds', 16384),
  uopQueueEntries: entries('micro-ops between the front end and dispatch', 256),
  takenBranchHalfCycles: { unit: 'half cycles', min: 0, max: 16, what: 'front-end time of a taken branch' },
  callReturnCycles: cycles('front-end cycles of a call and its return back to back', 20),
  returnCheckCycles: cycles('from the popped address to the resolution of a return', 20),
  indirectBranchCycles: cycles('front-end cycles of a rightly predicted indirect call', 20),
  btbEntries: entries('branch targets the front end knows', 65536),
  btbMissCycles: cycles('refill after a direct branch whose target the front end did not know', 40),
  returnStackEntries: entries('return addresses the front end predicts', 128),
  retpolineCycles: cycles('added to an indirect call by a retpoline; 0 when none is compiled in', 200),
  mispredictCycles: cycles('from the execution of a wrongly predicted branch to the next dispatch', 100),
  dispatchWidth: perCycle('micro-ops renamed and dispatched in a cycle'),
  retireWidth: perCycle('micro-ops retired in a cycle'),
  robEntries: entries('micro-ops between dispatch and retirement', 1024),
  registerEntries: entries(
    'results and flags in flight: physical registers beyond the architectural ones',
    1024,
  ),
  schedulerEntries: entries('micro-ops waiting to be issued', 512),
  loadQueueEntries: entries('loads between dispatch and retirement', 512),
  storeQueueEntries: entries('stores between dispatch and their drain to L1D', 256),
  fillBuffers: entries('L1D lines in flight', 128),

  aluPorts: ports('ports for add, and, cmp, mov and the like'),
  shiftPorts: ports('ports for shifts and bit tests'),
  bitScanPorts: ports('ports for bsf, tzcnt and imul'),
  branchPorts: ports('ports for branches'),
  loadPorts: ports('ports for loads'),
  storeAddressPorts: ports('ports for store addresses'),
  storeDataPorts: ports('ports for store data'),

  bitScanCycles: cycles('latency of bsf and tzcnt', 10),
  imulCycles: cycles('latency of imul', 20),
  divCycles: cycles('latency of a 64-bit div with a small quotient', 200),
  forwardExactCycles: cycles('from store data to a load of the same bytes', 50),
  forwardWithinCycles: cycles('from store data to a load of some of the bytes', 50),
  forwardLockedCycles: cycles('added to a locked operation a load overlaps only in part', 50),
  forwardFailCycles: cycles('from the drain of a store a load overlaps only in part to the load', 100),

  storeAddressCycles: cycles('from the issue of a store, its address known, to its retirement', 50),
  storeDrainCycles: cycles('from the retirement of a store to L1D when nothing holds it up', 50),
  lockCycles: cycles('a locked read-modify-write on a line held in L1D, back to back', 200),
  lockLatencyCycles: cycles('from the start of a locked read-modify-write to its result and retirement', 200),
  lockUops: uops('micro-ops of lock add, and, or'),
  lockBitStringUops: uops('micro-ops of lock bts/btr/btc with a register offset'),
  xchgUops: uops('micro-ops of xchg with memory'),
  cmpxchgUops: uops('micro-ops of lock cmpxchg'),
  xaddUops: uops('micro-ops of lock xadd'),

  lfenceCycles: cycles('lfence with nothing outstanding', 200),
  mfenceCycles: cycles('mfence with nothing outstanding', 500),
  popfCycles: cycles('a pushfq and popfq pair', 500),
  cliCycles: cycles('cli', 100),
  swapgsCycles: cycles('swapgs', 200),
  repStos64Cycles: cycles('rep stosq of 64 bytes', 1000),
  repStos256Cycles: cycles('rep stosq of 256 bytes', 1000),
  repStos4096Cycles: cycles('rep stosq of 4 KiB in L1/L2', 5000),

  l1iSets: entries('sets of the L1 instruction cache'),
  l1iWays: entries('ways of the L1 instruction cache', 32),
  l1dSets: entries('sets of the L1 data cache'),
  l1dWays: entries('ways of the L1 data cache', 32),
  l2Sets: entries('sets of the L2 cache'),
  l2Ways: entries('ways of the L2 cache', 32),
  l3Sets: entries('sets of an L3 domain', 1 << 20),
  l3Ways: entries('ways of an L3 domain', 32),
  l1Cycles: cycles('load to use, L1D hit', 20),
  l2Cycles: cycles('load to use, L2 hit', 100),
  l3Cycles: cycles('load to use, L3 hit', 500),
  dramNanos: nanos('load to use, local DRAM'),
  transferNanos: nanos('one line from another core of the same L3 domain, one way'),
  remoteDramNanos: nanos('load to use, DRAM of the other socket'),
  remoteTransferNanos: nanos('one line from a core of the other socket, one way'),
  adjacentPrefetch: flag('whether a miss of one line of a 128-byte pair fetches the other into L2'),
  stridePrefetch: count('strides by which the loads of an instruction are fetched ahead into L1D', 64),
  streamPrefetch: count('lines by which loads of consecutive lines are fetched ahead', 64),
  l2LineHalfCycles: {
    unit: 'half cycles',
    min: 0,
    max: 64,
    what: 'from one line to the next of those L1D reads from L2',
  },
  l3LineCycles: cycles('from one line to the next of those a core reads from L3', 100),
  dramLineCycles: cycles('from one line to the next of those a core reads from memory', 200),

  dtlbEntries: entries('entries of the L1 data TLB, at most 16 ways here'),
  itlbEntries: entries('entries of the L1 instruction TLB, at most 16 ways here'),
  stlbEntries: entries('entries of the second-level TLB'),
  stlbWays: entries('ways of the second-level TLB', 32),
  stlbCycles: cycles('added by an L1 TLB miss that the second level serves', 50),
  walkCycles: cycles('added by a page walk under nested paging whose tables are in the caches', 500),

  ptiCycles: cycles('page-table switch on entry from and return to user mode, each; 0 without PTI', 2000),
  iretKernelCycles: cycles('iretq to kernel mode', 2000),
  iretUserCycles: cycles('iretq to user mode', 2000),
  safeReturnCycles: cycles('added to a return by SRSO safe-ret, which makes it mispredict; 0 without', 200),

  apicv: flag('whether Xen uses APICv and posted interrupts'),
  idleMwait: flag('whether the idle loop waits with MWAIT, so that a store ends it'),
  vmExitCycles: cycles('VM exit, the hardware alone'),
  vmEntryCycles: cycles('VM entry, the hardware alone'),
  exitSoftwareCycles: cycles('what Xen does at each exit and entry that is not modelled step by step'),
  exitDataLines: count('data lines that Xen code not modelled displaces at an exit', 512),
  exitCodeLines: count('lines of code that Xen code not modelled displaces at an exit', 512),
  specCtrlCycles: cycles('write of SPEC_CTRL at each VM exit and each VM entry; 0 without IBRS', 2000),
  rsbFillCycles: cycles('refill of the return stack at a VM exit, which forgets it; 0 without', 500),
  bhbClearCycles: cycles('clear of the branch history at a VM exit, which forgets it; 0 without', 2000),
  verwCycles: cycles('VERW at a VM entry; 0 without the MDS mitigation', 2000),
  ibpbCycles: cycles('IBPB when another vCPU is switched to, which forgets the predictors; 0 without'),
  apicEmulationCycles: cycles('emulation of an access to the local APIC, on top of its exit'),
  guestCopyCycles: cycles('copy of the argument of a hypercall from the memory of the guest'),
  remoteSendCycles: cycles('pending bit and marking in another domain, whose pages are not modelled'),
  evtchnOpCycles: cycles('another EVTCHNOP inside Xen that is not modelled step by step'),
  evtchnBucketCycles: cycles('allocation of 64 channels, a zeroed page, inside Xen'),
  hostInterruptCycles: cycles('acknowledgement and dispatch of a physical interrupt inside Xen'),
  timerSoftirqCycles: cycles('timer softirq: the heap of timers, the next deadline'),
  eventInjectionCycles: cycles('IDT delivery by the VM entry that injects an event, on top of the entry'),
  postedInterruptCycles: cycles('from the notification of a posted interrupt to the handler, in guest mode'),
  virtualEoiCycles: cycles('end of interrupt that APICv virtualises', 500),
  ipiSendCycles: cycles('write of the ICR, x2APIC', 1000),
  ipiFlightNanos: nanos('APIC message from ICR write to the target core, same socket'),
  cstateExitNanos: nanos(
    'from the interrupt or store that ends the C-state of the idle loop to its next instruction',
  ),
  scheduleCycles: cycles('schedule(): run queue, runstates, timers, and the lazy switch to or from idle'),
  contextSwitchCycles: cycles('save and load of the whole state of a vCPU, on top of schedule()'),
} as const satisfies ParamSpecs;

/** Sourced values for every machine parameter. */
export type MachineValues = ParamValues<typeof MACHINE>;

/** The numbers of a machine as the model uses them, with the times already in cycles. */
export interface Machine {
  readonly name: string;
  readonly title: string;
  /** Whether cycles of this machine were ever compared with silicon, and where that is written. */
  readonly validation: string;
  readonly values: MachineValues;
  readonly n: ParamNumbers<typeof MACHINE>;
  readonly dramCycles: number;
  readonly transferCycles: number;
  readonly remoteDramCycles: number;
  readonly remoteTransferCycles: number;
  readonly ipiFlightCycles: number;
  readonly cstateExitCycles: number;
}

/**
 * Checks a machine's numbers against the declaration and resolves them once; a fault is a ModelBug.
 *
 * @param name the name used on the command line
 * @param title maker, core and model in words
 * @param validation "unvalidated" or the page that states the error
 */
export function defineMachine(
  name: string,
  title: string,
  validation: string,
  values: MachineValues,
): Machine {
  checkParams(`machine ${name}`, MACHINE, values);
  const n = numbersOf<typeof MACHINE>(values);
  const inCycles = (ns: number) => cyclesOfNanos(ns, n.clockHz);
  return {
    name,
    title,
    validation,
    values,
    n,
    dramCycles: inCycles(n.dramNanos),
    transferCycles: inCycles(n.transferNanos),
    remoteDramCycles: inCycles(n.remoteDramNanos),
    remoteTransferCycles: inCycles(n.remoteTransferNanos),
    ipiFlightCycles: inCycles(n.ipiFlightNanos),
    cstateExitCycles: inCycles(n.cstateExitNanos),
  };
}
