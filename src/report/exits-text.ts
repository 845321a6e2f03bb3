/** The comparison of a recording of VM exits for a terminal. */
import { cellText, type Table } from '../model/table.ts';
import { formatText } from './text.ts';

/** Columns of counts that come as pairs, predicted before recorded. */
const PREDICTED = '_predicted';

/**
 * The classes as a table in which each pair of counts is one column "predicted/recorded", the differences each with its
 * explanation and first example, and notes.
 */
export function exitsText(
  heading: string,
  classes: Table,
  differences: Table,
  notes: readonly string[],
): string {
  const lines = differences.rows.map((row) => {
    const cell = (name: string) => {
      const i = differences.columns.findIndex((c) => c.name === name);
      return cellText(row[i] ?? null, differences.columns[i]!);
    };
    const where = `d${cell('domain')}v${cell('vcpu')} at byte ${cell('byte')}`;
    return [
      `${cell('upcalls')} x ${cell('difference')}, ${cell('class')}: ${cell('what')}`,
      `    first: ${where}`,
      `    predicted  ${cell('predicted')}`,
      `    recorded   ${cell('recorded')}`,
    ].join('\n');
  });
  const found = lines.length === 0 ? ['no differences'] : ['differences', ...lines];
  return [heading, formatText(paired(classes)), ...found, '', ...notes].join('\n').concat('\n');
}

/** The table with each pair of columns as one text column. */
function paired(table: Table): Table {
  const names = table.columns.map((c) => c.name);
  const kept = names.map((_, i) => i).filter((i) => !names[i]!.endsWith('_recorded') && names[i] !== 'what');
  const columns = kept.map((i) => {
    const column = table.columns[i]!;
    const name = column.name;
    return name.endsWith(PREDICTED)
      ? { ...column, name: name.slice(0, -PREDICTED.length), type: 'text' as const }
      : column;
  });
  const rows = table.rows.map((row) =>
    kept.map((i) => {
      if (!names[i]!.endsWith(PREDICTED)) return row[i] ?? null;
      return `${row[i]}/${row[i + 1]}`;
    }),
  );
  return { ...table, columns, rows };
}
