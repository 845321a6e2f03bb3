/** Cases of the linear scans and of the rotor. */

import { NOW } from '../../../x86/core.ts';
import type { Machine } from '../../../x86/machine.ts';
import { type Case, type Effort, randomEffort, steadyEffort } from '../case.ts';
import { rotor } from '../kernels/rotor.ts';
import { scanCall, scanInline } from '../kernels/scan.ts';
import { SOURCE } from '../layout.ts';
import { MOST_SOURCES, type Parameters } from '../parameters.ts';
import { Places } from '../places.ts';
import { type Layout, populate } from '../population.ts';
import { Room } from '../room.ts';

/** Kind of a source in use: what the search stores. */
const USED = 1;

/** Instructions of a step of the scans and of the rotor, for the number of calls only. */
const INLINE_STEP = 10;
const CALL_STEP = 20;
const ROTOR_STEP = 12;

/** lscan_inline and lscan_call: N sources, the last, a random one or none of them free. */
export function scanCase(machine: Machine, p: Parameters, layout: Layout, inline: boolean): Case {
  const n = p.integer('N', 1, MOST_SOURCES);
  const free = p.word('free', ['end', 'rand', 'none']);
  const room = new Room(machine);
  const { core, scalars } = room;
  const { sources, data, lines } = populate(room, n, layout);
  const step = inline ? INLINE_STEP : CALL_STEP;
  const effort = effortOf(free === 'rand', n * step);
  const place = placesOf(free, n, effort);
  return {
    core,
    uncore: room.uncore,
    effort,
    data,
    touched: lines,
    restore: () => {
      const i = place();
      if (i >= 0) core.store32(sources[i]! + SOURCE.kind, 0, NOW);
    },
    call: () => (inline ? scanInline(core, scalars, USED) : scanCall(core, scalars, USED)),
  };
}

/** rotor: on from where the call before ended, the free source `dist` steps away or none free. */
export function rotorCase(machine: Machine, p: Parameters, layout: Layout): Case {
  const n = p.integer('N', 1, MOST_SOURCES);
  const none = p.has('free') && p.word('free', ['none']) === 'none';
  const dist = none ? n : p.integer('dist', 1, n);
  const room = new Room(machine);
  const { core, scalars, memory } = room;
  const { sources, data, lines } = populate(room, n, layout);
  return {
    core,
    uncore: room.uncore,
    effort: randomEffort(dist * ROTOR_STEP),
    data,
    touched: lines,
    restore: () => {
      if (none) return;
      const start = memory.peek32(scalars.rotor);
      core.store32(sources[(start + dist - 1) % n]! + SOURCE.kind, 0, NOW);
    },
    call: () => rotor(core, scalars, USED),
  };
}

/** Calls for a scan of so many instructions, half as many when its place is random. */
export function effortOf(random: boolean, instructions: number): Effort {
  return random ? randomEffort(instructions / 2) : steadyEffort(instructions);
}

/** Which source is free in the next call; -1 for none. */
export function placesOf(free: 'end' | 'rand' | 'none', n: number, effort: Effort): () => number {
  if (free !== 'rand') return () => (free === 'end' ? n - 1 : -1);
  const places = new Places('free', n, effort);
  return () => places.next();
}
