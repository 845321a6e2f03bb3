/**
 * AMD Zen 5 server core ("Turin", EPYC 9005), one 8-core complex. Confidence follows the fact sheet: what the
 * sheet's author read is documented, what he measured is measured, what he remembered is guessed.
 */
import { documented, guessed, measured } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';
import { hypervisorCosts, NO_AVIC, NO_MWAIT } from './hypervisor-costs.ts';

const LLVM = 'LLVM Zen 5 scheduling model (llvm main)';
const CC = 'Chips and Cheese on Zen 5';
const CPUID = 'InstLatx64 CPUID dump, Ryzen 9950X; the same on the measured EPYC';
const TURIN = 'fact sheet, measured on EPYC Turin (family 26 model 2) in a KVM guest';
const TRUTH = 'ground truth of this project, primitives, EPYC Turin in a KVM guest';
const OWN = 'this project, microbenchmark on EPYC Turin in a KVM guest (docs/core-timing.md)';
const MEMORY = 'fact sheet, from memory';
const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';

/** Execution ports: ALU0-5 are bits 0-5, AGU0-3 bits 6-9, two store-data paths bits 10-11. */
const ALU = 0b11_1111;
const AGU = 0b1111 << 6;
const STORE_DATA = 0b11 << 10;

/** Numbers of the machine, for machines derived from it. */
export const ZEN5_VALUES: MachineValues = {
  clockHz: measured(3_920_000_000, `${TRUTH}: 1.51 core cycles per TSC cycle of 2.596 GHz`, 3.71e9, 4.1e9),

  fetchWidth: guessed(12, `${MEMORY}: op cache`, 8, 12),
  decodeWidth: documented(8, `${CC}: two clusters of four`, 4, 8),
  opCacheUops: documented(6144, LLVM),
  uopQueueEntries: guessed(96, JUDGED, 64, 144),
  takenBranchHalfCycles: measured(1, `${TRUTH}: branch_1site always taken 1.07 for two`, 1, 3),
  callReturnCycles: measured(4, `${TRUTH}: op_call_direct 4.01`, 4, 6),
  returnCheckCycles: measured(
    3,
    `${OWN}: an empty call between two lfence 24.6, a chain of n adds 14.1 and n`,
    1,
    4,
  ),
  indirectBranchCycles: measured(
    3,
    `${TRUTH}: call_indirect_random with one target 6.02, less return and loop`,
    2,
    4,
  ),
  btbEntries: documented(24576, `${CC}: 16K in the first level, 8K in the second`),
  btbMissCycles: guessed(10, JUDGED, 5, 20),
  returnStackEntries: documented(52, CC),
  retpolineCycles: documented(0, 'compiled in only by kernels that ask for it'),
  mispredictCycles: measured(
    20,
    `${TRUTH}: twice (random - mean of never and always taken), 64 sites`,
    15,
    25,
  ),
  dispatchWidth: documented(8, LLVM),
  retireWidth: documented(8, LLVM),
  robEntries: documented(448, `${LLVM}; 224 a thread with SMT on`, 224, 448),
  registerEntries: measured(
    200,
    `${OWN}: two misses overlap with up to 200 adds, 184 cmp and branch or 440 nops between them`,
    184,
    208,
  ),
  schedulerEntries: documented(146, `${CC}: 88 ALU and 58 AGU`, 136, 146),
  loadQueueEntries: documented(202, `${CC}; LLVM says 128`, 128, 202),
  storeQueueEntries: documented(104, LLVM),
  fillBuffers: guessed(32, `${MEMORY}, unverified`, 24, 64),

  aluPorts: documented(ALU, `${LLVM}: ALU0-5`),
  shiftPorts: documented(0b111, 'InstLatx64: three a cycle'),
  bitScanPorts: documented(0b111, 'InstLatx64: three a cycle'),
  branchPorts: documented(0b11_1000, `${LLVM}: ALU3-5`),
  loadPorts: measured(AGU, `${TURIN}: four loads a cycle`),
  storeAddressPorts: documented(AGU, LLVM),
  storeDataPorts: measured(STORE_DATA, `${TURIN}: two stores a cycle`),

  bitScanCycles: measured(1, `${TRUTH}: op_bsf_lat 1.00`),
  imulCycles: documented(3, 'InstLatx64'),
  divCycles: measured(10, `${TRUTH}: op_div64 12.17 with mov and lea`, 6, 11),
  forwardExactCycles: measured(0, `${TRUTH}: op_plain_rmw_add 1.00, the word is renamed`, 0, 7),
  forwardWithinCycles: measured(7, TURIN),
  forwardLockedCycles: measured(
    11,
    `${OWN}: 32-bit lock add and a 64-bit load 31.3, 64-bit lock add and the same load 20.1`,
    10,
    12,
  ),
  forwardFailCycles: measured(
    5,
    `${OWN}: 32-bit store to 64-bit load 14.1, less store and drain; ${TURIN}: 14`,
    4,
    7,
  ),

  storeAddressCycles: measured(
    5,
    `${OWN}: four loads in a chain between two lfence 4.0 over an empty call, with a store to where they lead 9.0`,
    4,
    6,
  ),
  storeDrainCycles: measured(
    2,
    `${OWN}: lock add and a store 20.1 as lock add alone, and two stores 21.1; less the 5 of the address`,
    1,
    3,
  ),
  lockCycles: measured(20, `${TRUTH}: op_lock_add 20.06, op_xchg 20.02, op_lock_btr_reg 20.04`, 19, 21),
  lockLatencyCycles: measured(13, `${OWN}: lock add between two lfence, against a chain of adds`, 12, 13),
  lockUops: guessed(1, MEMORY, 1, 4),
  lockBitStringUops: guessed(9, MEMORY, 4, 10),
  xchgUops: guessed(2, MEMORY, 2, 8),
  cmpxchgUops: guessed(6, MEMORY, 6, 10),
  xaddUops: guessed(4, MEMORY),

  lfenceCycles: measured(11, `${TRUTH}: op_lfence 11.34`, 10, 12),
  mfenceCycles: measured(77, `${TRUTH}: op_mfence 76.5`, 76, 83),
  popfCycles: measured(18, `${TURIN}: pushfq and popfq pair`),
  cliCycles: guessed(8, JUDGED, 3, 20),
  swapgsCycles: measured(42, `${TURIN}: wrgsbase as a stand-in`, 20, 60),
  repStos64Cycles: measured(15, `${TRUTH}: rep_stosq 15.15`, 15, 17),
  repStos256Cycles: measured(43, `${TRUTH}: rep_stosq 43.49`, 43, 47),
  repStos4096Cycles: measured(119, `${TRUTH}: rep_stosq 119.34`, 118, 120),

  l1iSets: documented(64, `${CPUID}: 32 KiB, 8-way`),
  l1iWays: documented(8, CPUID),
  l1dSets: documented(64, `${CPUID}: 48 KiB, 12-way`),
  l1dWays: documented(12, CPUID),
  l2Sets: documented(1024, `${CPUID}: 1 MiB, 16-way`),
  l2Ways: documented(16, CPUID),
  l3Sets: documented(32768, `${CPUID}: 32 MiB, 16-way, a complex`),
  l3Ways: documented(16, CPUID),
  l1Cycles: measured(4, `${TRUTH}: chase 16 KiB 4.01`),
  l2Cycles: measured(14, `${TRUTH}: chase 64 KiB 14.04`),
  l3Cycles: measured(48, `${TRUTH}: chase 2 MiB 48.6; fact sheet 50`, 46, 56),
  dramNanos: measured(146, `${TRUTH}: op first touch 576 to 587 cycles; ${TURIN}: mode 130 to 150`, 125, 160),
  transferNanos: measured(35, `${TURIN}: 27 to 43; ${CC} about 45`, 27, 45),
  remoteDramNanos: measured(275, `${TURIN}: mode 270 to 280; ${CC} above 220`, 220, 280),
  remoteTransferNanos: measured(235, `${TURIN}: core to core, other socket`, 210, 260),
  adjacentPrefetch: guessed(0, JUDGED, 0, 1),
  stridePrefetch: measured(
    12,
    `${OWN}: dependent loads at strides of 128 to 1,024 bytes over flushed memory, 46 to 49 cycles each`,
    0,
    13,
  ),
  streamPrefetch: measured(34, `${OWN}: the same at 64 bytes, 17 cycles each`, 0, 36),
  l2LineHalfCycles: measured(4, `${TRUTH}: stream_loads 512 KiB 1.95 a line`, 3, 4),
  l3LineCycles: measured(3, `${TRUTH}: stream_loads 8 MiB 2.09 to 3.19 a line`, 2, 4),
  dramLineCycles: measured(
    14,
    `${TRUTH}: stream_loads 512 MiB 8.4 a line; ${OWN}: eight misses at once 755 in the median, one 596; a value between, chosen with the kernels in view`,
    8,
    23,
  ),

  dtlbEntries: documented(96, CPUID),
  itlbEntries: documented(64, CPUID),
  stlbEntries: documented(4096, CPUID),
  stlbWays: guessed(16, JUDGED, 8, 16),
  stlbCycles: measured(7, `${TRUTH}: chase_page 256 pages 11.03 against 4.01`),
  walkCycles: measured(60, `${TRUTH}: chase_page 16384 pages 98 to 117, less L3 and second level`, 40, 70),

  ptiCycles: documented(0, 'not vulnerable to Meltdown'),
  iretKernelCycles: guessed(150, JUDGED, 80, 280),
  iretUserCycles: guessed(230, JUDGED, 120, 380),
  ...hypervisorCosts({
    roundTrip: [850, 550, 1300],
    roundTripSource: JUDGED,
    hypercall: [1400, 950, 2000],
    hypercallSource: JUDGED,
    steps: 30,
    apicv: NO_AVIC,
    idleMwait: NO_MWAIT,
    cstateExitNanos: guessed(1000, 'fact sheet, from memory: C1 1 us', 200, 2000),
  }),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
};

/** The machine `zen5`. */
export const ZEN5 = defineMachine(
  'zen5',
  'AMD Zen 5, EPYC 9005 (Turin)',
  'kernels: docs/accuracy.md; transitions: unvalidated',
  ZEN5_VALUES,
);
