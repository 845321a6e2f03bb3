/** Runs a trace file under several scenarios, one after the other, keeping only the rows of each. */
import { usageError } from '../model/errors.ts';
import { Input } from '../trace/input.ts';
import { inputOf } from '../trace/lines.ts';
import { openTrace, readTraceHeader } from '../trace/reader.ts';
import type { Labelled } from './compare.ts';
import { replay } from './replay.ts';
import type { Scenario } from './scenario.ts';
import { resultOf } from './tables.ts';

/** Replays one file under one scenario. */
export async function runFile(from: string | Input, scenario: Scenario): Promise<Labelled> {
  const trace = await openTrace(from);
  const run = await replay(trace, inputOf(from).path, scenario);
  return {
    trace: trace.header.name,
    machine: scenario.machine.name,
    guest: scenario.generation.name,
    cache: scenario.cache,
    delivery: scenario.delivery.name,
    scheduler: scenario.scheduler,
    unmask: scenario.unmask,
    changes: scenario.changes,
    validation: scenario.machine.validation,
    strategy: scenario.strategy.name,
    result: resultOf(run),
  };
}

/**
 * Replays every file under every scenario. The name in a trace's header is what tells its rows from those of the
 * others: two files of one name are a UserError (exit 2), before anything is run where the names can be read twice.
 */
export async function runFiles(
  paths: readonly string[],
  scenarios: readonly Scenario[],
): Promise<{ runs: Labelled[]; inputs: Input[] }> {
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined)
    throw usageError(`${twice} is given twice: its rows would be in the reports twice`);
  const inputs = paths.map((path) => new Input(path, scenarios.length > 1));
  const owners = new Map<string, string>();
  const claim = (name: string, { path }: Input) => {
    const owner = owners.get(name) ?? path;
    if (owner !== path) {
      throw usageError(
        `${owner} and ${path} are both named "${name}", which is all that tells their rows apart: give one of them another "# name:"`,
      );
    }
    owners.set(name, path);
  };
  for (const input of inputs) if (input.isFile) claim((await readTraceHeader(input)).name, input);
  const runs: Labelled[] = [];
  for (const input of inputs) {
    for (const scenario of scenarios) {
      const run = await runFile(input, scenario);
      claim(run.trace, input);
      runs.push(run);
    }
  }
  return { runs, inputs };
}
