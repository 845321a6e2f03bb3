/**
 * AMD Zen 4 server core ("Genoa", EPYC 9004), one 8-core complex. Confidence follows the fact sheet: what its author
 * read is documented, what he remembered is guessed. His own measurements are of Zen 5 and are not used here.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { hypervisorCosts, NO_AVIC, NO_MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Zen 4 scheduling model (LLVM 19)';
const INSTLAT = 'InstLatx64 dump of an EPYC Genoa';
const LATENCY = 'InstLatx64 memory-latency dumps';
const CC = 'Chips and Cheese on Zen 4';
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
export const ZEN4_VALUES: MachineValues = {
  clockHz: guessed(3_400_000_000, 'a sustained clock between the 2.7 and 3.7 GHz of the sheet', 2.7e9, 3.7e9),

  fetchWidth: guessed(9, `${MEMORY}: op cache`, 8),
  decodeWidth: guessed(4, MEMORY),
  opCacheUops: documented(6750, LLVM, 6750, 6912),
  uopQueueEntries: guessed(72, MEMORY),
  takenBranchHalfCycles: guessed(2, MEMORY),
  callReturnCycles: guessed(4, JUDGED, 2, 8),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, `${JUDGED}: indirect pair 5, less 2 for the return`, 1, 6),
  btbEntries: guessed(7168, `${MEMORY}: levels of 1536, 7168`),
  btbMissCycles: guessed(10, EQUAL, 5, 20),
  returnStackEntries: guessed(32, MEMORY),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: documented(13, `${LLVM}; the optimisation guide says common 13`, 11, 18),
  dispatchWidth: documented(6, LLVM),
  retireWidth: documented(8, LLVM, 8, 9),
  robEntries: documented(320, LLVM),
  registerEntries: guessed(
    184,
    `${MEMORY}: 224 physical integer registers, less about 40 as on Zen 5`,
    168,
    208,
  ),
  schedulerEntries: documented(96, LLVM),
  loadQueueEntries: guessed(88, `${MEMORY}: LLVM says 72, Chips and Cheese saw 136 in flight`, 72, 136),
  storeQueueEntries: documented(64, LLVM),
  fillBuffers: guessed(24, MEMORY),

  aluPorts: documented(ALU, `${LLVM}: ALU0-3`),
  shiftPorts: documented(ALU12, `${LLVM}: ALU1 and ALU2`),
  bitScanPorts: documented(
    ALU,
    `${INSTLAT}: four bsf or tzcnt a cycle; imul on ALU1 only, which is left out`,
  ),
  branchPorts: documented(ALU0_BRANCH, `${LLVM}: ALU0 and the branch unit`),
  loadPorts: documented(AGU, `${LLVM}: any three accesses a cycle`),
  storeAddressPorts: documented(AGU, `${LLVM}: AGU0-2`),
  storeDataPorts: documented(STORE_DATA, `${LLVM}: at most two stores a cycle`),

  bitScanCycles: documented(1, INSTLAT),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(11, INSTLAT),
  forwardExactCycles: documented(
    0,
    `${CC}: 0 on an exact match, else 7; ${INSTLAT}: add [m],r chain of 1.0`,
    0,
    7,
  ),
  forwardWithinCycles: documented(7, CC, 6),
  forwardLockedCycles: guessed(8, 'by judgement, between an L1D hit and the 11 measured on Zen 5', 4, 12),
  forwardFailCycles: documented(19, CC),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(8, `${INSTLAT}: 7.7`, 7),
  lockLatencyCycles: guessed(3, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 0, 8),
  lockUops: documented(1, LLVM),
  lockBitStringUops: documented(9, LLVM),
  xchgUops: documented(2, LLVM),
  cmpxchgUops: documented(6, LLVM),
  xaddUops: guessed(4, JUDGED, 1, 5),

  lfenceCycles: documented(10, INSTLAT),
  mfenceCycles: documented(59, INSTLAT),
  popfCycles: guessed(20, JUDGED, 15, 30),
  cliCycles: guessed(8, JUDGED, 3, 20),
  swapgsCycles: guessed(40, JUDGED, 20, 60),
  repStos64Cycles: guessed(18, JUDGED, 10, 35),
  repStos256Cycles: guessed(40, JUDGED, 25, 60),
  repStos4096Cycles: guessed(140, MEMORY, 100, 200),

  l1iSets: guessed(64, `${MEMORY}: 32 KiB, 8-way`),
  l1iWays: guessed(8, MEMORY),
  l1dSets: guessed(64, `${MEMORY}: 32 KiB, 8-way`),
  l1dWays: guessed(8, MEMORY),
  l2Sets: documented(2048, `${CC}: 1 MiB, 8-way`),
  l2Ways: documented(8, CC),
  l3Sets: documented(32768, `${CC}: 32 MiB, 16-way, a complex`),
  l3Ways: documented(16, CC),
  l1Cycles: documented(4, INSTLAT, 4, 5),
  l2Cycles: documented(14, LATENCY),
  l3Cycles: documented(51, `${CC} and InstLatx64`, 50, 55),
  dramNanos: documented(105, `${LATENCY}: 100 on a Threadripper 7000; ${CC}: as Sapphire Rapids`, 95, 120),
  transferNanos: guessed(25, MEMORY, 20, 30),
  remoteDramNanos: guessed(205, MEMORY, 180, 230),
  remoteTransferNanos: guessed(200, MEMORY, 180, 250),
  adjacentPrefetch: guessed(0, EQUAL, 0, 1),
  stridePrefetch: guessed(12, EQUAL, 0, 13),
  streamPrefetch: guessed(34, EQUAL, 0, 36),
  l2LineHalfCycles: guessed(4, 'by judgement: 32 bytes a cycle', 2, 5),
  l3LineCycles: guessed(3, EQUAL, 2, 4),
  dramLineCycles: guessed(8, EQUAL, 7, 15),

  dtlbEntries: documented(72, CC),
  itlbEntries: guessed(64, MEMORY),
  stlbEntries: documented(3072, CC),
  stlbWays: guessed(24, 'from memory, not in the fact sheet', 12),
  stlbCycles: documented(7, CC, 7, 8),
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

/** The machine `zen4`. */
export const ZEN4 = defineMachine('zen4', 'AMD Zen 4, EPYC 9004 (Genoa)', 'unvalidated', ZEN4_VALUES);
