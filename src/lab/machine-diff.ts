/** Two machines side by side: only the numbers in which they differ. */
import { type Cell, integer, sortRows, type Table, text } from '../model/table.ts';
import { MACHINE, type Machine } from '../x86/machine.ts';
import { machineByName } from '../x86/machines/catalogue.ts';

/** Names of the numbers that differ in value, in the order in which they are declared. */
export function differingNumbers(a: Machine, b: Machine): Array<keyof typeof MACHINE> {
  return (Object.keys(MACHINE) as Array<keyof typeof MACHINE>).filter((name) => a.n[name] !== b.n[name]);
}

/** The numbers in which two machines differ, as a table; a UserError (exit 2) for a name that is none. */
export function machineDiffTable(a: string, b: string): Table {
  const schema = 'upcall.machine-diff/1.0';
  const [one, other] = [machineByName(a), machineByName(b)];
  const rows = differingNumbers(one, other).map((name): Cell[] => {
    const [x, y] = [one.values[name], other.values[name]];
    const { unit, what } = MACHINE[name];
    return [schema, a, b, name, x.value, y.value, unit, x.confidence, y.confidence, what];
  });
  const columns = [
    text('schema', 'name and version of this table'),
    text('machine_a', 'name of the first machine'),
    text('machine_b', 'name of the second machine'),
    text('parameter', 'name of the number, as --set takes it'),
    integer('value_a', 'see unit', 'neutral', 'the number of the first machine'),
    integer('value_b', 'see unit', 'neutral', 'the number of the second machine'),
    text('unit', 'their unit'),
    text('confidence_a', 'measured, documented or guessed: the first'),
    text('confidence_b', 'measured, documented or guessed: the second'),
    text('what', 'what the number is added to'),
  ];
  return { schema, columns, keys: 4, rows: sortRows(rows, 4) };
}
