/** Runs a trace file under several scenarios, one after the other, keeping only the rows of each. */
import { openTrace } from '../trace/reader.ts';
import type { Labelled } from './compare.ts';
import { replay } from './replay.ts';
import type { Scenario } from './scenario.ts';
import { resultOf } from './tables.ts';

/** Replays one file under one scenario. */
export async function runFile(path: string, scenario: Scenario): Promise<Labelled> {
  const trace = await openTrace(path);
  const run = await replay(trace, path, scenario);
  return {
    trace: trace.header.name,
    machine: scenario.machine.name,
    guest: scenario.generation.name,
    cache: scenario.cache,
    changes: scenario.changes,
    validation: scenario.machine.validation,
    strategy: scenario.strategy.name,
    result: resultOf(run),
  };
}
