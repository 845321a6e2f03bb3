/** A sweep of a machine's numbers as tables: how each moves each answer, and which rankings turn round. */
import { type Cell, type Column, integer, ratio, sortRows, type Table, text } from '../model/table.ts';
import { MACHINE } from '../x86/machine.ts';
import type { Flip, Sweep } from './sensitivity.ts';
import { movements, rankingChanges } from './sensitivity-effects.ts';

/** What a row of both tables is about. */
const KEYS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text('machine', 'modelled machine'),
  text('guest', 'generation of the FreeBSD code'),
  text('parameter', 'the number that was set, alone'),
  text('bound', 'low or high: the end of its range it was set to'),
];

function keysOf(schema: string, { scenario }: Sweep, { parameter, bound }: Flip): Cell[] {
  return [schema, scenario.machine.name, scenario.generation.name, parameter, bound];
}

/** Every answer with every number at either end of its range. */
export function sensitivityTable(sweeps: readonly Sweep[]): Table {
  const schema = 'upcall.sensitivity/1.0';
  const rows = sweeps.flatMap((sweep) =>
    sweep.flips.flatMap((flip) => {
      const { value, confidence } = sweep.scenario.machine.values[flip.parameter];
      const number = [MACHINE[flip.parameter].unit, confidence, value, flip.value];
      return movements(sweep.base, flip).map(({ answer, was, is, change }): Cell[] => {
        const percent = Number.isFinite(change) ? 100 * change : null;
        return [...keysOf(schema, sweep, flip), answer.name, ...number, answer.unit, was, is, percent];
      });
    }),
  );
  const columns = [
    ...KEYS,
    text('answer', 'the answer that was computed again'),
    text('parameter_unit', 'unit of the number'),
    text('confidence', 'of the number: measured, documented or guessed'),
    integer('parameter_was', 'see parameter_unit', 'neutral', 'value of the number in the machine'),
    integer('parameter_is', 'see parameter_unit', 'neutral', 'what it was set to'),
    text('unit', 'unit of the answer'),
    ratio('was', 'see unit', 'neutral', 'the answer of the machine', 1),
    ratio('is', 'see unit', 'neutral', 'the answer with the number set', 1),
    ratio('change_percent', '%', 'neutral', 'is over was, less one', 2),
  ];
  return { schema, columns, keys: 6, rows: sortRows(rows, 6) };
}

/** The rankings of the strategies in which two change places. */
export function rankingTable(sweeps: readonly Sweep[]): Table {
  const schema = 'upcall.sensitivity-rankings/1.0';
  const rows = sweeps.flatMap((sweep) =>
    rankingChanges(sweep).map(({ flip, cache, isrcs, was, is }): Cell[] => {
      return [...keysOf(schema, sweep, flip), cache, isrcs, flip.value, was, is];
    }),
  );
  const columns = [
    ...KEYS,
    text('cache', 'state of the data when the search begins'),
    integer('isrcs', 'isrcs', 'neutral', 'isrcs of which the last is the unused one'),
    integer('parameter_is', 'see unit of the number', 'neutral', 'what the number was set to'),
    text('was', 'strategies from cheap to dear with the cycles of a search'),
    text('is', 'the same with the number set'),
  ];
  return { schema, columns, keys: 7, rows: sortRows(rows, 7) };
}
