import { PUBLISHED, publishedByName } from '../../lab/published/catalogue.ts';
import { compareRows } from '../../lab/published/compare.ts';
import { publishedTable, publishedTermsTable, publishedVariantsTable } from '../../lab/published/tables.ts';
import { DEFAULT_NAMES, RUN_PARAMS, scenarioOf } from '../../lab/scenario.ts';
import { usageError } from '../../model/errors.ts';
import { publishedText } from '../../report/published-text.ts';
import { emit, type OutputOptions } from '../output.ts';

interface TableOptions extends OutputOptions {
  readonly machine?: string | undefined;
  readonly set: readonly string[];
}

/** `--table`. */
export const TABLE_OPTION = {
  type: 'string',
  describe: `instead of measurements: a published table, ${PUBLISHED.map((t) => t.name).join(', ')}`,
} as const;

/** `upcall validate --table NAME`: a published table beside what the model says about each row. */
export function validateTable(name: string, o: TableOptions): void {
  const table = publishedByName(name);
  if (o.machine !== undefined && o.machine !== table.machine) {
    throw usageError(`--table ${name} is of ${table.machine}: found --machine ${o.machine}`);
  }
  for (const number of o.set.map((text) => text.split('=', 1)[0]!)) {
    if (Object.hasOwn(RUN_PARAMS, number)) throw usageError(`${number} is of a replay: no row depends on it`);
  }
  const { machine, changes } = scenarioOf({ ...DEFAULT_NAMES, machine: table.machine, set: o.set });
  const compared = compareRows(table.rows, machine);
  const main = publishedTable(compared);
  const variants = publishedVariantsTable(compared);
  const changed = changes === '' ? '' : `, ${changes}`;
  const heading = `${machine.name}${changed} (${machine.validation}), beside ${table.source}`;
  const files = [
    ['validate-published', main],
    ['validate-published-terms', publishedTermsTable(compared)],
    ['validate-published-variants', variants],
  ] as const;
  emit({ main, text: publishedText(heading, main, variants), files, inputs: [] }, o);
}
