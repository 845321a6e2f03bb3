/** Tables as JSON: one object a row, in column order; numbers as numbers, null for "not available". */
import { type Cell, type Column, cellText, type Table } from '../model/table.ts';

/** The rows with the schema, as one JSON document. */
export function formatJson(table: Table): string {
  const rows = table.rows.map((row) =>
    Object.fromEntries(table.columns.map((column, i) => [column.name, jsonCell(row[i] ?? null, column)])),
  );
  return `${JSON.stringify({ schema: table.schema, rows }, null, 1)}\n`;
}

function jsonCell(cell: Cell, column: Column): Cell {
  return column.type === 'ratio' && typeof cell === 'number' ? Number(cellText(cell, column)) : cell;
}
