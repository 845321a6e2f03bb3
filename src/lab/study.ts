/**
 * The main job: the bundled recordings with every strategy, and from how many isrcs on the strategy matters.
 */

import { strategyByName } from '../intr/alloc/strategies.ts';
import { type Cell, integer, type Table, text } from '../model/table.ts';
import { breakEven, findCycles, MOST_ISRCS } from './break-even.ts';
import { unmasksOf } from './catalogue.ts';
import type { Labelled } from './compare.ts';
import { CACHE_STATES, DEFAULT_NAMES, type Scenario, scenarioOf } from './scenario.ts';
import { numberOf, STAGE_CYCLES, STAGE_FUNCTION, STAGE_OPERATION } from './tables.ts';

/** The machines of the break-even table: one of each maker, so that it stays short. */
export const BREAK_EVEN_MACHINES = ['zen5', 'skylake-sp'] as const;

/** Its guests: the generations that differ in how they search. */
export const BREAK_EVEN_GUESTS = ['freebsd-a', 'freebsd-c'] as const;

/** A break-even point between two strategies. */
export interface BreakEven {
  readonly scenario: Scenario;
  readonly cache: string;
  /** Least number of isrcs at which `linear` costs more than `slist`; undefined if never. */
  readonly isrcs: number | undefined;
  readonly slistCycles: number;
  readonly linearMostCycles: number;
}

/** Break-even of `linear` against `slist` on each machine and guest, in each state of the caches. */
export function breakEvens(machines: readonly string[], guests: readonly string[]): BreakEven[] {
  const linear = strategyByName('linear');
  const slist = strategyByName('slist');
  const places = machines.flatMap((machine) => guests.map((guest) => ({ machine, guest })));
  return places.flatMap(({ machine, guest }) =>
    CACHE_STATES.map((cache) => {
      const scenario = scenarioOf({ ...DEFAULT_NAMES, machine, guest, cache });
      return {
        scenario,
        cache,
        isrcs: breakEven(scenario, linear, slist, cache),
        slistCycles: findCycles(scenario, slist, MOST_ISRCS, cache),
        linearMostCycles: findCycles(scenario, linear, MOST_ISRCS, cache),
      };
    }),
  );
}

/** Break-even points as a table. */
export function breakEvenTable(points: readonly BreakEven[]): Table {
  const schema = 'upcall.break-even/1.0';
  const columns = [
    text('schema', 'name and version of this table'),
    text('machine', 'modelled machine'),
    text('guest', 'generation of the FreeBSD code'),
    text('cache', 'state of the data when the search begins'),
    text('validation', 'whether cycles of this machine were compared with silicon'),
    integer('break_even_isrcs', 'isrcs', 'neutral', 'from so many isrcs on linear costs more than slist'),
    integer('slist_cycles', 'cycles', 'lower', 'one search with slist'),
    integer('linear_4095_cycles', 'cycles', 'lower', 'one search with linear that finds the last of 4,095'),
  ];
  const rows = points.map((p): Cell[] => {
    const { machine, generation } = p.scenario;
    const cells = [p.isrcs ?? null, p.slistCycles, p.linearMostCycles];
    return [schema, machine.name, generation.name, p.cache, machine.validation, ...cells];
  });
  return { schema, columns, keys: 4, rows };
}

/** What the main job says about one recording on one machine and guest: label and text, in reading order. */
export interface StudySection {
  readonly heading: string;
  readonly lines: ReadonlyArray<readonly [label: string, text: string]>;
}

/** Groups runs that differ in the strategy only, and says what each group shows. */
export function studySections(runs: readonly Labelled[]): StudySection[] {
  const groups = new Map<string, Labelled[]>();
  for (const run of runs) {
    const heading = `${run.trace} on ${run.machine}, ${run.guest}, caches ${run.cache}${unusual(run)} (${run.validation})`;
    groups.set(heading, [...(groups.get(heading) ?? []), run]);
  }
  return [...groups].map(([heading, group]) => ({ heading, lines: sectionLines(group) }));
}

/** What a run was told about Xen and unmasking beside the defaults. */
function unusual({ guest, delivery, scheduler, unmask }: Labelled): string {
  const names: ReadonlyArray<readonly [kind: string, name: string, standard: string]> = [
    ['delivery', delivery, DEFAULT_NAMES.delivery],
    ['scheduler', scheduler, DEFAULT_NAMES.scheduler],
    ['unmask', unmask, unmasksOf(guest)[0]!],
  ];
  return names.map(([kind, name, standard]) => (name === standard ? '' : `, ${kind} ${name}`)).join('');
}

function sectionLines(group: readonly Labelled[]): Array<[string, string]> {
  const run = group.find((r) => r.strategy === 'slist') ?? group[0]!;
  const of = (column: string) => shown(run, column);
  const counts = [
    'binds',
    'unbinds',
    'sends',
    'upcalls',
    'delivered',
    'coalesced',
    'cancelled',
    'lost',
    'still_pending',
  ];
  const lines: Array<[string, string]> = [
    ['events', counts.map((c) => `${c.replace('_', ' ')} ${of(c)}`).join(', ')],
    [
      'upcall cycles',
      `p50 ${of('upcall_p50_cycles')}, p99 ${of('upcall_p99_cycles')}, max ${of('upcall_max_cycles')}`,
    ],
    ['upcall spent in', sharesText(run, 'upcall')],
  ];
  for (const r of group) {
    if (numberOf(r.result, 'binds') === 0) continue;
    const find = `find ${shown(r, 'find_mean_cycles')}`;
    lines.push([`bind cycles, ${r.strategy}`, `mean ${shown(r, 'bind_mean_cycles')}, of which ${find}`]);
  }
  if (numberOf(run.result, 'binds') !== 0) lines.push(['bind spent in', sharesText(run, 'bind')]);
  return lines;
}

/** Functions named in a share line before the rest is summed. */
const SHARES = 6;

function sharesText(run: Labelled, operation: string): string {
  return shares(run, operation, SHARES)
    .map(([name, percent]) => `${name} ${percent} %`)
    .join(', ');
}

/** What the main job says about break-even points. */
export function breakEvenLines(points: readonly BreakEven[]): Array<[string, string]> {
  return points.map((p): [string, string] => {
    const where = `${p.scenario.machine.name}, ${p.scenario.generation.name}, ${p.cache}`;
    const at =
      p.isrcs === undefined ? `linear is never dearer up to ${MOST_ISRCS}` : `from ${p.isrcs} isrcs on`;
    return [where, `${at} (slist ${p.slistCycles} cycles; linear ${p.linearMostCycles} at ${MOST_ISRCS})`];
  });
}

/** Functions with the largest share of an operation's cycles, in percent with one decimal, largest first. */
function shares(run: Labelled, operation: string, most: number): Array<[name: string, percent: string]> {
  const sums = new Map<string, number>();
  let total = 0;
  for (const row of run.result.stages) {
    if (row[STAGE_OPERATION] !== operation) continue;
    const cycles = Number(row[STAGE_CYCLES]);
    const name = String(row[STAGE_FUNCTION]);
    sums.set(name, (sums.get(name) ?? 0) + cycles);
    total += cycles;
  }
  const order = [...sums].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const percent = (cycles: number) => ((100 * cycles) / total).toFixed(1);
  const shown = order.slice(0, most).map(([name, cycles]): [string, string] => [name, percent(cycles)]);
  const rest = order.slice(most).reduce((n, [, cycles]) => n + cycles, 0);
  return rest === 0 ? shown : [...shown, [`${order.length - most} others`, percent(rest)]];
}

/** A number of a run as text; a dash where there is none. */
function shown(run: Labelled, column: string): string {
  const n = numberOf(run.result, column);
  if (n === null) return '-';
  return Number.isInteger(n) ? String(n) : n.toFixed(0);
}
