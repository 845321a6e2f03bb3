/**
 * Aliases that let a signature say what a plain number is, and the one place where time changes unit.
 * An alias costs nothing at run time; `Cycle` and `Ready` differ only in their origin.
 */

/** Absolute time: cycles of the modelled core clock since the start of the run; a safe integer. */
export type Cycle = number;

/** Time inside one core: int32 cycles relative to that core's epoch (see `Core.begin`). */
export type Ready = number;

/** Event-channel port, 0..4095 with the 2-level ABI. */
export type Port = number;

/** Address in the modelled flat memory, bytes. */
export type Addr = number;

/** Index of a vCPU inside its domain. */
export type Vcpu = number;

/**
 * Converts nanoseconds to cycles, rounding down, in exact integers.
 *
 * @param nanos integer nanoseconds, 0..2^53-1
 * @param hertz clock rate, integer, 1 MHz..10 GHz
 * @returns integer cycles; throws RangeError if the result is not a safe integer
 */
export function cyclesOfNanos(nanos: number, hertz: number): Cycle {
  const cycles = Number((BigInt(nanos) * BigInt(hertz)) / 1_000_000_000n);
  if (!Number.isSafeInteger(cycles)) throw new RangeError(`${nanos} ns at ${hertz} Hz is beyond 2^53 cycles`);
  return cycles;
}
