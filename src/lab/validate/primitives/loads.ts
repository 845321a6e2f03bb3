/** Loads: chains through memory, several beside one another, from an index list, in a stream. A figure for each load. */
import { RandomStream } from '../../../model/random.ts';
import type { Addr, Ready } from '../../../model/units.ts';
import { type Core, NOW } from '../../../x86/core.ts';
import { LINE_BYTES, PAGE_BYTES } from '../../../x86/memory.ts';
import { SEED } from '../places.ts';
import type { Figure } from '../protocol.ts';
import type { Room } from '../room.ts';
import { chill, DataLines, type State } from '../states.ts';
import { loopSites, oneCall, primitiveFile, runLoop, scaled } from './loop.ts';

const file = primitiveFile('loads');
const LOADS_A_TURN = 8;
const chase = loopSites(file.fn('p_chase'), LOADS_A_TURN);
const parallel = loopSites(file.fn('p_mlp8'), LOADS_A_TURN);
const parallel12 = loopSites(file.fn('p_mlp12'), 12);
const indexed = loopSites(file.fn('p_indep'), 20);
const stream = loopSites(file.fn('p_stream'), 12, 14, 6);

/** Loads of one call at most: a call has to stay below the limit of relative times. */
const MOST_LOADS = 1 << 16;
/** Timed loads, when the lines are fewer and when they are more. */
const FEW_LOADS = 2048;
const MANY_LOADS = 1 << 14;
const INDICES = 2048;

/** Addresses that form one cycle: each holds the next. */
class Cycle {
  readonly first: Addr;
  readonly length: number;

  /** Links `places` in random order. */
  constructor(room: Room, places: Addr[]) {
    new RandomStream(SEED, 'order of the chase').shuffle(places);
    places.forEach((place, i) => {
      room.memory.poke64(place, places[(i + 1) % places.length]!);
    });
    this.first = places[0]!;
    this.length = places.length;
  }
}

/** chase: a chain through every line of `bytes` bytes. */
export function chaseLines(room: Room, bytes: number): Figure {
  const base = room.memory.place('lines', bytes, PAGE_BYTES);
  return steady(room, new Cycle(room, lines(base, bytes / LINE_BYTES, LINE_BYTES)), 1);
}

/** chase_page: a chain through one line of each page. */
export function chasePages(room: Room, pages: number): Figure {
  const base = room.memory.place('pages', pages * PAGE_BYTES, PAGE_BYTES);
  const places = lines(base, pages, PAGE_BYTES).map((page, i) => page + (i % 64) * LINE_BYTES);
  return steady(room, new Cycle(room, places), 1);
}

/** mlp: `chains` chains through the lines of `bytes` bytes, from random places on. */
export function parallelChains(room: Room, bytes: number, chains: number): Figure {
  const base = room.memory.place('lines', bytes, PAGE_BYTES);
  return steady(room, new Cycle(room, lines(base, bytes / LINE_BYTES, LINE_BYTES)), chains);
}

/** chase_cold: one pass in random order over `count` lines that left the caches as the state says. */
export function chaseCold(room: Room, count: number, step: number, state: State): Figure {
  const { core, memory, uncore } = room;
  const base = memory.place('lines', count * step, PAGE_BYTES);
  const data = new DataLines(memory);
  const places = lines(base, count, step);
  for (const place of places) data.add(place, 8);
  const cycle = new Cycle(room, places);
  const pass = () => void walk(core, [cycle.first], count);
  for (let i = 0; i < 2; i++) oneCall(core, pass);
  chill(core, uncore, data, state);
  return scaled(oneCall(core, pass), count);
}

/** indep_loads: lines of `bytes` bytes from an index list, new for each call. */
export function indexedLoads(room: Room, bytes: number): Figure {
  const { core, memory } = room;
  const base = memory.place('lines', bytes, PAGE_BYTES);
  const list = memory.place('indices', 4 * INDICES, PAGE_BYTES);
  const random = new RandomStream(SEED, 'indices of the loads');
  const run = () => {
    let next = 0;
    runLoop(core, indexed, INDICES / 4, (dep) => {
      let sum = NOW;
      for (let i = 0; i < 4; i++) {
        const index = core.load32(list + 4 * next++, NOW);
        const at = core.alu(core.shift(index));
        const line = random.below(bytes / LINE_BYTES);
        sum = core.alu(core.join(sum, core.load64(base + line * LINE_BYTES, at)));
      }
      return core.join(dep, sum);
    });
  };
  // Every line is touched first, as the measurement's calls before this one did.
  const all = new Cycle(room, lines(base, bytes / LINE_BYTES, LINE_BYTES));
  round(core, all);
  for (let i = 0; i < 2; i++) oneCall(core, run);
  return scaled(oneCall(core, run), INDICES);
}

/** stream_loads: ascending loads over `bytes` bytes, pass after pass. */
export function streamLoads(room: Room, bytes: number, stride: number): Figure {
  const { core, memory } = room;
  const base = memory.place('lines', bytes, PAGE_BYTES);
  const n = bytes / stride;
  const pass = () => {
    let at = base;
    let tAt: Ready = NOW;
    runLoop(core, stream, n / 4, (dep) => {
      // The four addresses come from the first, the four words are added up before they join the sum.
      let sum = NOW;
      for (let i = 0; i < 4; i++) {
        sum = core.alu(core.join(sum, core.load64(at, i === 0 ? tAt : core.alu(tAt))));
        at += stride;
      }
      tAt = core.alu(tAt);
      return core.join(dep, sum);
    });
  };
  for (let i = 0; i < 2; i++) oneCall(core, pass);
  return scaled(oneCall(core, pass), n);
}

/** Chains in the steady state: once round the whole cycle, then timed. */
function steady(room: Room, cycle: Cycle, chains: number): Figure {
  const { core, memory } = room;
  const random = new RandomStream(SEED, 'starts of the chains');
  const at = round(core, cycle);
  const starts = Array.from({ length: chains }, (_, i) => {
    let start = at;
    if (i > 0) for (let n = random.below(cycle.length); n > 0; n--) start = memory.peek32(start);
    return start;
  });
  const group = chains === 12 ? 12 : LOADS_A_TURN;
  const n = Math.floor(Math.min(MANY_LOADS, Math.max(FEW_LOADS, cycle.length)) / group) * group;
  let from = starts;
  const call = () => {
    from = walk(core, from, n);
  };
  // A first call of the same kind, for the predictors.
  oneCall(core, call);
  return scaled(oneCall(core, call), n);
}

/** Once round a cycle; returns where that ends. */
function round(core: Core, cycle: Cycle): Addr {
  let at: Addr[] = [cycle.first];
  for (let left = cycle.length; left > 0; left -= MOST_LOADS) {
    const n = Math.min(left, MOST_LOADS);
    oneCall(core, () => {
      at = walk(core, at, n);
    });
  }
  return at[0]!;
}

/** `n` loads on chains that take turns; returns where each has got to. */
function walk(core: Core, starts: readonly Addr[], n: number): Addr[] {
  const at = [...starts];
  const ready: Ready[] = at.map(() => NOW);
  const each = at.length === 12 ? 12 : LOADS_A_TURN;
  runLoop(core, at.length === 12 ? parallel12 : at.length === 1 ? chase : parallel, n / each, () => {
    for (let i = 0; i < each; i++) {
      const chain = i % at.length;
      ready[chain] = core.load64(at[chain]!, ready[chain]!);
      at[chain] = core.lo;
    }
    return NOW;
  });
  return at;
}

function lines(base: Addr, count: number, step: number): Addr[] {
  return Array.from({ length: count }, (_, i) => base + i * step);
}
