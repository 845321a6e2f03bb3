/** The reports of `upcall downstream`: upcalls after each history, and where their cycles differ from the boot's. */
import { type Cell, type Column, integer, ratio, sortRows, type Table, text } from '../../model/table.ts';
import { numberOf, STAGE_CAUSE, STAGE_FUNCTION } from '../tables.ts';
import { perOperation } from '../whatif.ts';
import type { DownstreamRun } from './downstream.ts';

const SCHEMA = 'upcall.downstream/1.0';
const STAGES = 'upcall.downstream-stages/1.0';

const KEYS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('trace', 'name of the trace'),
  text('machine', 'modelled machine'),
  text('guest', 'generation of the FreeBSD code'),
  text('cache', 'state of the caches when an upcall or a bind begins'),
  text('changes', 'numbers that were set by hand'),
  integer('rounds', 'rounds', 'neutral', 'of churn: groups that were unbound and bound'),
  integer('group', 'ports', 'neutral', 'in a group'),
  integer('spare', 'isrcs', 'neutral', 'that a busier time before the churn left unused'),
  integer('seed', '', 'neutral', 'of the order in which ports are unbound, and of which'),
  text('history', 'none: isrcs in the order of the boot; churn: after the churn; shuffle: isrcs at random'),
  text('strategy', 'how an unused isrc is found; (random) is none'),
];

function keysOf(schema: string, { trace, scenario, history, churn }: DownstreamRun): Cell[] {
  const { machine, generation, strategy, cache, changes } = scenario;
  const { rounds, group, spare, seed } = churn;
  const names = [trace, machine.name, generation.name, cache, changes];
  return [schema, ...names, rounds, group, spare, seed, history, strategy.name];
}

const COLUMNS: readonly Column[] = [
  ...KEYS,
  text('validation', 'whether cycles of this machine were compared with silicon'),
  integer('upcalls', 'upcalls', 'neutral', 'upcalls taken'),
  ratio('upcall_mean_cycles', 'cycles', 'lower', 'mean of an upcall', 2),
  integer('upcall_p50_cycles', 'cycles', 'lower', 'median by nearest rank'),
  integer('upcall_p99_cycles', 'cycles', 'lower', '99th percentile by nearest rank'),
  ratio('upcall_difference_cycles', 'cycles', 'lower', 'mean less that of the boot order', 2),
  ratio('upcall_difference_percent', '%', 'lower', 'the same in percent of the boot order', 3),
  ratio('ithread_mean_cycles', 'cycles', 'lower', 'mean of a run of an ithread', 2),
  ratio('ithread_difference_cycles', 'cycles', 'lower', 'mean less that of the boot order', 2),
  integer('ports_served', 'ports', 'neutral', 'ports whose handlers ran'),
  integer('isrc_lines', 'lines', 'lower', 'distinct lines of their isrcs'),
  integer('event_lines', 'lines', 'lower', 'distinct lines of their events'),
  integer('handler_lines', 'lines', 'lower', 'distinct lines of their handlers, the word that upcalls read'),
  integer('counter_lines', 'lines', 'lower', 'distinct lines of their counters in intrcnt'),
  integer('port_table_lines', 'lines', 'lower', 'distinct lines of the port table'),
  integer('pages', 'pages', 'lower', 'distinct pages of 4 KiB of all of these'),
  integer('finds', 'searches', 'neutral', 'searches for an unused isrc during the trace'),
  ratio('find_mean_cycles', 'cycles', 'lower', 'mean of these, part of no upcall', 1),
  integer('before_binds', 'binds', 'neutral', 'binds of the history'),
  ratio('before_find_mean_cycles', 'cycles', 'lower', 'mean of their searches, part of no upcall', 1),
  ratio('before_bind_mean_cycles', 'cycles', 'lower', 'mean of these binds as a whole', 1),
];

const mean = (sum: number, count: number) => (count === 0 ? null : sum / count);

/** One row for each run. */
export function downstreamTable(runs: readonly DownstreamRun[]): Table {
  const rows = runs.map((run): Cell[] => {
    const { result, boot, touched, before, scenario } = run;
    const of = (column: string) => numberOf(result, column);
    const [upcall, bootUpcall] = [of('upcall_mean_cycles'), numberOf(boot.result, 'upcall_mean_cycles')];
    const [thread, bootThread] = [of('ithread_mean_cycles'), numberOf(boot.result, 'ithread_mean_cycles')];
    const difference = upcall === null || bootUpcall === null ? null : upcall - bootUpcall;
    return [
      ...keysOf(SCHEMA, run),
      scenario.machine.validation,
      of('upcalls'),
      upcall,
      of('upcall_p50_cycles'),
      of('upcall_p99_cycles'),
      difference,
      difference === null ? null : (100 * difference) / bootUpcall!,
      thread,
      thread === null || bootThread === null ? null : thread - bootThread,
      touched.ports,
      touched.isrcs,
      touched.events,
      touched.handlers,
      touched.counters,
      touched.portTable,
      touched.pages,
      of('find_count'),
      of('find_mean_cycles'),
      before.binds,
      mean(before.findCycles, before.binds),
      mean(before.bindCycles, before.binds),
    ];
  });
  return { schema: SCHEMA, columns: COLUMNS, keys: KEYS.length, rows: sortRows(rows, KEYS.length) };
}

const STAGE_COLUMNS: readonly Column[] = [
  ...KEYS,
  text('operation', 'upcall or ithread'),
  text('part', 'function: by C function; cause: by why retirement waited'),
  text('item', 'the function or cause'),
  ratio('boot_cycles', 'cycles', 'neutral', 'per operation, with isrcs in the order of the boot', 2),
  ratio('cycles', 'cycles', 'lower', 'per operation, after the history', 2),
  ratio('difference_cycles', 'cycles', 'lower', 'the second less the first', 2),
];

/** Where the cycles of upcalls and ithreads differ from those of the boot order; equal ones are left out. */
export function downstreamStagesTable(runs: readonly DownstreamRun[]): Table {
  const rows: Cell[][] = [];
  for (const run of runs) {
    for (const operation of ['upcall', 'ithread']) {
      for (const [part, column] of [
        ['function', STAGE_FUNCTION],
        ['cause', STAGE_CAUSE],
      ] as const) {
        const [was, is] = [run.boot, run].map((r) => perOperation(r.result, operation, column)) as [
          Map<string, number>,
          Map<string, number>,
        ];
        for (const item of [...new Set([...was.keys(), ...is.keys()])].sort()) {
          const [a, b] = [was.get(item) ?? 0, is.get(item) ?? 0];
          if (a !== b) rows.push([...keysOf(STAGES, run), operation, part, item, a, b, b - a]);
        }
      }
    }
  }
  const keys = KEYS.length + 3;
  return { schema: STAGES, columns: STAGE_COLUMNS, keys, rows: sortRows(rows, keys) };
}
