/** What a search and a bind cost at one population, in every state, with every part of the bind named. */
import type { Cycle } from '../../model/units.ts';
import { CAUSE_COUNT } from '../../x86/cause.ts';
import { SITES, type Site } from '../../x86/sites.ts';
import { totalOf } from '../accounts.ts';
import type { Board } from '../guest.ts';
import { CACHE_STATES, type Scenario } from '../scenario.ts';
import type { PopulationSpec } from './placement.ts';
import { PopulatedGuest } from './populated-guest.ts';

/** Parts of a bind, in the order in which they are printed; they sum to it. */
export const BIND_PARTS = {
  find: 'the search for an unused isrc, with its locks',
  port_search: "Xen's own linear search for a free port, get_free_port",
  hypercalls: 'the rest of the hypercalls: exits, entries and all of Xen',
  add_handler: 'intr_add_handler and intr_event_add_handler, without their hypercalls',
  assign_cpu: 'the choice of a CPU and xen_intr_assign_cpu, without its hypercalls',
  rest: 'filling and publishing the isrc, and the function itself',
} as const;

/** One of them. */
export type BindPart = keyof typeof BIND_PARTS;

/** Calls before the measured ones: enough for predictors and caches to settle. */
const WARM_UP = 4;

/** One bind in one state at one population. */
export interface BindCost {
  /** As a whole. */
  readonly cycles: Cycle;
  readonly parts: Readonly<Record<BindPart, Cycle>>;
}

/**
 * Cycles of one search alone at a population, in each of `CACHE_STATES`, on a guest of its own: the same whatever
 * else is measured.
 *
 * @param scenario its strategy counts, its state of the caches does not
 * @param board of at least 16 MiB; what is on it goes
 */
export function measureFinds(scenario: Scenario, spec: PopulationSpec, board: Board): Cycle[] {
  const guest = guestOn(board, scenario, spec);
  for (let call = 0; call < WARM_UP; call++) guest.find('warm');
  return CACHE_STATES.map((cache) => guest.find(cache));
}

/** The same for one bind as a whole. */
export function measureBinds(scenario: Scenario, spec: PopulationSpec, board: Board): BindCost[] {
  const guest = guestOn(board, scenario, spec);
  for (let call = 0; call < WARM_UP; call++) guest.bind('warm');
  return CACHE_STATES.map((cache) => {
    const cycles = guest.bind(cache);
    return { cycles, parts: partsOf(guest.inFind, guest.inBind) };
  });
}

function guestOn(board: Board, scenario: Scenario, spec: PopulationSpec): PopulatedGuest {
  board.memory.clear();
  board.uncore.reset();
  return new PopulatedGuest(scenario, spec, board);
}

function partsOf(inFind: Float64Array, inBind: Float64Array): Record<BindPart, Cycle> {
  const parts = {
    find: totalOf(inFind),
    port_search: 0,
    hypercalls: 0,
    add_handler: 0,
    assign_cpu: 0,
    rest: 0,
  };
  for (let i = 0; i < inBind.length; i++) {
    if (inBind[i] !== 0) parts[partOf(SITES[Math.floor(i / CAUSE_COUNT)]!)] += inBind[i]!;
  }
  return parts;
}

function partOf({ file, fn }: Site): BindPart {
  if (fn === 'get_free_port') return 'port_search';
  if (file.startsWith('xen/') || file === '(hardware)') return 'hypercalls';
  if (/add_handler|enable_(intr|source)/.test(fn)) return 'add_handler';
  if (/assign_cpu|intr_next_cpu|intr_event_bind/.test(fn)) return 'assign_cpu';
  return 'rest';
}
