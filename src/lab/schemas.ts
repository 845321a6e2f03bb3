/** Every report's columns, from the same declarations that write them. */
import { type Cell, integer, type Table, text } from '../model/table.ts';
import { machineSummary, machinesTable } from './catalogue.ts';
import { compareTable } from './compare.ts';
import { contentionTable, locksTable } from './contention/tables.ts';
import { differencesTable, exitsTable } from './exits/tables.ts';
import { explainBoundsTable, explainTable } from './explain-tables.ts';
import { linesTable } from './lines.ts';
import { machineDiffTable } from './machine-diff.ts';
import { publishedTable, publishedTermsTable, publishedVariantsTable } from './published/tables.ts';
import { runRankingTable } from './ranking.ts';
import { DEFAULT_NAMES } from './scenario.ts';
import { rankingTable, sensitivityTable } from './sensitivity-tables.ts';
import { breakEvenTable } from './study.ts';
import { histTable, runsTable, stagesTable } from './tables.ts';
import { validationTable } from './validate/rows.ts';

/** One row for each column of each report. */
export function schemaTable(): Table {
  const schema = 'upcall.schema/1.0';
  const tables = [
    runsTable([]),
    stagesTable([]),
    histTable([]),
    linesTable([]),
    compareTable([]),
    runRankingTable([]),
    breakEvenTable([]),
    explainTable([]),
    explainBoundsTable([]),
    contentionTable([]),
    locksTable([]),
    machineSummary(),
    machinesTable([]),
    machineDiffTable(DEFAULT_NAMES.machine, DEFAULT_NAMES.machine),
    sensitivityTable([]),
    rankingTable([]),
    validationTable([]),
    exitsTable(undefined),
    differencesTable(undefined),
    publishedTable([]),
    publishedTermsTable([]),
    publishedVariantsTable([]),
  ];
  const rows = tables.flatMap((table) =>
    table.columns.map((c, i): Cell[] => {
      const key = i < table.keys ? 'yes' : '';
      return [schema, table.schema, i + 1, c.name, c.type, key, c.unit, c.direction, c.what];
    }),
  );
  const columns = [
    text('schema', 'name and version of this table'),
    text('table', 'the report'),
    integer('position', '', 'neutral', 'place of the column, from 1'),
    text('column', 'its name'),
    text('type', 'integer, ratio or text'),
    text('key', 'yes if it is part of what identifies a row'),
    text('unit', 'its unit'),
    text('direction', 'which way is better'),
    text('what', 'what it means'),
  ];
  return { schema, columns, keys: 3, rows };
}
