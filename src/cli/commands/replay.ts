import type { CommandModule } from 'yargs';
import { linesTable } from '../../lab/lines.ts';
import { runFiles } from '../../lab/run-file.ts';
import { histTable, runsTable, stagesTable } from '../../lab/tables.ts';
import { type ScenarioOptions, scenariosOf, withOutput, withScenario } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';

/** Columns shown on a terminal. */
const SHOWN = [
  'trace',
  'machine',
  'guest',
  'strategy',
  'cache',
  'validation',
  'binds',
  'unbinds',
  'sends',
  'upcalls',
  'delivered',
  'coalesced',
  'lost',
  'still_pending',
  'upcall_p50_cycles',
  'upcall_p99_cycles',
  'upcall_max_cycles',
  'bind_mean_cycles',
  'find_mean_cycles',
];

/** `upcall replay TRACE...`: runs traces and reports what each operation cost. */
export const replayCommand: CommandModule<object, ScenarioOptions & OutputOptions & { traces: string[] }> = {
  command: 'replay <traces..>',
  describe: 'replay traces on a modelled guest and report what every operation cost',
  builder: (y) =>
    withScenario(withOutput(y)).positional('traces', { type: 'string', array: true, demandOption: true }),
  handler: async (o) => {
    const scenarios = scenariosOf(o);
    prepareOutput(o);
    const { runs, inputs } = await runFiles(o.traces.map(fileName), scenarios);
    const results = runs.map((r) => r.result);
    const main = runsTable(results);
    const files = [
      ['runs', main],
      ['stages', stagesTable(results)],
      ['hist', histTable(results)],
      ['lines', linesTable(results)],
    ] as const;
    emit({ main, text: SHOWN, files, inputs }, o);
  },
};
