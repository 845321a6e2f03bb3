/**
 * AMD Zen 2 server core ("Rome", EPYC 7002), one 4-core complex. Confidence follows the fact sheet: what its author
 * read is documented, what he remembered is guessed. His own measurements are of Zen 5 and are not used here.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { hypervisorCosts, NO_AVIC, NO_MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Zen 2 scheduling model (LLVM 19)';
const INSTLAT = 'InstLatx64 dump of an EPYC 7742';
const LATENCY = 'InstLatx64 memory-latency dumps';
const CPUID = `${INSTLAT}, CPUID`;
const TRANSFER = 'core-to-core-latency (nviennot, @96a943a)';
const ANANDTECH = 'AnandTech EPYC Rome review (2019)';
const SOG = 'AMD software optimisation guide, through LLVM comments';
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';
const EQUAL = 'taken equal to Zen 5, by judgement';

/** Execution ports: ALU0-3 are bits 0-3, AGU0-2 bits 6-8, the store-data path bit 10. */
const ALU = 0b1111;
const ALU1 = 0b0010;
const ALU03 = 0b1001;
const AGU01 = 0b011 << 6;
const AGU = 0b111 << 6;
const STORE_DATA = 0b1 << 10;

/** Numbers of the machine, for machines derived from it. */
export const ZEN2_VALUES: MachineValues = {
  clockHz: guessed(
    2_900_000_000,
    'a sustained clock between the 2.25 and 3.35 GHz of the sheet',
    2.25e9,
    3.35e9,
  ),

  fetchWidth: guessed(8, `${MEMORY}: op cache`, 6),
  decodeWidth: guessed(4, MEMORY),
  opCacheUops: guessed(4096, MEMORY),
  uopQueueEntries: guessed(72, MEMORY),
  takenBranchHalfCycles: guessed(2, JUDGED, 2, 4),
  callReturnCycles: guessed(4, JUDGED, 2, 8),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, `${JUDGED}: indirect pair 5, less 2 for the return`, 1, 6),
  btbEntries: guessed(7168, `${MEMORY}: levels of 16, 512, 7168`),
  btbMissCycles: guessed(10, EQUAL, 5, 20),
  returnStackEntries: guessed(31, MEMORY, 31, 32),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: documented(16, `${SOG}: common 16`, 12, 18),
  dispatchWidth: guessed(6, MEMORY),
  retireWidth: guessed(8, MEMORY),
  robEntries: guessed(224, MEMORY),
  registerEntries: guessed(
    140,
    `${MEMORY}: 180 physical integer registers, less about 40 as on Zen 5`,
    124,
    164,
  ),
  schedulerEntries: guessed(92, `${MEMORY}: 4x16 + 28 AGU`),
  loadQueueEntries: guessed(44, MEMORY, 44, 116),
  storeQueueEntries: guessed(48, MEMORY),
  fillBuffers: guessed(22, MEMORY),

  aluPorts: documented(ALU, `${LLVM}: ALU0-3`),
  shiftPorts: documented(ALU, LLVM),
  bitScanPorts: documented(ALU1, `${LLVM}: imul on ALU1; bsf is microcode on all four, tzcnt two micro-ops`),
  branchPorts: guessed(ALU03, `${MEMORY}: two of the ALUs; LLVM has the return on ALU0 and ALU3`),
  loadPorts: documented(AGU01, `${INSTLAT}: two loads a cycle`),
  storeAddressPorts: documented(AGU, `${LLVM}: AGU0-2`),
  storeDataPorts: documented(STORE_DATA, `${INSTLAT}: one store a cycle`),

  bitScanCycles: documented(3, `${INSTLAT}: bsf 3, tzcnt 2`, 2),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(14, INSTLAT),
  forwardExactCycles: documented(
    0,
    `${INSTLAT}: add [m],r chain of 1.0, the word is renamed; 7 otherwise, from memory`,
    0,
    8,
  ),
  forwardWithinCycles: guessed(8, MEMORY, 7),
  forwardLockedCycles: guessed(8, 'by judgement, between an L1D hit and the 11 measured on Zen 5', 4, 12),
  forwardFailCycles: guessed(16, MEMORY, 14, 18),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(18, `${INSTLAT}: 17.8`),
  lockLatencyCycles: guessed(13, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 8, 18),
  lockUops: documented(2, LLVM),
  lockBitStringUops: guessed(9, `${LLVM} says 2, which leaves out the address; taken equal to Zen 3`, 2),
  xchgUops: documented(2, LLVM),
  cmpxchgUops: documented(5, LLVM),
  xaddUops: guessed(4, JUDGED, 1, 5),

  lfenceCycles: documented(11, INSTLAT),
  mfenceCycles: documented(79, INSTLAT),
  popfCycles: guessed(20, JUDGED, 15, 30),
  cliCycles: guessed(8, JUDGED, 3, 20),
  swapgsCycles: guessed(40, JUDGED, 20, 60),
  repStos64Cycles: guessed(20, JUDGED, 10, 35),
  repStos256Cycles: guessed(40, JUDGED, 25, 60),
  repStos4096Cycles: guessed(160, MEMORY, 110, 220),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1dWays: documented(8, CPUID),
  l2Sets: documented(1024, `${CPUID}: 512 KiB, 8-way`),
  l2Ways: documented(8, CPUID),
  l3Sets: documented(16384, `${CPUID}: 16 MiB, 16-way, a complex of four cores`),
  l3Ways: documented(16, CPUID),
  l1Cycles: documented(4, INSTLAT, 4, 5),
  l2Cycles: documented(12, `${LATENCY} and AnandTech`, 12, 13),
  l3Cycles: documented(45, `${LATENCY}; AnandTech says 34`, 34, 46),
  dramNanos: documented(125, `${ANANDTECH}: 122 at 128 MB, 134 at 512 MB, NPS1`, 122, 134),
  transferNanos: documented(24, TRANSFER, 20, 30),
  remoteDramNanos: documented(
    222,
    `${LATENCY}, Rome: 500 to 600 clocks at 2.25 GHz, assumed remote`,
    200,
    268,
  ),
  remoteTransferNanos: guessed(200, MEMORY, 180, 240),
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
    roundTrip: [900, 650, 1300],
    roundTripSource: JUDGED,
    hypercall: [1500, 1100, 2200],
    hypercallSource: JUDGED,
    steps: 32,
    apicv: NO_AVIC,
    idleMwait: NO_MWAIT,
    cstateExitNanos: guessed(1000, 'fact sheet, from memory: C1 1 us', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `zen2`. */
export const ZEN2 = defineMachine('zen2', 'AMD Zen 2, EPYC 7002 (Rome)', 'unvalidated', ZEN2_VALUES);
