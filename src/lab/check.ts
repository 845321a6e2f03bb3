/**
 * Compares tables with an accepted baseline, exactly and in both directions: a modelled number has no noise, so
 * any difference is a change of the model. What cannot be compared is told apart from what differs.
 */
import { cellText, type Table } from '../model/table.ts';

/** A baseline as read back from its file: text only. */
export interface Baseline {
  readonly header: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** One cell that is not what was accepted. */
export interface Difference {
  readonly table: string;
  readonly row: string;
  readonly column: string;
  readonly accepted: string;
  readonly now: string;
}

/** Outcome of a comparison. */
export interface Comparison {
  /** Cells compared. */
  readonly cells: number;
  readonly differences: Difference[];
  /** Why something could not be compared; empty when everything could. */
  readonly incomparable: string[];
}

/** Compares one table with its baseline; undefined stands for a missing, empty or unreadable file. */
export function compareWithBaseline(name: string, table: Table, baseline: Baseline | undefined): Comparison {
  if (baseline === undefined) return blank(`${name}: the baseline is missing, empty or unreadable`);
  const header = table.columns.map((c) => c.name);
  if (baseline.header.join(',') !== header.join(',')) return blank(`${name}: the baseline has other columns`);
  if (baseline.rows.length === 0) return blank(`${name}: the baseline has no rows`);
  const schemas = new Set(baseline.rows.map((row) => row[0]));
  if (schemas.size !== 1 || !schemas.has(table.schema)) {
    return blank(`${name}: the baseline is ${[...schemas].join(', ')}, expected ${table.schema}`);
  }
  const accepted = new Map(baseline.rows.map((row) => [row.slice(0, table.keys).join('|'), row]));
  const differences: Difference[] = [];
  const incomparable: string[] = [];
  let cells = 0;
  for (const row of table.rows) {
    const texts = row.map((cell, i) => cellText(cell, table.columns[i]!));
    const key = texts.slice(0, table.keys).join('|');
    const old = accepted.get(key);
    accepted.delete(key);
    if (old === undefined) {
      incomparable.push(`${name}: the baseline lacks ${key}`);
      continue;
    }
    for (let i = table.keys; i < texts.length; i++) {
      cells++;
      if (texts[i] === old[i]) continue;
      differences.push({ table: name, row: key, column: header[i]!, accepted: old[i] ?? '', now: texts[i]! });
    }
  }
  for (const key of accepted.keys()) incomparable.push(`${name}: the run lacks ${key}`);
  return { cells, differences, incomparable };
}

/** Several comparisons as one. */
export function together(parts: readonly Comparison[]): Comparison {
  return {
    cells: parts.reduce((n, p) => n + p.cells, 0),
    differences: parts.flatMap((p) => p.differences),
    incomparable: parts.flatMap((p) => p.incomparable),
  };
}

function blank(reason: string): Comparison {
  return { cells: 0, differences: [], incomparable: [reason] };
}
