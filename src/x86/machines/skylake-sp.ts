/**
 * Intel Skylake-SP and Cascade Lake. Confidence follows the fact sheet: what its author read is documented,
 * what he remembered is guessed. Nothing was measured on this machine by this project.
 */
import { documented, guessed } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { APICV, hypervisorCosts, MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM SkylakeServer scheduling model (LLVM 19)';
const UICA = 'uiCA microarchitecture configuration (andreas-abel/uiCA @6ebeeab)';
const INSTLAT = 'InstLatx64 dumps of Skylake-X and Xeon Gold 5218';
const CPUID = `${INSTLAT}, CPUID`;
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';

/** Execution ports p0..p7 are bits 0..7. */
const P0156 = 0b0110_0011;
const P06 = 0b0100_0001;
const P1 = 0b0000_0010;
const P23 = 0b0000_1100;
const P4 = 0b0001_0000;
const P237 = 0b1000_1100;

/** Numbers of the machine, for machines derived from it. */
export const SKYLAKE_SP_VALUES: MachineValues = {
  clockHz: guessed(
    3_000_000_000,
    'a clock between the 2.6 GHz base and 3.5 GHz turbo of the sheet',
    2.6e9,
    3.5e9,
  ),

  fetchWidth: documented(6, `${UICA}: op cache`),
  decodeWidth: documented(4, UICA, 4, 5),
  opCacheUops: guessed(1536, MEMORY),
  uopQueueEntries: documented(64, UICA),
  callReturnCycles: guessed(4, `${MEMORY}: call and ret pair`, 2, 6),
  returnCheckCycles: guessed(1, 'by judgement: one branch', 1, 4),
  indirectBranchCycles: guessed(3, JUDGED, 2, 4),
  btbEntries: guessed(4096, MEMORY),
  btbMissCycles: guessed(8, JUDGED, 5, 15),
  returnStackEntries: guessed(16, MEMORY),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  takenBranchHalfCycles: guessed(2, JUDGED, 2, 4),
  mispredictCycles: documented(16, 'Agner Fog: 15 to 20; LLVM says 14', 14, 20),
  dispatchWidth: documented(4, UICA),
  retireWidth: documented(4, UICA, 4, 8),
  robEntries: documented(224, UICA),
  registerEntries: guessed(164, `${MEMORY}: 180 physical integer registers`, 150, 180),
  schedulerEntries: documented(97, UICA),
  loadQueueEntries: guessed(72, MEMORY),
  storeQueueEntries: guessed(56, MEMORY),
  fillBuffers: guessed(12, MEMORY, 10, 12),

  aluPorts: documented(P0156, LLVM),
  shiftPorts: documented(P06, LLVM),
  bitScanPorts: documented(P1, LLVM),
  branchPorts: documented(P06, `${LLVM}; taken only on p6, which is left out`),
  loadPorts: documented(P23, LLVM),
  storeAddressPorts: documented(P237, LLVM),
  storeDataPorts: documented(P4, LLVM),

  bitScanCycles: documented(3, INSTLAT),
  imulCycles: documented(3, INSTLAT),
  divCycles: documented(21, INSTLAT),
  forwardExactCycles: guessed(5, MEMORY, 4, 6),
  forwardWithinCycles: guessed(5, MEMORY, 5, 6),
  forwardLockedCycles: guessed(5, JUDGED, 4, 12),
  forwardFailCycles: guessed(14, MEMORY, 12, 16),

  storeAddressCycles: guessed(5, 'as zen5', 1, 6),
  storeDrainCycles: guessed(2, 'as zen5', 1, 6),
  lockCycles: documented(23, INSTLAT, 18, 23),
  lockLatencyCycles: guessed(18, 'by judgement: lockCycles less 5 for its store; 7 less on zen5', 13, 23),
  lockUops: documented(3, `${LLVM}; the microcode of the lock is left out`, 3, 11),
  lockBitStringUops: documented(10, `${LLVM}: 3, plus address micro-ops`, 3, 10),
  xchgUops: documented(8, LLVM),
  cmpxchgUops: documented(6, LLVM, 6, 10),
  xaddUops: documented(5, LLVM),

  lfenceCycles: documented(4, INSTLAT, 4, 5),
  mfenceCycles: documented(33, INSTLAT),
  popfCycles: guessed(20, JUDGED, 18, 30),
  cliCycles: guessed(6, JUDGED, 4, 12),
  swapgsCycles: guessed(28, JUDGED, 20, 50),
  repStos64Cycles: guessed(30, JUDGED, 15, 40),
  repStos256Cycles: guessed(40, JUDGED, 25, 60),
  repStos4096Cycles: guessed(150, MEMORY, 100, 220),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1dWays: documented(8, CPUID),
  l2Sets: documented(1024, `${CPUID}: 1 MiB, 16-way`),
  l2Ways: documented(16, CPUID),
  l3Sets: documented(32768, `${CPUID}: 22 MiB, 11-way, whole socket of 16 slices`, 16384, 65536),
  l3Ways: documented(11, CPUID),
  l1Cycles: documented(4, INSTLAT, 4, 5),
  l2Cycles: documented(14, `${INSTLAT}, memory latency`),
  l3Cycles: documented(60, 'AnandTech Rome review: 46 on a Xeon 8280; InstLatx64: 77; midpoint', 46, 77),
  dramNanos: documented(80, `${INSTLAT}: 76.5 on Skylake-X, value by judgement for a server`, 76, 95),
  transferNanos: documented(48, 'core-to-core-latency (nviennot, @96a943a): 47 to 48', 45, 60),

  remoteDramNanos: guessed(145, MEMORY, 130, 160),
  remoteTransferNanos: documented(
    135,
    'core-to-core-latency results (nviennot @96a943a), CAS ping-pong, one way',
    134,
    150,
  ),
  adjacentPrefetch: guessed(1, JUDGED, 0, 1),
  stridePrefetch: guessed(2, JUDGED, 0, 12),
  streamPrefetch: guessed(20, JUDGED, 0, 20),
  l2LineHalfCycles: guessed(4, 'by judgement: 32 bytes a cycle', 2, 5),
  l3LineCycles: guessed(5, JUDGED, 4, 8),
  dramLineCycles: guessed(15, JUDGED, 10, 20),

  dtlbEntries: documented(64, CPUID),
  itlbEntries: documented(64, CPUID),
  stlbEntries: documented(1536, CPUID),
  stlbWays: documented(12, CPUID),
  stlbCycles: guessed(7, MEMORY, 7, 9),
  walkCycles: guessed(60, JUDGED, 30, 150),

  ptiCycles: documented(0, 'off; the machine skylake-sp-pti has it on'),
  iretKernelCycles: guessed(220, `${JUDGED}; one anchor: 200 or more (D. Vlasenko, LKML 2015)`, 150, 350),
  iretUserCycles: guessed(300, JUDGED, 200, 400),
  ...hypervisorCosts({
    roundTrip: [550, 420, 800],
    roundTripSource: JUDGED,
    hypercall: [1250, 1000, 1700],
    hypercallSource: JUDGED,
    steps: 49,
    apicv: APICV,
    idleMwait: MWAIT,
    cstateExitNanos: guessed(2000, 'Xen mwait-idle table: C1 2 us, an upper bound', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `skylake-sp`. */
export const SKYLAKE_SP = defineMachine(
  'skylake-sp',
  'Intel Skylake-SP / Cascade Lake',
  'unvalidated',
  SKYLAKE_SP_VALUES,
);
