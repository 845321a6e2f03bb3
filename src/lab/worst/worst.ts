/**
 * Searches for the worst case of a scenario, replays what was found, makes it as small as it can be, and says how it
 * compares with what can be derived. Every figure is that of a replay of the trace alone; the search's own are estimates.
 */
import { unmaskOf } from '../../intr/local-unmask.ts';
import { unknownName, usageError } from '../../model/errors.ts';
import type { Cycle } from '../../model/units.ts';
import { type TraceHeader, type TraceRow, VERSION } from '../../trace/table.ts';
import { DEFAULT_NAMES, type Scenario } from '../scenario.ts';
import { playerFor, playRows } from './arena.ts';
import { FindTarget } from './find-target.ts';
import { search } from './search.ts';
import { shrink } from './shrink.ts';
import type { CaseText, Target } from './target.ts';
import type { UpcallCase } from './upcall-case.ts';
import { UpcallTarget } from './upcall-target.ts';

/** What can be searched for. */
export const TARGETS: ReadonlyArray<readonly [name: string, what: string]> = [
  ['scan', 'the longest upcall'],
  ['starve', 'the longest wait of an event for its handler, while others are served'],
  ['find', 'the longest search for an unused isrc'],
];

/** What to search. */
export interface WorstOptions {
  readonly target: string;
  readonly scenario: Scenario;
  /** Ports, or isrcs, that may be used: 2..4095. */
  readonly ports: number;
  /** Events of a pattern, 1..512; no matter to `find`. */
  readonly events: number;
  /** Estimates of the search, 1..10^7. */
  readonly budget: number;
  readonly seed: number;
  /** What is made smaller must still cost so many thousandths, 1..1000. */
  readonly keepPermille: number;
  /** Replays while it is made smaller, 0..10^6. */
  readonly replays: number;
}

/** What was found. */
export interface WorstFound {
  readonly options: WorstOptions;
  readonly method: string;
  /** Column of `runs` that was made large. */
  readonly column: string;
  /** That column, of a replay of a plain case of the same size. */
  readonly plainCycles: Cycle;
  /** Of a replay of what the search found, and of the trace that is written. */
  readonly foundCycles: Cycle;
  readonly cycles: Cycle;
  readonly evaluations: number;
  readonly replays: number;
  readonly minimal: boolean;
  readonly before: CaseText;
  readonly after: CaseText;
  /** Looks at a group's active ports by all upcalls of the pattern, and how many there can be at most; FreeBSD with the 2-level ABI. */
  readonly looks: Bounded | undefined;
  /** Events that came after one and were served before it, at least. */
  readonly overtaken: Bounded | undefined;
  readonly header: TraceHeader;
  readonly rows: () => Iterable<TraceRow>;
}

/** A count beside its bound. */
export interface Bounded {
  readonly found: number;
  readonly most: number;
}

/** What a replay of rows comes to. */
export interface Replayed {
  readonly cycles: Cycle;
  readonly score: number;
  readonly looks: number;
  readonly upcalls: number;
  readonly overtaken: number;
}

/** Searches; a UserError (exit 2) for options out of range. */
export function findWorst(o: WorstOptions): WorstFound {
  within('ports', o.ports, 2, 4095);
  within('events', o.events, 1, 512);
  within('budget', o.budget, 1, 1e7);
  within('keep', o.keepPermille, 1, 1000);
  within('replays', o.replays, 0, 1e6);
  const { scenario, target } = o;
  if (target === 'find') return worstOf(o, new FindTarget(scenario, o.ports), () => undefined);
  if (target === 'scan' || target === 'starve') {
    const of = new UpcallTarget(target, scenario, o.ports, o.events);
    return worstOf(o, of, (c, run) => looksOf(scenario, of, c, run));
  }
  throw unknownName(
    'target',
    target,
    TARGETS.map(([name]) => name),
  );
}

function worstOf<C>(
  o: WorstOptions,
  target: Target<C>,
  looksOf: (c: C, run: Replayed) => Bounded | undefined,
): WorstFound {
  const { scenario, seed, budget, keepPermille } = o;
  const searched = search(target, budget, seed);
  let replays = 0;
  const replayed = (c: C) => {
    replays++;
    return replayOf(scenario, target, target.rows(c));
  };
  const candidates = searched.worst.map(({ c }) => ({ c, run: replayed(c) }));
  // Of two as bad, the one that the search takes for worse.
  const found = candidates.reduce((worst, next) => (next.run.score > worst.run.score ? next : worst));
  const least = Math.ceil((found.run.score * keepPermille) / 1000);
  const simpler = (c: C) => target.simpler(c);
  const shrunk = shrink(found.c, least, simpler, (c) => replayed(c).score, o.replays);
  const smallRun = replayed(shrunk.c);
  const plain = target.plain(shrunk.c);
  const plainRun = replayed(plain);
  // What ends below a plain case of its size has found that one.
  const below = plainRun.score > smallRun.score;
  const small = below ? { c: plain, minimal: false } : shrunk;
  const run = below ? plainRun : smallRun;
  const after = target.describe(small.c);
  const plainCycles = plainRun.cycles;
  return {
    options: o,
    method: searched.method,
    column: target.column,
    plainCycles,
    foundCycles: found.run.cycles,
    cycles: run.cycles,
    evaluations: searched.evaluations,
    replays,
    minimal: small.minimal,
    before: target.describe(found.c),
    after,
    looks: looksOf(small.c, run),
    overtaken: target.name === 'find' ? undefined : { found: run.overtaken, most: after.size - 1 },
    header: headerOf(o, target.column, run.cycles),
    rows: () => target.rows(small.c),
  };
}

/** A replay of a case from its beginning on a new guest, as `upcall replay` makes it. */
export function replayOf<C>(scenario: Scenario, target: Target<C>, rows: Iterable<TraceRow>): Replayed {
  const player = playerFor(scenario);
  playRows(player, rows);
  const { vcpus } = player.finish();
  const { looks } = vcpus.guest.kernel.scanner();
  const { upcalls } = vcpus.stats.counts;
  const score = target.score(player);
  return { cycles: target.figure(player), score, looks, upcalls, overtaken: vcpus.overtaken };
}

/**
 * Looks of the upcalls of a pattern, those before it left out, and the most there can be. With P events pending at
 * first, A that arrive, and U upcalls: a visit to a group looks once for each port it serves, once in vain, and once
 * at the end. A group is visited because an event has set its bit of the selector (P + A), once more because an
 * arrival came behind the position (A), and once more in each upcall because the first visit began behind the cursor
 * (U): (P + A) + 2 (P + 2 A + U).
 */
export function looksOf(
  scenario: Scenario,
  target: UpcallTarget,
  c: UpcallCase,
  run: Replayed,
): Bounded | undefined {
  const { abi, findsIsrcs } = scenario.generation;
  if (abi !== '2-level' || !findsIsrcs) return undefined;
  const before = replayOf(scenario, target, target.prelude(c));
  const pending = c.pending.length;
  const arrivals = c.arrivals.length;
  const upcalls = run.upcalls - before.upcalls;
  return { found: run.looks - before.looks, most: 3 * pending + 5 * arrivals + 2 * upcalls };
}

function headerOf(o: WorstOptions, column: string, cycles: Cycle): TraceHeader {
  const { machine, generation, strategy, cache, delivery, scheduler, unmask, changes } = o.scenario;
  const words = [
    `upcall worst --target ${o.target} --machine ${machine.name} --guest ${generation.name}`,
    ...(generation.findsIsrcs ? [`--strategy ${strategy.name}`] : []),
    ...(delivery.name === DEFAULT_NAMES.delivery ? [] : [`--delivery ${delivery.name}`]),
    ...(scheduler === DEFAULT_NAMES.scheduler ? [] : [`--scheduler ${scheduler}`]),
    ...(unmask === unmaskOf(generation, undefined) ? [] : [`--unmask ${unmask}`]),
    `--cache ${cache} --ports ${o.ports} --events ${o.events} --budget ${o.budget} --seed ${o.seed}`,
    `--keep ${o.keepPermille} --replays ${o.replays}`,
    ...changes.split(' ').map((change) => (change === '' ? '' : `--set ${change}`)),
  ];
  return {
    version: VERSION,
    name: `worst-${o.target}-${machine.name}-${generation.name}`,
    clockHz: machine.n.clockHz,
    vcpus: 1,
    notes: [
      ['source', words.filter((word) => word !== '').join(' ')],
      ['shows', `${column} ${cycles} on this machine and guest, caches ${cache}`],
    ],
  };
}

function within(what: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw usageError(`--${what} is ${value}, expected an integer ${low}..${high}`);
  }
}
