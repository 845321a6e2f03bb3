/**
 * Intel Sapphire Rapids; instruction figures are those of the Alder Lake P-core, the same core design. Confidence
 * follows the fact sheet: what its author read is documented, what he remembered is guessed. Nothing was measured.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { APICV, hypervisorCosts, MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Sapphire Rapids scheduling model (LLVM 19)';
const INSTLAT = 'InstLatx64 dump of a Core 12900K P-core, the same core design';
const CPUID = `${INSTLAT}, CPUID`;
const CC = 'Chips and Cheese on Golden Cove and Sapphire Rapids';
const UOPS = 'uops.info, Alder Lake P-core';
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';
const EQUAL = 'taken equal to Skylake-SP, by judgement';

/** Execution ports p0..p11 are bits 0..11. */
const P0156A = 0b0100_0110_0011;
const P06 = 0b0000_0100_0001;
const P1 = 0b0000_0000_0010;
const P23B = 0b1000_0000_1100;
const P49 = 0b0010_0001_0000;
const P78 = 0b0001_1000_0000;

/** Numbers of the machine, for machines derived from it. */
export const SAPPHIRE_RAPIDS_VALUES: MachineValues = {
  clockHz: guessed(
    3_000_000_000,
    'a sustained clock between the 2.9 and 3.8 GHz of the sheet, whose L3 cycles are at 3.0 GHz',
    2.9e9,
    3.8e9,
  ),

  fetchWidth: guessed(8, `${MEMORY}: op cache`),
  decodeWidth: documented(6, CC),
  opCacheUops: documented(4096, CC),
  uopQueueEntries: guessed(144, MEMORY, 72),
  takenBranchHalfCycles: guessed(2, MEMORY),
  callReturnCycles: guessed(4, JUDGED, 2, 6),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, `${JUDGED}: indirect pair 5, less 2 for the return`, 1, 6),
  btbEntries: guessed(12288, `${MEMORY}; levels of 128, 6144, 12288 (jia.je CPU notes)`),
  btbMissCycles: guessed(10, 'taken equal to Zen 5, by judgement', 5, 20),
  returnStackEntries: guessed(20, `${MEMORY}; jia.je CPU notes`, 16, 24),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: guessed(17, `${LLVM}: 14; value and range from memory`, 14, 24),
  dispatchWidth: documented(6, LLVM),
  retireWidth: guessed(8, MEMORY),
  robEntries: documented(512, LLVM),
  registerEntries: guessed(264, `${MEMORY}: 280 physical integer registers, less 16`, 240, 280),
  schedulerEntries: documented(232, `${LLVM}: 112 exec + 72 load + 48 store`, 205),
  loadQueueEntries: documented(192, CC),
  storeQueueEntries: documented(112, CC, 112, 114),
  fillBuffers: guessed(16, MEMORY),

  aluPorts: documented(P0156A, LLVM),
  shiftPorts: documented(P06, `${LLVM}; bit tests on p1`),
  bitScanPorts: documented(P1, LLVM),
  branchPorts: documented(P06, `${LLVM}; taken only on p6, which is left out`),
  loadPorts: documented(P23B, LLVM),
  storeAddressPorts: documented(P78, LLVM),
  storeDataPorts: documented(P49, LLVM),

  bitScanCycles: documented(3, INSTLAT),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(18, LLVM, 10),
  forwardExactCycles: documented(
    5,
    `${CC}: 0 when an exact match is predicted; InstLatx64 has a chain of add [m],r at 7.3`,
    0,
    7,
  ),
  forwardWithinCycles: documented(5, CC),
  forwardLockedCycles: guessed(5, EQUAL, 4, 12),
  forwardFailCycles: documented(20, CC, 19),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(18, INSTLAT, 17, 20),
  lockLatencyCycles: guessed(13, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 8, 18),
  lockUops: documented(4, `${LLVM}; the microcode of the lock is left out`, 4, 12),
  lockBitStringUops: documented(10, LLVM),
  xchgUops: documented(9, LLVM),
  cmpxchgUops: documented(8, UOPS, 6, 10),
  xaddUops: documented(5, LLVM),

  lfenceCycles: documented(12, INSTLAT),
  mfenceCycles: documented(38, INSTLAT),
  popfCycles: guessed(20, JUDGED, 18, 30),
  cliCycles: guessed(6, JUDGED, 4, 12),
  swapgsCycles: guessed(30, JUDGED, 20, 60),
  repStos64Cycles: guessed(30, JUDGED, 15, 40),
  repStos256Cycles: guessed(40, JUDGED, 25, 60),
  repStos4096Cycles: guessed(120, MEMORY, 80, 180),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 48 KiB, 12-way`),
  l1dWays: documented(12, CPUID),
  l2Sets: documented(2048, `${CC}: 2 MiB, 16-way`),
  l2Ways: documented(16, CC),
  l3Sets: guessed(131072, `${MEMORY}: 105 MiB, 56 slices of 1.875 MiB`, 32768, 131072),
  l3Ways: guessed(13, `${MEMORY}: 15-way slices; 13 makes 104 MiB with a power of two of sets`, 13, 15),
  l1Cycles: documented(5, INSTLAT),
  l2Cycles: documented(16, CC, 15),
  l3Cycles: documented(100, `${CC}: 125 at 3.8 GHz, 88 at 3.0 GHz; 33 ns at 3.0 GHz`, 88, 125),
  dramNanos: documented(107, CC, 100, 120),
  transferNanos: documented(59, `${CC}: average 59, worst 81`, 55, 81),
  remoteDramNanos: guessed(175, MEMORY, 150, 210),
  remoteTransferNanos: documented(138, CC),
  adjacentPrefetch: guessed(1, EQUAL, 0),
  stridePrefetch: guessed(2, EQUAL, 0, 12),
  streamPrefetch: guessed(20, EQUAL, 0, 20),
  l2LineHalfCycles: guessed(4, 'by judgement: 32 bytes a cycle', 2, 5),
  l3LineCycles: guessed(5, EQUAL, 4, 8),
  dramLineCycles: guessed(15, EQUAL, 10, 20),

  dtlbEntries: documented(96, `${CPUID}: loads`),
  itlbEntries: documented(256, CPUID),
  stlbEntries: documented(2048, `${CPUID}: 2x1024`),
  stlbWays: documented(16, `${CPUID}: two of 8 ways, looked up together`, 8),
  stlbCycles: documented(7, CC),
  walkCycles: guessed(60, JUDGED, 30, 150),

  ptiCycles: guessed(0, `${MEMORY}: not vulnerable to Meltdown`),
  iretKernelCycles: guessed(210, `${JUDGED}; one anchor: 200 or more (D. Vlasenko, LKML 2015)`, 140, 320),
  iretUserCycles: guessed(290, JUDGED, 200, 400),
  ...hypervisorCosts({
    roundTrip: [700, 450, 1100],
    roundTripSource: JUDGED,
    hypercall: [1300, 900, 2000],
    hypercallSource: JUDGED,
    steps: 41,
    apicv: APICV,
    idleMwait: MWAIT,
    cstateExitNanos: guessed(1000, 'Xen mwait-idle table: C1 1 us, an upper bound', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `sapphire-rapids`. */
export const SAPPHIRE_RAPIDS = defineMachine(
  'sapphire-rapids',
  'Intel Sapphire Rapids',
  'unvalidated',
  SAPPHIRE_RAPIDS_VALUES,
);
