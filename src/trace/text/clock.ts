/**
 * Times of text recordings as exact integers. "1200.000100" is 1200000100000 ns; "26405114588" is that many ticks of
 * a counter whose rate the text does not say. Nothing passes through a fraction.
 *
 * A counter of a host that has been up for months passes 2^53. So when the first time of a recording is above 2^52,
 * every time is counted from it; else from 0, as printed.
 */
import { Fault } from './fault.ts';

/** Ticks per second of a clock in seconds: nanoseconds. */
export const NANOS = 1_000_000_000;

/** Digits of an integer that is exact whatever they are. */
const SAFE_DIGITS = 15;
/** Digits of whole seconds whose nanoseconds are exact. */
const SAFE_SECONDS = 6;
const LARGE = 2n ** 52n;
const FURTHEST = 2n ** 53n - 1n;

/** The clock of one recording. */
export class GuestClock {
  /** Ticks per second: NANOS, or 0 for a counter of unknown rate; undefined before the first time. */
  hz: number | undefined;
  /** What has been taken off every time; 0 unless the first one was above 2^52. */
  origin = 0n;
  readonly #integerHz: number;
  #started = false;

  /** @param integerHz ticks per second of a time without a fraction; 0 if the format does not say */
  constructor(integerHz = 0) {
    this.#integerHz = integerHz;
  }

  /** Ticks since the origin of a time as printed, `secs.fraction` (up to 9 digits) or an integer. */
  take(text: string): number | Fault {
    const dot = text.indexOf('.');
    const hz = dot < 0 ? this.#integerHz : NANOS;
    if (this.hz === undefined) this.hz = hz;
    else if (this.hz !== hz) {
      return new Fault(`time ${text}`, dot < 0 ? 'seconds, as before' : 'an integer, as before');
    }
    if (this.origin === 0n) {
      if (dot < 0 && text.length <= SAFE_DIGITS) return this.#start(Number(text));
      if (dot >= 0 && dot <= SAFE_SECONDS) {
        return this.#start(Number(text.slice(0, dot)) * NANOS + Number(nanosOf(text, dot)));
      }
    }
    const exact = BigInt(dot < 0 ? text : text.slice(0, dot) + nanosOf(text, dot));
    if (!this.#started && exact > LARGE) this.origin = exact;
    const since = exact - this.origin;
    if (since > FURTHEST || since < -FURTHEST) {
      return new Fault(`time ${text}`, 'one within 2^53 ticks of the first');
    }
    return this.#start(Number(since));
  }

  #start(ticks: number): number {
    this.#started = true;
    return ticks;
  }
}

function nanosOf(text: string, dot: number): string {
  return text.slice(dot + 1).padEnd(9, '0');
}
