/** The states a case is measured in, and the lines that are cold in the cold ones. */
import type { Addr } from '../../model/units.ts';
import type { Uncore } from '../../x86/coherence.ts';
import type { Core } from '../../x86/core.ts';
import type { Memory } from '../../x86/memory.ts';

/** States of the judged kernels, as the ground truth names them. */
export const STATES = ['warm', 'l2cold', 'dramcold'] as const;

/** One of them. */
export type State = (typeof STATES)[number];

/** The state of that name, if it is one of the judged kernels'. */
export function stateOf(name: string): State | undefined {
  return STATES.find((s) => s === name);
}

/** A set of cache lines: the data of a case. Code, stack and scalars are not in it and stay warm. */
export class DataLines {
  readonly #in: Uint8Array;

  constructor(memory: Memory) {
    this.#in = new Uint8Array(memory.bytes >>> 6);
  }

  /** Adds the lines of `bytes` bytes at `from`. */
  add(from: Addr, bytes: number): void {
    this.#in.fill(1, from >>> 6, ((from + bytes - 1) >>> 6) + 1);
  }

  /** Whether a line is not data of the case. */
  readonly spares = (line: number): boolean => this.#in[line] === 0;
}

/** Takes the data of a case out of the caches as far as the state says. */
export function chill(core: Core, uncore: Uncore, data: DataLines, state: State): void {
  if (state === 'l2cold') core.caches.spillToL3(data.spares);
  else if (state === 'dramcold') {
    core.caches.spillToMemory(data.spares);
    uncore.l3.clear();
  }
}
