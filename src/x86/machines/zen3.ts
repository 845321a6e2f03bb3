/**
 * AMD Zen 3 server core ("Milan", EPYC 7003), one 8-core complex; instruction figures are those of the desktop part
 * with the same core. Confidence follows the fact sheet: what its author read is documented, what he remembered is
 * guessed. His own measurements are of Zen 5 and are not used here.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { hypervisorCosts, NO_AVIC, NO_MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Zen 3 scheduling model (LLVM 19)';
const INSTLAT = 'InstLatx64 dump of a Ryzen 5950X';
const LATENCY = 'InstLatx64 memory-latency dumps';
const CPUID = `${INSTLAT}, CPUID`;
const CC = 'Chips and Cheese on Zen 3';
const TRANSFER = 'core-to-core-latency (nviennot, @96a943a)';
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';
const EQUAL = 'taken equal to Zen 5, by judgement';

/** Execution ports: ALU0-3 are bits 0-3, the branch unit bit 4, AGU0-2 bits 6-8, two store-data paths bits 10-11. */
const ALU = 0b1111;
const ALU12 = 0b0110;
const ALU0_BRANCH = 0b1_0001;
const AGU = 0b111 << 6;
const STORE_DATA = 0b11 << 10;

/** Numbers of the machine, for machines derived from it. */
export const ZEN3_VALUES: MachineValues = {
  clockHz: guessed(
    3_200_000_000,
    'a sustained clock between the 2.65 and 3.5 GHz of the sheet',
    2.65e9,
    3.5e9,
  ),

  fetchWidth: guessed(8, `${MEMORY}: op cache`, 6),
  decodeWidth: guessed(4, MEMORY),
  opCacheUops: guessed(4096, MEMORY),
  uopQueueEntries: guessed(72, MEMORY),
  takenBranchHalfCycles: guessed(2, MEMORY),
  callReturnCycles: guessed(4, JUDGED, 2, 8),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, `${JUDGED}: indirect pair 5, less 2 for the return`, 1, 6),
  btbEntries: guessed(6656, `${MEMORY}: levels of 1024, 6656`),
  btbMissCycles: guessed(10, EQUAL, 5, 20),
  returnStackEntries: guessed(32, MEMORY),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: documented(13, `${LLVM}; the optimisation guide says common 13`, 11, 18),
  dispatchWidth: documented(6, LLVM),
  retireWidth: documented(8, LLVM),
  robEntries: documented(256, LLVM),
  registerEntries: guessed(
    152,
    `${MEMORY}: 192 physical integer registers, less about 40 as on Zen 5`,
    136,
    176,
  ),
  schedulerEntries: documented(96, `${LLVM}: 4x24 shared ALU/AGU`),
  loadQueueEntries: documented(72, `${LLVM}; Chips and Cheese saw 116 loads in flight`, 72, 116),
  storeQueueEntries: documented(64, LLVM),
  fillBuffers: guessed(24, MEMORY),

  aluPorts: documented(ALU, `${LLVM}: ALU0-3`),
  shiftPorts: documented(ALU12, `${LLVM}: ALU1 and ALU2`),
  bitScanPorts: documented(ALU12, `${LLVM}: tzcnt on ALU1 and ALU2, imul on ALU1, bsf microcode`),
  branchPorts: documented(ALU0_BRANCH, `${LLVM}: ALU0 and the branch unit`),
  loadPorts: documented(AGU, `${LLVM}: any three accesses a cycle`),
  storeAddressPorts: documented(AGU, `${LLVM}: AGU0-2`),
  storeDataPorts: documented(STORE_DATA, `${LLVM}: at most two stores a cycle`),

  bitScanCycles: documented(3, `${INSTLAT}: bsf 3, tzcnt 2`, 2),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(11, INSTLAT),
  forwardExactCycles: documented(7, `${CC}; InstLatx64 has a chain of add [m],r at 7.8`, 7, 8),
  forwardWithinCycles: documented(8, CC, 7),
  forwardLockedCycles: guessed(8, 'by judgement, between an L1D hit and the 11 measured on Zen 5', 4, 12),
  forwardFailCycles: documented(20, CC, 18, 25),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(8, `${INSTLAT}: 7.6`, 6),
  lockLatencyCycles: guessed(3, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 0, 8),
  lockUops: documented(1, LLVM),
  lockBitStringUops: documented(9, LLVM),
  xchgUops: documented(2, LLVM),
  cmpxchgUops: documented(6, LLVM),
  xaddUops: guessed(4, JUDGED, 1, 5),

  lfenceCycles: documented(10, INSTLAT),
  mfenceCycles: documented(60, INSTLAT),
  popfCycles: guessed(20, JUDGED, 15, 30),
  cliCycles: guessed(8, JUDGED, 3, 20),
  swapgsCycles: guessed(40, JUDGED, 20, 60),
  repStos64Cycles: guessed(20, JUDGED, 10, 35),
  repStos256Cycles: guessed(40, JUDGED, 25, 60),
  repStos4096Cycles: guessed(140, MEMORY, 100, 200),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1dWays: documented(8, CPUID),
  l2Sets: documented(1024, `${CPUID}: 512 KiB, 8-way`),
  l2Ways: documented(8, CPUID),
  l3Sets: documented(32768, `${CPUID}: 32 MiB, 16-way, a complex`),
  l3Ways: documented(16, CPUID),
  l1Cycles: documented(4, INSTLAT, 4, 5),
  l2Cycles: documented(12, LATENCY),
  l3Cycles: documented(47, `${CC}: 47; InstLatx64 says 51 on the desktop part`, 46, 51),
  dramNanos: documented(112, `${CC}: 112 (7763), 96.6 (7V73X)`, 96, 120),
  transferNanos: documented(23, `${TRANSFER}: 23 on Milan, 17 on a 5950X`, 17, 27),
  remoteDramNanos: guessed(200, MEMORY, 180, 220),
  remoteTransferNanos: documented(197, TRANSFER),
  adjacentPrefetch: guessed(0, EQUAL, 0, 1),
  stridePrefetch: guessed(12, EQUAL, 0, 13),
  streamPrefetch: guessed(34, EQUAL, 0, 36),
  l2LineHalfCycles: guessed(4, 'by judgement: 32 bytes a cycle', 2, 5),
  l3LineCycles: guessed(3, EQUAL, 2, 4),
  dramLineCycles: guessed(8, EQUAL, 7, 15),

  dtlbEntries: documented(64, CPUID),
  itlbEntries: documented(64, CPUID),
  stlbEntries: documented(2048, CPUID),
  stlbWays: guessed(16, 'from memory, not in the fact sheet', 8),
  stlbCycles: guessed(7, MEMORY, 7, 8),
  walkCycles: guessed(70, JUDGED, 30, 200),

  ptiCycles: guessed(0, `${MEMORY}: not vulnerable to Meltdown`),
  iretKernelCycles: guessed(150, JUDGED, 80, 280),
  iretUserCycles: guessed(230, JUDGED, 120, 380),
  ...hypervisorCosts({
    roundTrip: [850, 600, 1300],
    roundTripSource: JUDGED,
    hypercall: [1400, 1000, 2000],
    hypercallSource: JUDGED,
    steps: 32,
    apicv: NO_AVIC,
    idleMwait: NO_MWAIT,
    cstateExitNanos: guessed(1000, 'fact sheet, from memory: C1 1 us', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `zen3`. */
export const ZEN3 = defineMachine('zen3', 'AMD Zen 3, EPYC 7003 (Milan)', 'unvalidated', ZEN3_VALUES);
