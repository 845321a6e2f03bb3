/** Tables for people: aligned columns, numbers to the right. For a terminal, never read by a program. */
import { cellText, type Table } from '../model/table.ts';

/** The columns of a table that are named, or all, as aligned lines. */
export function formatText(table: Table, names?: readonly string[]): string {
  const shown = table.columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => {
      return names === undefined ? column.name !== 'schema' : names.includes(column.name);
    });
  const header = shown.map(({ column }) => column.name);
  const rows = table.rows.map((row) => shown.map(({ column, i }) => cellText(row[i] ?? null, column)));
  return alignedLines(
    [header, ...rows],
    shown.map(({ column }) => column.type !== 'text'),
  );
}

/** Rows of texts as lines; `right` says which columns are aligned to the right. */
export function alignedLines(rows: ReadonlyArray<readonly string[]>, right: readonly boolean[]): string {
  const widths = right.map((_, i) => rows.reduce((most, row) => Math.max(most, (row[i] ?? '').length), 0));
  const line = (row: readonly string[]) =>
    widths
      .map((w, i) => (right[i] === true ? (row[i] ?? '').padStart(w) : (row[i] ?? '').padEnd(w)))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
