/** Contention as tables: one row for each run, and one for each lock of a run. */
import type { Histogram } from '../../model/histogram.ts';
import { type Cell, type Column, integer, ratio, type Table, text } from '../../model/table.ts';
import { guessedNumbers } from '../scenario.ts';
import type { ContentionResult } from './contention.ts';

const KEYS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('machine', 'modelled machine'),
  text('guest', "the guest's kernel"),
  text('strategy', 'how an unused isrc is found'),
  text('cache', 'state of the caches when a bind or unbind begins'),
  text('delivery', 'how upcalls reach the guest'),
  text('scheduler', "Xen's scheduler"),
  text('unmask', 'how the guest unmasks a port'),
  text('changes', 'numbers that were set by hand'),
  integer('vcpus', 'vcpus', 'neutral', 'vCPUs, each of which starts and stops guests'),
  integer('guests', 'guests', 'neutral', 'started by each vCPU before it stops them, four ports each'),
  integer('rounds', 'rounds', 'neutral', 'how often each vCPU does both'),
];

function keysOf(schema: string, { scenario, vcpus, load }: ContentionResult): Cell[] {
  const { machine, generation, strategy, cache, delivery, scheduler, unmask, changes } = scenario;
  const names = [machine.name, generation.name, strategy.name, cache, delivery.name, scheduler, unmask];
  return [schema, ...names, changes, vcpus, load.guests, load.rounds];
}

/** Cycles of all binds and unbinds of a run. */
function workCycles({ bind, unbind }: ContentionResult): number {
  return bind.sum + unbind.sum;
}

const mean = ({ sum, count }: Histogram): Cell => (count === 0 ? null : sum / count);

/** One row for each run. */
export function contentionTable(results: readonly ContentionResult[]): Table {
  const schema = 'upcall.contention/1.0';
  const columns = [
    ...KEYS,
    text('validation', 'whether cycles of this machine were compared with silicon'),
    integer('guessed_numbers', 'numbers', 'lower', 'machine and kernel numbers that nobody could source'),
    integer('binds', 'calls', 'neutral', 'binds, and as many unbinds'),
    integer('span_cycles', 'cycles', 'lower', 'modelled time from the first bind to the last thing done'),
    integer('binds_per_second', '1/s', 'higher', 'binds, each with its unbind, in a second of modelled time'),
    ratio('bind_mean_cycles', 'cycles', 'lower', 'mean of a bind: hypercalls and waits included', 1),
    integer('bind_p99_cycles', 'cycles', 'lower', '99th percentile of a bind by nearest rank'),
    ratio('unbind_mean_cycles', 'cycles', 'lower', 'mean of an unbind: hypercalls and waits included', 1),
    integer('unbind_p99_cycles', 'cycles', 'lower', '99th percentile of an unbind by nearest rank'),
    ratio('find_mean_cycles', 'cycles', 'lower', 'mean of the search for an unused isrc in a bind', 1),
    integer('wait_cycles', 'cycles', 'lower', 'from first attempts to takings, summed over all locks'),
    ratio('wait_share', '1', 'lower', 'of wait_cycles in the cycles of all binds and unbinds', 3),
    integer('upcalls', 'upcalls', 'neutral', 'upcalls taken meanwhile'),
  ];
  const rows = results.map((r): Cell[] => {
    const { machine, kernel } = guessedNumbers(r.scenario);
    const { clockHz } = r.scenario.machine.n;
    const wait = r.locks.reduce((n, l) => n + l.waitCycles, 0);
    return [
      ...keysOf(schema, r),
      r.scenario.machine.validation,
      machine + kernel,
      r.bind.count,
      r.spanCycles,
      Math.floor((r.bind.count * clockHz) / r.spanCycles),
      mean(r.bind),
      r.bind.percentile(99) ?? null,
      mean(r.unbind),
      r.unbind.percentile(99) ?? null,
      mean(r.find),
      wait,
      wait / workCycles(r),
      r.upcalls,
    ];
  });
  return { schema, columns, keys: KEYS.length, rows };
}

/** One row for each lock of each run. */
export function locksTable(results: readonly ContentionResult[]): Table {
  const schema = 'upcall.contention-locks/1.0';
  const columns = [
    ...KEYS,
    text('lock', 'name of the lock, or of all locks of a kind'),
    integer('taken', 'calls', 'neutral', 'how often it was taken'),
    integer('contended', 'calls', 'lower', 'how often it was not free at the first attempt'),
    integer('hold_cycles', 'cycles', 'lower', 'from taking to release, summed over all holders'),
    ratio('hold_mean_cycles', 'cycles', 'lower', 'mean of one hold', 1),
    integer('hold_max_cycles', 'cycles', 'lower', 'longest hold, interrupts of the holder included'),
    ratio('held_share', '1', 'lower', 'of hold_cycles in the span of the run', 3),
    integer('wait_cycles', 'cycles', 'lower', 'from the first attempt to taking, summed over all waiters'),
    ratio('wait_mean_cycles', 'cycles', 'lower', 'mean over all takings', 1),
    integer('wait_max_cycles', 'cycles', 'lower', 'longest wait, interrupts of the waiter included'),
    ratio('wait_share', '1', 'lower', 'of wait_cycles in the cycles of all binds and unbinds', 3),
  ];
  const rows = results.flatMap((r) =>
    r.locks.map((l): Cell[] => [
      ...keysOf(schema, r),
      l.name,
      l.taken,
      l.contended,
      l.holdCycles,
      l.holdCycles / l.taken,
      l.holdMost,
      l.holdCycles / r.spanCycles,
      l.waitCycles,
      l.waitCycles / l.taken,
      l.waitMost,
      l.waitCycles / workCycles(r),
    ]),
  );
  return { schema, columns, keys: KEYS.length + 1, rows };
}
