/**
 * Rows of the machine's own figures: which primitive a row means, and why a row is left out. They set the numbers
 * of a machine, so a model is not judged by them.
 */
import type { Machine } from '../../../x86/machine.ts';
import { PAGE_BYTES } from '../../../x86/memory.ts';
import { TEXT_BASE, TEXT_BYTES } from '../../../x86/sites.ts';
import type { Measurement } from '../measurements.ts';
import type { Figure, Prediction } from '../protocol.ts';
import { Room } from '../room.ts';
import { type State, stateOf } from '../states.ts';
import { branches, DIRECTIONS, directCalls, indirectCalls, pickedCalls } from './control.ts';
import { FILL_KERNELS, fill } from './fills.ts';
import { chaseCold, chaseLines, chasePages, indexedLoads, parallelChains, streamLoads } from './loads.ts';
import { backToBack, firstTouch, independentAdds, isOperation } from './operations.ts';

/** Why no figure is given. */
const Reason = {
  memory: 'beyond the modelled memory',
  strangers: 'an L3 that strangers use',
  clock: 'clock',
  malloc: 'operating system',
  placement: 'placement of the two cores unknown',
  instruction: 'an instruction the model does not have',
  parameters: 'parameters of a primitive that are not known here',
} as const;

/** Largest space, and what of it is left for data beside text, stack and scalars. */
const MOST_MIB = 64;
const BESIDE = TEXT_BASE + TEXT_BYTES + 32 * PAGE_BYTES;
/** The host backs the measured guest with pages of 4 KiB, whatever the guest uses: so the TLBs see those. */
const PAGE_BITS = 12;

const NOT_MODELLED: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(clock_|op_rdtscp?$)/, Reason.clock],
  [/^malloc_/, Reason.malloc],
  [/^core_to_core$/, Reason.placement],
];

/** What a row asks for: how much memory it needs, and how its figure is made. */
interface Request {
  readonly bytes: number;
  readonly run: (room: Room) => Figure;
}

/** The figure of a primitive's row, or why there is none; undefined for a kernel that is no primitive. */
export function predictPrimitive(row: Measurement, machine: Machine): Prediction | undefined {
  const { kernel } = row;
  const never = NOT_MODELLED.find(([names]) => names.test(kernel));
  if (never !== undefined) return { reason: never[1] };
  const of = new Numbers(row.param);
  const request = requestOf(kernel, row, of);
  if (request === undefined) return kernel.startsWith('op_') ? { reason: Reason.instruction } : undefined;
  if (request === 'unknown' || of.missing) return { reason: Reason.parameters };
  if (row.notes.includes('L3 is shared with strangers')) return { reason: Reason.strangers };
  const mebibytes = spaceFor(request.bytes);
  if (mebibytes === undefined) return { reason: Reason.memory };
  return { figure: request.run(new Room(machine, mebibytes, PAGE_BITS)) };
}

function requestOf(kernel: string, row: Measurement, of: Numbers): Request | 'unknown' | undefined {
  const { param } = row;
  const state = stateOf(row.state);
  const small = (run: (room: Room) => Figure): Request => ({ bytes: PAGE_BYTES, run });
  const cold = (run: (room: Room, s: State) => Figure, bytes: number): Request | 'unknown' =>
    state === undefined ? 'unknown' : { bytes, run: (room) => run(room, state) };
  switch (kernel) {
    case 'op_add_indep':
      return param === '6 chains' ? small(independentAdds) : 'unknown';
    case 'op_call_direct':
      return small(directCalls);
    case 'op_call_indirect':
      return small(indirectCalls);
    case 'call_indirect_random': {
      const targets = of.number('targets', 1, 8);
      return small((room) => pickedCalls(room, targets));
    }
    case 'branch_1site':
    case 'branch_64sites': {
      const way = DIRECTIONS.find((d) => d === param);
      if (way === undefined) return 'unknown';
      return small((room) => branches(room, way, kernel === 'branch_1site' ? 1 : 64));
    }
    case 'chase':
    case 'mlp':
    case 'indep_loads':
    case 'stream_loads':
      return loads(kernel, of);
    case 'chase_page': {
      const pages = of.number('pages', 2, 1 << 20);
      return { bytes: pages * PAGE_BYTES, run: (room) => chasePages(room, pages) };
    }
    case 'chase_cold': {
      const lines = of.number('lines', 8, 1 << 20);
      const step = of.number('step', 64, 1 << 20);
      return cold((room, s) => chaseCold(room, lines, step, s), lines * step);
    }
    default:
      break;
  }
  const way = FILL_KERNELS.find((k) => k === kernel);
  if (way !== undefined) {
    const bytes = of.number('bytes', 64, 1 << 30);
    return cold((room, s) => fill(room, way, bytes, s), bytes);
  }
  if (!isOperation(kernel)) return undefined;
  if (param === 'first touch') return cold((room, s) => firstTouch(room, kernel, s), PAGE_BYTES);
  return param === 'na' || param === 'same line' ? small((room) => backToBack(room, kernel)) : 'unknown';
}

function loads(kernel: 'chase' | 'mlp' | 'indep_loads' | 'stream_loads', of: Numbers): Request {
  const bytes = 1024 * of.number('KiB', 4, 1 << 20);
  if (kernel === 'chase') return { bytes, run: (room) => chaseLines(room, bytes) };
  if (kernel === 'indep_loads') return { bytes, run: (room) => indexedLoads(room, bytes) };
  if (kernel === 'stream_loads') {
    const stride = of.number('stride', 8, PAGE_BYTES);
    return { bytes, run: (room) => streamLoads(room, bytes, stride) };
  }
  const chains = of.number('chains', 1, 12);
  return { bytes, run: (room) => parallelChains(room, bytes, chains) };
}

/** Mebibytes of the smallest space with room for so many bytes of data; undefined beyond the largest. */
function spaceFor(bytes: number): number | undefined {
  for (let mebibytes = 8; mebibytes <= MOST_MIB; mebibytes *= 2) {
    if (BESIDE + bytes <= mebibytes * 1024 * 1024) return mebibytes;
  }
  return undefined;
}

/** The numbers in the parameters of a row. */
class Numbers {
  /** Whether one that was asked for is missing or out of its range. */
  missing = false;
  readonly #param: string;

  constructor(param: string) {
    this.#param = param;
  }

  number(name: string, low: number, high: number): number {
    const match = new RegExp(`(?:^|;)${name}=(\\d{1,9})(?:;|$)`).exec(this.#param);
    const value = match === null ? Number.NaN : Number(match[1]);
    if (!(value >= low && value <= high)) this.missing = true;
    return value;
  }
}
