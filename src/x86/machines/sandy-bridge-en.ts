/**
 * Intel Sandy Bridge-EN, the Xeon E5-2450 of the published Xen figures. Confidence follows the fact sheet: what its
 * author read is documented, what he remembered is guessed. Nothing was measured on this machine by this project.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { hypervisorCosts, MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Sandy Bridge scheduling model (LLVM 19)';
const UICA = 'uiCA microarchitecture configuration (andreas-abel/uiCA @6ebeeab)';
const INSTLAT = 'InstLatx64 dump 206D7, Sandy Bridge-E';
const LATENCY = 'InstLatx64 memory-latency dumps';
const CPUID = `${INSTLAT}, CPUID`;
const CC = 'Chips and Cheese on Sandy Bridge';
const ISCA = 'Dall et al., ISCA 2016, Table II, from memory';
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';
const EQUAL = 'taken equal to Skylake-SP, by judgement';

/** Execution ports p0..p5 are bits 0..5; loads and store addresses share p2 and p3. */
const P015 = 0b10_0011;
const P05 = 0b10_0001;
const P1 = 0b00_0010;
const P23 = 0b00_1100;
const P4 = 0b01_0000;
const P5 = 0b10_0000;

/** Numbers of the machine, for machines derived from it. */
export const SANDY_BRIDGE_EN_VALUES: MachineValues = {
  clockHz: guessed(
    2_500_000_000,
    'a sustained clock between the 2.1 GHz nominal and 2.9 GHz turbo of the sheet',
    2.1e9,
    2.9e9,
  ),

  fetchWidth: guessed(4, `${MEMORY}: op cache`),
  decodeWidth: documented(4, UICA),
  opCacheUops: documented(1536, CC),
  uopQueueEntries: documented(28, UICA),
  takenBranchHalfCycles: guessed(4, JUDGED, 2),
  callReturnCycles: guessed(4, JUDGED, 2, 6),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, `${JUDGED}: indirect pair 5, less 2 for the return`, 1, 6),
  btbEntries: documented(4096, CC),
  btbMissCycles: guessed(8, EQUAL, 5, 15),
  returnStackEntries: documented(16, CC),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: documented(16, `${LLVM}: 16; range from memory`, 14, 20),
  dispatchWidth: documented(4, UICA),
  retireWidth: documented(4, UICA),
  robEntries: documented(168, UICA),
  registerEntries: guessed(144, `${MEMORY}: 160 physical integer registers, less 16`, 120, 160),
  schedulerEntries: documented(54, `${UICA}: unified`),
  loadQueueEntries: guessed(64, MEMORY),
  storeQueueEntries: guessed(36, MEMORY),
  fillBuffers: guessed(10, MEMORY),

  aluPorts: documented(P015, LLVM),
  shiftPorts: documented(P05, LLVM),
  bitScanPorts: documented(P1, LLVM),
  branchPorts: documented(P5, LLVM),
  loadPorts: documented(P23, LLVM),
  storeAddressPorts: documented(P23, LLVM),
  storeDataPorts: documented(P4, LLVM),

  bitScanCycles: documented(3, INSTLAT),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(22, INSTLAT),
  forwardExactCycles: documented(5, `${CC} and OSACA`, 5, 6),
  forwardWithinCycles: documented(6, CC, 5),
  forwardLockedCycles: guessed(5, EQUAL, 4, 12),
  forwardFailCycles: documented(18, CC, 17, 25),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(25, INSTLAT, 22, 26),
  lockLatencyCycles: guessed(20, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 15, 25),
  lockUops: documented(3, `${LLVM}; the microcode of the lock is left out`, 3, 11),
  lockBitStringUops: documented(6, LLVM, 6, 10),
  xchgUops: documented(3, LLVM),
  cmpxchgUops: documented(6, LLVM, 6, 8),
  xaddUops: documented(5, LLVM),

  lfenceCycles: documented(4, INSTLAT),
  mfenceCycles: documented(33, INSTLAT),
  popfCycles: guessed(20, JUDGED, 18, 30),
  cliCycles: guessed(6, JUDGED, 4, 12),
  swapgsCycles: guessed(28, JUDGED, 20, 50),
  repStos64Cycles: guessed(20, JUDGED, 10, 30),
  repStos256Cycles: guessed(35, JUDGED, 25, 60),
  repStos4096Cycles: guessed(190, MEMORY, 130, 280),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1dWays: documented(8, CPUID),
  l2Sets: documented(512, `${CPUID}: 256 KiB, 8-way`),
  l2Ways: documented(8, CPUID),
  l3Sets: documented(16384, `${CPUID}: 20 MiB, 20-way, all 8 cores`),
  l3Ways: documented(20, CPUID),
  l1Cycles: documented(4, INSTLAT, 4, 5),
  l2Cycles: documented(12, LATENCY),
  l3Cycles: documented(41, `${LATENCY}, at 2.6 to 3.2 GHz`, 38, 45),
  dramNanos: documented(78, `${LATENCY}: 78 on the EP, 75 on the E part`, 75, 90),
  transferNanos: guessed(45, MEMORY, 30, 60),
  remoteDramNanos: guessed(135, MEMORY, 120, 160),
  remoteTransferNanos: documented(150, CC, 142, 232),
  adjacentPrefetch: guessed(1, EQUAL, 0),
  stridePrefetch: guessed(2, EQUAL, 0, 12),
  streamPrefetch: guessed(20, EQUAL, 0, 20),
  l2LineHalfCycles: guessed(4, 'by judgement: 32 bytes a cycle', 2, 5),
  l3LineCycles: guessed(5, EQUAL, 4, 8),
  dramLineCycles: guessed(15, EQUAL, 10, 20),

  dtlbEntries: documented(64, CPUID),
  itlbEntries: documented(64, CPUID),
  stlbEntries: documented(512, CPUID),
  stlbWays: documented(4, CPUID),
  stlbCycles: documented(7, CC),
  walkCycles: guessed(60, JUDGED, 30, 150),

  ptiCycles: documented(0, 'off; this part is vulnerable to Meltdown, and skylake-sp-pti shows the cost'),
  iretKernelCycles: guessed(220, `${JUDGED}; one anchor: 200 or more (D. Vlasenko, LKML 2015)`, 150, 350),
  iretUserCycles: guessed(300, JUDGED, 200, 400),
  ...hypervisorCosts({
    roundTrip: [784, 784, 1000],
    roundTripSource: 'Agesen et al., ATC 2012, from memory',
    hypercall: [1228, 1228, 1300],
    hypercallSource: `${ISCA}, its KVM the upper end`,
    steps: 34,
    apicv: guessed(0, 'fact sheet: APICv from Ivy Bridge-EP on'),
    idleMwait: MWAIT,
    cstateExitNanos: guessed(2000, 'Linux intel_idle table, from memory: C1 2 us, an upper bound', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `sandy-bridge-en`. */
export const SANDY_BRIDGE_EN = defineMachine(
  'sandy-bridge-en',
  'Intel Sandy Bridge-EN (Xeon E5-2450)',
  'unvalidated',
  SANDY_BRIDGE_EN_VALUES,
);
