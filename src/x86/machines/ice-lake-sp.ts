/**
 * Intel Ice Lake-SP. Confidence follows the fact sheet: what its author read is documented, what he remembered is
 * guessed. Nothing was measured on this machine by this project.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { APICV, hypervisorCosts, MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Ice Lake scheduling model (LLVM 19)';
const UICA = 'uiCA microarchitecture configuration (andreas-abel/uiCA @6ebeeab)';
const INSTLAT = 'InstLatx64 dump of a Xeon Gold 6330';
const CPUID = `${INSTLAT}, CPUID`;
const CC = 'Chips and Cheese on Sunny Cove';
const TRANSFER = 'core-to-core-latency (nviennot, @96a943a)';
const DERIVED = 'fact sheet, derived from its other rows';
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';
const EQUAL = 'taken equal to Skylake-SP, by judgement';

/** Execution ports p0..p9 are bits 0..9. */
const P0156 = 0b00_0110_0011;
const P06 = 0b00_0100_0001;
const P1 = 0b00_0000_0010;
const P23 = 0b00_0000_1100;
const P49 = 0b10_0001_0000;
const P78 = 0b01_1000_0000;

/** Numbers of the machine, for machines derived from it. */
export const ICE_LAKE_SP_VALUES: MachineValues = {
  clockHz: guessed(3_100_000_000, 'a sustained clock between the 2.9 and 3.5 GHz of the sheet', 2.9e9, 3.5e9),

  fetchWidth: guessed(6, `${MEMORY}: op cache`),
  decodeWidth: guessed(5, MEMORY, 4),
  opCacheUops: documented(2304, CC, 2250),
  uopQueueEntries: documented(70, UICA),
  takenBranchHalfCycles: guessed(2, JUDGED, 2, 4),
  callReturnCycles: guessed(4, JUDGED, 2, 6),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, `${JUDGED}: indirect pair 5, less 2 for the return`, 1, 6),
  btbEntries: guessed(5120, MEMORY),
  btbMissCycles: guessed(8, EQUAL, 5, 15),
  returnStackEntries: guessed(22, `${MEMORY}; jia.je CPU notes`),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: guessed(17, `${LLVM}: 14; value and range from memory`, 14, 21),
  dispatchWidth: documented(5, UICA),
  retireWidth: documented(8, UICA, 5),
  robEntries: documented(352, UICA),
  registerEntries: guessed(264, `${MEMORY}: 280 physical integer registers, less 16`, 240, 280),
  schedulerEntries: documented(160, UICA),
  loadQueueEntries: guessed(128, MEMORY),
  storeQueueEntries: guessed(72, MEMORY),
  fillBuffers: guessed(12, MEMORY),

  aluPorts: documented(P0156, LLVM),
  shiftPorts: documented(P06, LLVM),
  bitScanPorts: documented(P1, LLVM),
  branchPorts: documented(P06, `${LLVM}; taken only on p6, which is left out`),
  loadPorts: documented(P23, LLVM),
  storeAddressPorts: documented(P78, LLVM),
  storeDataPorts: documented(P49, LLVM),

  bitScanCycles: documented(3, INSTLAT),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(18, INSTLAT),
  forwardExactCycles: documented(5, `${CC}; InstLatx64 has a chain of add [m],r at 7.5`, 5, 7),
  forwardWithinCycles: guessed(5, MEMORY, 5, 6),
  forwardLockedCycles: guessed(5, EQUAL, 4, 12),
  forwardFailCycles: guessed(14, MEMORY, 13, 18),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(20, INSTLAT, 18),
  lockLatencyCycles: guessed(15, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 10, 20),
  lockUops: documented(3, `${LLVM}; the microcode of the lock is left out`, 3, 11),
  lockBitStringUops: documented(10, `${LLVM}: 3, plus address micro-ops`, 3),
  xchgUops: documented(8, LLVM),
  cmpxchgUops: documented(6, LLVM, 6, 10),
  xaddUops: documented(5, LLVM),

  lfenceCycles: documented(5, INSTLAT),
  mfenceCycles: documented(36, INSTLAT),
  popfCycles: guessed(20, JUDGED, 18, 30),
  cliCycles: guessed(6, JUDGED, 4, 12),
  swapgsCycles: guessed(28, JUDGED, 20, 50),
  repStos64Cycles: guessed(30, JUDGED, 15, 40),
  repStos256Cycles: guessed(40, JUDGED, 25, 60),
  repStos4096Cycles: guessed(130, MEMORY, 90, 200),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 48 KiB, 12-way`),
  l1dWays: documented(12, CPUID),
  l2Sets: documented(1024, `${CPUID}: 1280 KiB, 20-way`),
  l2Ways: documented(20, CPUID),
  l3Sets: documented(32768, `${CPUID}: 42 MiB of 28 slices`, 16384, 65536),
  l3Ways: documented(21, `${CPUID}: 12-way slices; 21 makes 42 MiB with a power of two of sets`, 12, 21),
  l1Cycles: documented(5, INSTLAT),
  l2Cycles: documented(14, CC),
  l3Cycles: documented(70, `${DERIVED}: 25 ns (Chips and Cheese)`, 60, 90),
  dramNanos: guessed(90, MEMORY, 80, 105),
  transferNanos: documented(51, TRANSFER, 45, 65),
  remoteDramNanos: guessed(150, MEMORY, 135, 175),
  remoteTransferNanos: documented(108, TRANSFER, 105, 140),
  adjacentPrefetch: guessed(1, EQUAL, 0),
  stridePrefetch: guessed(2, EQUAL, 0, 12),
  streamPrefetch: guessed(20, EQUAL, 0, 20),
  l2LineHalfCycles: guessed(4, 'by judgement: 32 bytes a cycle', 2, 5),
  l3LineCycles: guessed(5, EQUAL, 4, 8),
  dramLineCycles: guessed(15, EQUAL, 10, 20),

  dtlbEntries: documented(64, `${CPUID}: loads`),
  itlbEntries: documented(128, CPUID),
  stlbEntries: documented(2048, `${CPUID}: 2x1024`),
  stlbWays: documented(16, `${CPUID}: two of 8 ways, looked up together`, 8),
  stlbCycles: guessed(7, MEMORY),
  walkCycles: guessed(60, JUDGED, 30, 150),

  ptiCycles: guessed(0, `${MEMORY}: not vulnerable to Meltdown`),
  iretKernelCycles: guessed(210, `${JUDGED}; one anchor: 200 or more (D. Vlasenko, LKML 2015)`, 140, 320),
  iretUserCycles: guessed(290, JUDGED, 200, 400),
  ...hypervisorCosts({
    roundTrip: [600, 420, 900],
    roundTripSource: JUDGED,
    hypercall: [1200, 900, 1700],
    hypercallSource: JUDGED,
    steps: 43,
    apicv: APICV,
    idleMwait: MWAIT,
    cstateExitNanos: guessed(1000, 'Xen mwait-idle table: C1 1 us, an upper bound', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `ice-lake-sp`. */
export const ICE_LAKE_SP = defineMachine(
  'ice-lake-sp',
  'Intel Ice Lake-SP',
  'unvalidated',
  ICE_LAKE_SP_VALUES,
);
