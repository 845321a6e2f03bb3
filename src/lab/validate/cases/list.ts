/** Cases of the free lists: N or pool says how many sources there are, in the order of the table. */
import type { Addr } from '../../../model/units.ts';
import { NOW } from '../../../x86/core.ts';
import type { Machine } from '../../../x86/machine.ts';
import { LINE_BYTES } from '../../../x86/memory.ts';
import { type Case, type Effort, steadyEffort } from '../case.ts';
import {
  fifoCycle,
  fifoPop,
  fifoPush,
  lifoCycle,
  slistDrain,
  slistFill,
  slistPop,
  slistPush,
} from '../kernels/list.ts';
import { slistPopLocked, slistPushLocked } from '../kernels/locked-list.ts';
import { POOL, SOURCE, UNOWNED } from '../layout.ts';
import { MOST_SOURCES, type Parameters } from '../parameters.ts';
import { type Layout, populate } from '../population.ts';
import { Room } from '../room.ts';

/** What a list kernel works on: a list of all sources, or (for a push) of all but the first. */
interface List {
  readonly room: Room;
  readonly pool: Addr;
  readonly sources: readonly Addr[];
}

/** A kernel, and what puts its list back before each call. */
interface Operation {
  readonly call: () => void;
  readonly restore: () => void;
  readonly effort: Effort;
}

/** Timed calls of a cycle through the list, once it has gone round. */
const CYCLES = 256;
const SHORT = steadyEffort(10);

/** The list kernels by name. */
export const LIST_KERNELS: Readonly<Record<string, (list: List) => Operation>> = {
  slist_pop: (l) => popping(l, () => slistPop(l.room.core, l.pool)),
  slist_push: (l) => pushing(l, (e) => slistPush(l.room.core, l.pool, e)),
  slist_pop_lk: (l) => popping(l, () => slistPopLocked(l.room.core, l.pool, l.room.percpu)),
  slist_push_lk: (l) => pushing(l, (e) => slistPushLocked(l.room.core, l.pool, e, l.room.percpu)),
  slist_drain: (l) => ({
    effort: steadyEffort(6 * l.sources.length),
    restore: () => setHead(l, l.sources[0]!),
    call: () => slistDrain(l.room.core, l.pool),
  }),
  slist_fill: (l) => ({
    effort: steadyEffort(10 * l.sources.length),
    restore: () => setHead(l, 0),
    call: () => slistFill(l.room.core, l.room.scalars, l.pool, l.sources.length),
  }),
  fifo_pop: (l) => popping(l, () => fifoPop(l.room.core, l.pool)),
  fifo_push: (l) => ({
    effort: SHORT,
    restore: () => {
      setHead(l, l.sources[1] ?? 0);
      const tail = l.sources.length > 1 ? l.sources.at(-1)! + SOURCE.link : l.pool + POOL.head;
      l.room.core.store64(tail, 0, 0, NOW);
      l.room.core.store64(l.pool + POOL.tail, tail, 0, NOW);
    },
    call: () => fifoPush(l.room.core, l.pool, l.sources[0]!),
  }),
  lifo_cycle: (l) => ({
    effort: SHORT,
    restore: () => {},
    call: () => lifoCycle(l.room.core, l.pool),
  }),
  fifo_cycle: (l) => ({
    effort: { warmUp: l.sources.length, timed: CYCLES, places: 'random' },
    restore: () => {},
    call: () => fifoCycle(l.room.core, l.pool),
  }),
};

/** The case of a list kernel. */
export function listCase(machine: Machine, kernel: string, p: Parameters, layout: Layout): Case {
  const n = p.integer(p.has('pool') ? 'pool' : 'N', 1, MOST_SOURCES);
  const room = new Room(machine);
  const { memory, core, uncore } = room;
  const { sources, data, lines } = populate(room, n, layout);
  const pool = memory.place('pool', POOL.bytes, LINE_BYTES);
  data.add(pool, POOL.bytes);
  memory.poke64(pool + POOL.lock, UNOWNED);
  memory.poke64(pool + POOL.head, sources[0]!);
  memory.poke64(pool + POOL.tail, sources[n - 1]! + SOURCE.link);
  sources.forEach((source, i) => {
    memory.poke64(source + SOURCE.link, sources[i + 1] ?? 0);
  });
  return { core, uncore, data, touched: lines, ...LIST_KERNELS[kernel]!({ room, pool, sources }) };
}

function popping(l: List, call: () => void): Operation {
  return { effort: SHORT, restore: () => setHead(l, l.sources[0]!), call };
}

function pushing(l: List, call: (e: Addr) => void): Operation {
  return { effort: SHORT, restore: () => setHead(l, l.sources[1] ?? 0), call: () => call(l.sources[0]!) };
}

function setHead(l: List, head: Addr): void {
  l.room.core.store64(l.pool + POOL.head, head, 0, NOW);
}
