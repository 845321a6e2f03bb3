/**
 * AMD Zen 5 server core ("Turin", EPYC 9005), one 8-core complex. Confidence follows the fact sheet: what the
 * sheet's author read is documented, what he measured is measured, what he remembered is guessed.
 */
import { documented, guessed, measured } from '../../model/params.ts';
import { defineMachine, type MachineValues } from '../machine.ts';

const LLVM = 'LLVM Zen 5 scheduling model (llvm main)';
const CC = 'Chips and Cheese on Zen 5';
const CPUID = 'InstLatx64 CPUID dump, Ryzen 9950X; the same on the measured EPYC';
const TURIN = 'fact sheet, measured on EPYC Turin (family 26 model 2) in a KVM guest';
const TRUTH = 'ground truth of this project, primitives, EPYC Turin in a KVM guest';
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
  takenBranchCycles: measured(1, `${TURIN}: 1.1 to 1.4 cycles per taken jmp`, 1, 2),
  mispredictCycles: measured(
    20,
    `${TRUTH}: twice (random - mean of never and always taken), 64 sites`,
    15,
    25,
  ),
  dispatchWidth: documented(8, LLVM),
  retireWidth: documented(8, LLVM),
  robEntries: documented(448, `${LLVM}; 224 a thread with SMT on`, 224, 448),
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
  divCycles: measured(7, TURIN, 6, 11),
  forwardExactCycles: measured(0, `${TRUTH}: op_plain_rmw_add 1.00, the word is renamed`, 0, 7),
  forwardWithinCycles: measured(7, TURIN),
  forwardFailCycles: measured(14, TURIN),

  lockCycles: measured(20, `${TRUTH}: op_lock_add 20.06, op_xchg 20.02, op_lock_btr_reg 20.04`, 19, 21),
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
  repStos64Cycles: measured(17, TURIN),
  repStos256Cycles: measured(46, TURIN, 46, 47),
  repStos4096Cycles: measured(118, TURIN),

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
  l3Cycles: guessed(50, `${MEMORY}; could not be isolated on the measured machine`, 46, 56),
  dramNanos: measured(135, `${TURIN}: mode 130 to 150; ${CC} about 130`, 125, 150),
  transferNanos: measured(35, `${TURIN}: 27 to 43; ${CC} about 45`, 27, 45),

  iretKernelCycles: guessed(150, JUDGED, 80, 280),
  iretUserCycles: guessed(230, JUDGED, 120, 380),
  hypercallCycles: guessed(1400, `${JUDGED}, bounded by KVM figures`, 950, 2000),
  evtchnSendCycles: guessed(600, `${JUDGED}: 700, of which about 100 are charged step by step`, 200, 1400),
  evtchnOpCycles: guessed(700, 'taken equal to EVTCHNOP_send, no measurement found', 300, 3000),
  evtchnBucketCycles: guessed(1500, 'by judgement: a page from the heap, zeroed', 500, 5000),
  externalInterruptCycles: guessed(2000, JUDGED, 1200, 4000),
  eventInjectionCycles: guessed(150, JUDGED, 80, 350),
  eoiCycles: guessed(
    1400,
    'no AVIC in Xen, so a trapped wrmsr: taken equal to a trivial hypercall',
    950,
    2000,
  ),
  ipiFlightNanos: guessed(200, JUDGED, 100, 400),
  haltWakeNanos: guessed(6000, `${JUDGED}: HLT exit and wake, host C1, no polling`, 3000, 15000),
};

/** The machine `zen5`. */
export const ZEN5 = defineMachine('zen5', 'AMD Zen 5, EPYC 9005 (Turin)', 'unvalidated', ZEN5_VALUES);
