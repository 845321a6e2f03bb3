/**
 * The instruction set the kernels are written in: arithmetic, branches, calls, serialising operations, lumps.
 * Loads and stores are in memory-unit.ts, locked operations in atomics.ts, the timing itself in pipeline.ts.
 *
 * One call is one instruction (two for a fused compare-and-branch). It does its work on the modelled memory,
 * charges its micro-ops, and returns the token of its result: the cycle at which a dependant may start. Values
 * of 64 bits are left in `lo` and `hi`. So value and charge come from one call and cannot drift apart.
 */
import type { Addr, Cycle, Ready } from '../model/units.ts';
import { AtomicUnit } from './atomics.ts';
import { Cause } from './cause.ts';
import type { LockWatch } from './lock-watch.ts';
import { Flow, NOW } from './pipeline.ts';
import { SITE_ADDRESS } from './sites.ts';
import { Uop } from './uop.ts';
import { lowestBitFrom } from './word64.ts';

export { NOW } from './pipeline.ts';

/**
 * A piece of modelled code that may stop where somebody else must act first: it yields when `core.behind`
 * says so, and whoever runs it resumes it at `core.resumeCycle`.
 */
export type Kernel<T = void> = Generator<void, T, void>;

/** One logical processor. */
export class Core extends AtomicUnit {
  /** How many sections with interrupts off the program is in; whoever delivers interrupts looks here. */
  interruptsOff = 0;
  /** An interrupt waits for interrupts to be on: a program that turns them on gives way. */
  interruptWaits = false;
  /** Told of the locks that are taken and given back on this core while it is set. */
  lockWatch: LockWatch | undefined;

  /** A lock was taken here. @param tried cycle at which the first attempt was over @param t when this one is */
  lockTaken(lock: Addr, tried: Cycle, t: Ready): void {
    this.lockWatch?.taken(this.caches.core, lock, tried, this.cycleOf(t));
  }

  /** A lock was given back here. @param t when that is done */
  lockReleased(lock: Addr, t: Ready): void {
    this.lockWatch?.released(this.caches.core, lock, this.cycleOf(t));
  }

  /** The later of two tokens: an instruction with two operands. */
  join(a: Ready, b: Ready): Ready {
    return a > b ? a : b;
  }

  /** One single-cycle instruction: add, and, not, cmp, test, lea of two parts, setcc. */
  alu(dep: Ready): Ready {
    this.instruction();
    return this.simple(Uop.alu, this.aluPorts, dep, 1);
  }

  /** `n` single-cycle instructions, each needing the one before. */
  chain(dep: Ready, n: number): Ready {
    for (let i = 0; i < n; i++) dep = this.alu(dep);
    return dep;
  }

  /** `n` instructions that need nothing anybody waits for: register moves, constants, address arithmetic. */
  free(n: number): void {
    for (let i = 0; i < n; i++) this.alu(NOW);
  }

  /** A shift or a bit test of a register. */
  shift(dep: Ready): Ready {
    this.instruction();
    return this.simple(Uop.shift, this.shiftPorts, dep, 1);
  }

  /** imul. */
  imul(dep: Ready): Ready {
    this.instruction();
    return this.simple(Uop.imul, this.machine.n.bitScanPorts, dep, this.machine.n.imulCycles);
  }

  /** A 64-bit div with a small quotient. */
  div(dep: Ready): Ready {
    this.instruction();
    return this.simple(Uop.div, this.machine.n.bitScanPorts, dep, this.machine.n.divCycles);
  }

  /**
   * bsf or tzcnt of hi:lo. Leaves the position (0..63), or -1 for zero, in `lo`.
   */
  bitScan(lo: number, hi: number, dep: Ready): Ready {
    this.instruction();
    this.lo = lowestBitFrom(lo, hi, 0);
    return this.simple(Uop.bitScan, this.machine.n.bitScanPorts, dep, this.machine.n.bitScanCycles);
  }

  /**
   * A compare or test fused with the conditional branch behind it (two instructions, one micro-op).
   *
   * @returns `condition`, so that the program's control flow is the charged one
   */
  branch(condition: boolean, dep: Ready): boolean {
    this.instruction();
    this.instructionCount++;
    return this.#conditional(condition, dep);
  }

  /** A conditional branch on flags that an earlier instruction set (one instruction). */
  jcc(condition: boolean, dep: Ready): boolean {
    this.instruction();
    return this.#conditional(condition, dep);
  }

  /** A direct jump. Where it goes is where the next `at` says. */
  jump(): void {
    this.instruction();
    this.simple(Uop.jump, this.branchPorts, NOW, 1);
  }

  /** A direct call: pushes the return address. The callee's first `at` says where it goes. */
  call(): void {
    this.instruction();
    this.predictor.call(this.pc);
    this.simple(Uop.call, this.branchPorts, NOW, 1);
    this.pushReturn(this.pc);
    this.flow = Flow.call;
  }

  /**
   * A call through a pointer.
   *
   * @param target the site at which the callee starts
   * @param dep when the pointer is known
   */
  indirectCall(target: number, dep: Ready): void {
    this.instruction();
    const right = this.predictor.indirect(this.pc, SITE_ADDRESS[target]!);
    this.predictor.call(this.pc);
    const done = this.simple(Uop.indirectCall, this.branchPorts, dep, 1);
    const { mispredictCycles, retpolineCycles } = this.machine.n;
    // A retpoline's return is mispredicted by design, whatever the target.
    if (retpolineCycles > 0) this.front.refetch(done + retpolineCycles, Cause.mispredict);
    else if (!right) this.front.refetch(done + mispredictCycles, Cause.mispredict);
    this.pushReturn(this.pc);
    this.flow = Flow.indirectCall;
  }

  /** A return. Fetch goes on at the next `at`; a wrong guess of the return stack costs a refill. */
  ret(): void {
    this.instruction();
    const dep = this.popReturn();
    const { returnCheckCycles, safeReturnCycles, mispredictCycles } = this.machine.n;
    const done = this.simple(Uop.ret, this.branchPorts, dep, returnCheckCycles);
    const right = this.predictor.return(this.returnAddress);
    // A safe return is mispredicted by design, as a retpoline is.
    if (safeReturnCycles > 0) this.front.refetch(done + safeReturnCycles, Cause.mispredict);
    else if (!right) this.front.refetch(done + mispredictCycles, Cause.mispredict);
    this.flow = Flow.return;
  }

  /** lfence: nothing younger starts before everything older is done. */
  lfence(): Ready {
    return this.fence(this.machine.n.lfenceCycles, false);
  }

  /** mfence: as lfence, and older stores are in L1D. */
  mfence(): Ready {
    return this.fence(this.machine.n.mfenceCycles, true);
  }

  /**
   * An instruction that waits for everything older, stores included, takes `cycles`, and lets nothing younger
   * start before it is done: wrmsr, iretq, mov cr3, interrupt delivery.
   */
  serialising(cycles: number): Ready {
    return this.serialise(cycles, Cause.serialise, Uop.serialise, true);
  }

  /** As `serialising`, but older stores may still be on their way to L1D: popfq, swapgs, cli, sti. */
  microcoded(cycles: number): Ready {
    return this.serialise(cycles, Cause.serialise, Uop.serialise, false);
  }

  /** A VM exit with what follows until the guest goes on, as one number. */
  transition(cycles: number): Ready {
    return this.serialise(cycles, Cause.transition, Uop.lump, true);
  }

  /** Code that is not modelled instruction by instruction, as one number of cycles. */
  lump(cycles: number): Ready {
    return this.serialise(cycles, Cause.lump, Uop.lump, true);
  }

  /**
   * rep stosq of zeroes over `bytes` (a multiple of 8) at `addr`: microcode, and every line owned. Its cost
   * between the three measured sizes is interpolated, above them extended at the last slope.
   */
  repStos(addr: Addr, bytes: number, dep: Ready): Ready {
    const { repStos64Cycles: c64, repStos256Cycles: c256, repStos4096Cycles: c4096 } = this.machine.n;
    const cycles =
      bytes <= 256
        ? c64 + Math.floor(((c256 - c64) * Math.max(0, bytes - 64)) / 192)
        : c256 + Math.floor(((c4096 - c256) * (bytes - 256)) / 3840);
    return this.zeroBlock(addr, bytes, dep, cycles);
  }

  #conditional(condition: boolean, dep: Ready): boolean {
    const right = this.predictor.conditional(this.pc, condition);
    const done = this.simple(Uop.branch, this.branchPorts, dep, 1);
    if (!right) this.front.refetch(done + this.machine.n.mispredictCycles, Cause.mispredict);
    return condition;
  }
}
