/** Pieces of the pages that are written from results. */
import { cellText, type Table } from '../../src/model/table.ts';

/** Columns of a line of prose. */
const WIDTH = 125;

/** Columns of a table, or all, as a table of Markdown. */
export function markdown(table: Table, names?: readonly string[]): string {
  const shown = table.columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => names === undefined || names.includes(column.name));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(shown.map(({ column }) => column.name)),
    line(shown.map(({ column }) => (column.type === 'text' ? '---' : '---:'))),
    ...table.rows.map((row) => line(shown.map(({ column, i }) => cellText(row[i] ?? null, column)))),
  ].join('\n');
}

/** Words in lines of the width of the other pages. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
