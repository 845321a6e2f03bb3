/**
 * A table of results with everything a reader must know about it: schema and version, and for each column unit,
 * direction of goodness and meaning. Pure data: what builds one does not know how it is written, and what writes
 * it does not know what it means.
 */
import type { Direction } from './stats.ts';

/** A cell: an integer, a ratio, a name, or nothing (not available). */
export type Cell = number | string | null;

/** A column, declared once. */
export interface Column {
  readonly name: string;
  /** `integer` and `text` are written as they are, a `ratio` with `digits` decimals. */
  readonly type: 'integer' | 'text' | 'ratio';
  readonly unit: string;
  readonly direction: Direction;
  readonly what: string;
  readonly digits?: number;
}

/** A tidy table. Rows are sorted by the first `keys` columns. */
export interface Table {
  /** Name and version, `upcall.runs/1.0`; a minor version appends columns, anything else is a major. */
  readonly schema: string;
  readonly columns: readonly Column[];
  /** Number of leading columns that identify a row. */
  readonly keys: number;
  readonly rows: ReadonlyArray<readonly Cell[]>;
}

/** A key or text column. */
export function text(name: string, what: string): Column {
  return { name, type: 'text', unit: '', direction: 'neutral', what };
}

/** A column of integers. */
export function integer(name: string, unit: string, direction: Direction, what: string): Column {
  return { name, type: 'integer', unit, direction, what };
}

/** A column of ratios with a fixed number of decimals. */
export function ratio(
  name: string,
  unit: string,
  direction: Direction,
  what: string,
  digits: number,
): Column {
  return { name, type: 'ratio', unit, direction, what, digits };
}

/** Exact text of a cell, the same in every format; empty for nothing. */
export function cellText(cell: Cell, column: Column): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return cell;
  return column.type === 'ratio' ? cell.toFixed(column.digits ?? 2) : String(cell);
}

/** The rows in the order of their keys, compared as numbers where both are, else by UTF-16 units. */
export function sortRows(rows: ReadonlyArray<readonly Cell[]>, keys: number): Array<readonly Cell[]> {
  return [...rows].sort((a, b) => {
    for (let i = 0; i < keys; i++) {
      const x = a[i] ?? '';
      const y = b[i] ?? '';
      if (x === y) continue;
      if (typeof x === 'number' && typeof y === 'number') return x - y;
      return String(x) < String(y) ? -1 : 1;
    }
    return 0;
  });
}
