/** Runs the scenarios of the regression check. */
import type { Table } from '../model/table.ts';
import { runFile } from './run-file.ts';
import { scenarioOf } from './scenario.ts';
import { CHECKED } from './scenarios.ts';
import { histTable, type RunResult, runsTable, stagesTable } from './tables.ts';

/**
 * The reports of the named scenarios.
 *
 * @param path turns a file below `traces` into a path
 */
export async function checkedTables(
  path: (file: string) => string,
): Promise<Array<[name: string, table: Table]>> {
  const results: RunResult[] = [];
  for (const { trace, names } of CHECKED)
    results.push((await runFile(path(trace), scenarioOf(names))).result);
  return [
    ['runs', runsTable(results)],
    ['stages', stagesTable(results)],
    ['hist', histTable(results)],
  ];
}
