/**
 * Tables as CSV: UTF-8 without BOM, comma, LF, RFC 4180 quoting, integers as integers, ratios with the declared
 * number of decimals, empty for "not available". The only import of csv-stringify.
 */
import { stringify } from 'csv-stringify/sync';
import { type Cell, type Column, cellText, type Table } from '../model/table.ts';

/** Text that a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** The whole table, header first. */
export function formatCsv(table: Table): string {
  const header = table.columns.map((c) => c.name);
  const rows = table.rows.map((row) => row.map((cell, i) => guarded(cell, table.columns[i]!)));
  return stringify([header, ...rows], { record_delimiter: '\n' });
}

/** Untrusted names must not become formulas; numbers are left alone. */
function guarded(cell: Cell, column: Column): string {
  const text = cellText(cell, column);
  return column.type === 'text' && FORMULA.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
}
