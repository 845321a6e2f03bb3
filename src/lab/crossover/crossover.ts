/** `upcall crossover`: every machine and guest that is asked for, each on a thread of its own. */

import type { Table } from '../../model/table.ts';
import { machineByName } from '../../x86/machines/catalogue.ts';
import { inWorkers } from '../in-workers.ts';
import { type CrossoverRows, crossover } from './job.ts';
import { type CrossoverSpec, checkSpec, scenarioFor } from './spec.ts';
import { crossoverBreakEvenTable, pointsTable } from './tables.ts';

/** Both reports. */
export interface CrossoverTables {
  readonly points: Table;
  readonly breakEvens: Table;
}

/**
 * Measures all specs; a UserError (exit 2) before anything is measured if one makes no sense.
 *
 * @param workers threads at most; the result does not depend on it
 * @param onDone told of each spec when it is done
 */
export async function crossoverTables(
  specs: readonly CrossoverSpec[],
  workers: number,
  onDone?: (spec: CrossoverSpec) => void,
): Promise<CrossoverTables> {
  for (const spec of specs) {
    checkSpec(spec);
    machineByName(spec.machine);
    for (const strategy of spec.strategies) scenarioFor(spec, strategy);
  }
  const entry = new URL('./worker.js', import.meta.url);
  const rows: CrossoverRows[] =
    specs.length === 1 ? [crossover(specs[0]!)] : await inWorkers(entry, specs, workers, onDone);
  return {
    points: pointsTable(rows.flatMap((r) => r.points)),
    breakEvens: crossoverBreakEvenTable(rows.flatMap((r) => r.breakEvens)),
  };
}
