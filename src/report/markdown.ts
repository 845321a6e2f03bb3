/** Tables as Markdown, for the pages that are written from results. */
import { cellText, type Table } from '../model/table.ts';

/** Columns of a table, or all, as a table of Markdown. */
export function markdown(table: Table, names?: readonly string[]): string {
  const shown = table.columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => names === undefined || names.includes(column.name));
  const rows = table.rows.map((row) => shown.map(({ column, i }) => cellText(row[i] ?? null, column)));
  return markdownRows(
    shown.map(({ column }) => column.name),
    rows,
    shown.map(({ column }) => column.type !== 'text'),
  );
}

/** Texts as a table of Markdown; `right` says which columns are aligned to the right. */
export function markdownRows(
  header: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
  right: readonly boolean[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(right.map((r) => (r ? '---:' : '---'))), ...rows.map(line)].join('\n');
}
