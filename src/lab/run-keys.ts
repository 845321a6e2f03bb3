/** The columns that say which run a row is of. */
import { type Column, text } from '../model/table.ts';
import type { Run } from './replay.ts';

/** Key columns of the tables of runs: what a row is about, completely. */
export const KEYS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('trace', 'name of the trace'),
  text('machine', 'modelled machine'),
  text('guest', 'generation of the FreeBSD code'),
  text('strategy', 'how an unused isrc is found'),
  text('cache', 'state of the caches when an upcall or a bind begins'),
  text('delivery', 'how upcalls reach the guest'),
  text('scheduler', "Xen's scheduler"),
  text('unmask', 'how the guest unmasks a port'),
  text('changes', 'numbers that were set by hand'),
];

/** The key cells of a run under a schema. */
export function keysOf(schema: string, run: Run): string[] {
  const { machine, generation, strategy, cache, delivery, scheduler, unmask, changes } = run.scenario;
  const names = [machine.name, generation.name, strategy.name, cache, delivery.name, scheduler, unmask];
  return [schema, run.trace.name, ...names, changes];
}
