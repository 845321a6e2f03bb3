/** The goldens: which there are, how each is made, where it stands. */
import { join } from 'node:path';
import { goldenTable } from '../../src/lab/golden.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { scenarioOf } from '../../src/lab/scenario.ts';
import { MICRO_TRACES, microFile } from '../../src/lab/scenarios.ts';
import { schemaTable } from '../../src/lab/schemas.ts';
import { formatCsv } from '../../src/report/csv.ts';
import { ROOT } from './root.ts';

const GUESTS = ['freebsd-a', 'freebsd-c'];

/** Names of all goldens. */
export const GOLDENS: readonly string[] = [
  ...MICRO_TRACES.flatMap((trace) => GUESTS.map((guest) => `${trace}.${guest}`)),
  'schema',
];

/** File of a golden. */
export function goldenFile(name: string): string {
  return join(ROOT, 'reports', 'goldens', `${name}.csv`);
}

/** What a golden should contain now. */
export async function makeGolden(name: string): Promise<string> {
  if (name === 'schema') return formatCsv(schemaTable());
  const [trace, guest] = name.split('.') as [string, string];
  const scenario = scenarioOf({ machine: 'zen5', guest, strategy: 'slist', cache: 'warm' });
  const run = await runFile(join(ROOT, 'traces', microFile(trace)), scenario);
  return formatCsv(goldenTable(trace, run.result));
}
