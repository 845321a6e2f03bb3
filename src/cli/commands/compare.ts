import type { CommandModule } from 'yargs';
import { compareTable } from '../../lab/compare.ts';
import { runRankingTable } from '../../lab/ranking.ts';
import { runFiles } from '../../lab/run-file.ts';
import { histTable, runsTable, stagesTable } from '../../lab/tables.ts';
import { formatText } from '../../report/text.ts';
import { COMPARED, type ScenarioOptions, scenariosOf, withOutput, withScenario } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';

/** `upcall compare TRACE... --strategy a,b`: the same traces with several strategies, guests, delivery modes and so on. */
export const compareCommand: CommandModule<object, ScenarioOptions & OutputOptions & { traces: string[] }> = {
  command: 'compare <traces..>',
  describe:
    'compare strategies on the same traces, the first one named with the others, and rank all ways to run each',
  builder: (y) =>
    withScenario(withOutput(y), COMPARED).positional('traces', {
      type: 'string',
      array: true,
      demandOption: true,
    }),
  handler: async (o) => {
    const scenarios = scenariosOf(o, COMPARED);
    prepareOutput(o);
    const { runs, inputs } = await runFiles(o.traces.map(fileName), scenarios);
    const results = runs.map((r) => r.result);
    const main = compareTable(runs);
    const ranking = runRankingTable(runs);
    const files = [
      ['compare', main],
      ['compare-ranking', ranking],
      ['runs', runsTable(results)],
      ['stages', stagesTable(results)],
      ['hist', histTable(results)],
    ] as const;
    const columns = [
      'trace',
      'machine',
      'guest',
      'cache',
      'metric',
      'strategy',
      'against',
      'value_cycles',
      'difference_cycles',
      'ratio',
    ];
    const text = `${formatText(main, columns)}\n${formatText(ranking)}`;
    emit({ main, text, files, inputs }, o);
  },
};
