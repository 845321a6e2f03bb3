/** From the clock of a recording to that of a machine. */
import type { Cycle } from '../model/units.ts';

/** Ticks of a recorded clock as cycles of the modelled one, scaled, rounded down, in exact integers. */
export class TickClock {
  readonly #tickHz: number;
  readonly #coreHz: number;
  readonly #permille: number;

  constructor(tickHz: number, coreHz: number, permille: number) {
    this.#tickHz = tickHz;
    this.#coreHz = coreHz;
    this.#permille = permille;
  }

  /** floor(floor(ticks * coreHz / tickHz) * permille / 1000) without leaving the safe integers. */
  cycles(ticks: number): Cycle {
    const hz = this.#tickHz;
    const whole = Math.floor(ticks / hz) * this.#coreHz;
    const part = ticks % hz;
    const ratio = Math.floor(this.#coreHz / hz);
    const rest = this.#coreHz % hz;
    // part * rest / hz in two digits of base 2^17: each product stays below 2^53.
    const high = Math.floor(part / 131_072);
    const low = part % 131_072;
    const q = Math.floor((high * rest) / hz);
    const r = (high * rest) % hz;
    const cycles = whole + part * ratio + q * 131_072 + Math.floor((r * 131_072 + low * rest) / hz);
    return Math.floor(cycles / 1000) * this.#permille + Math.floor(((cycles % 1000) * this.#permille) / 1000);
  }
}
