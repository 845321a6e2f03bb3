/** The package's public entry: what a program needs to run scenarios and read their results. */
export { BindBench, type BindCost, type BindParts, partsOf, stagesOf } from './lab/bind-bench.ts';
export { BIND_KINDS, type BindKind } from './lab/bind-kinds.ts';
export { breakEven, findCycles } from './lab/break-even.ts';
export { compareTable, type Labelled } from './lab/compare.ts';
export { type ContentionResult, contention } from './lab/contention/contention.ts';
export { linesTable } from './lab/lines.ts';
export { runFile } from './lab/run-file.ts';
export { plainCase, ScanBench, type ScanCase, type ScanResult } from './lab/scan.ts';
export { type Scenario, type ScenarioNames, scenarioOf } from './lab/scenario.ts';
export { histTable, numberOf, type RunResult, runsTable, stagesTable } from './lab/tables.ts';
export { whatIfTable } from './lab/whatif.ts';
export { Exit, ModelBug, UserError } from './model/errors.ts';
export type { Table } from './model/table.ts';
export { formatCsv } from './report/csv.ts';
export { openTrace } from './trace/reader.ts';
export { writeTrace } from './trace/writer.ts';
