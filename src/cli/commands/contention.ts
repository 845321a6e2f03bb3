import type { CommandModule } from 'yargs';
import { type ContentionResult, contention } from '../../lab/contention/contention.ts';
import { contentionTable, locksTable } from '../../lab/contention/tables.ts';
import { checkLoad } from '../../lab/contention/toolstack.ts';
import { usageError } from '../../model/errors.ts';
import { contentionText } from '../../report/contention-text.ts';
import {
  integer,
  integers,
  type ScenarioOptions,
  scenariosOf,
  withOutput,
  withScenario,
} from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';

interface ContentionOptions extends ScenarioOptions, OutputOptions {
  readonly vcpus: string;
  readonly guests: string;
  readonly rounds: string;
}

/** What is compared where no strategy is named: what FreeBSD had and has. */
const STRATEGIES = 'linear,slist';

/** `upcall contention`: a toolstack that starts and stops guests on several vCPUs of a dom0 at once. */
export const contentionCommand: CommandModule<object, ContentionOptions> = {
  command: 'contention',
  describe: 'binds and unbinds on several vCPUs at once: cycles, throughput, and who waited for which lock',
  builder: (y) =>
    withScenario(withOutput(y), STRATEGIES)
      .option('vcpus', {
        type: 'string',
        default: '1,2,4,8',
        describe: 'vCPUs that start and stop guests, or several numbers separated by commas',
      })
      .option('guests', {
        type: 'string',
        default: '4',
        describe: 'guests that each vCPU starts before it stops them, four ports each',
      })
      .option('rounds', { type: 'string', default: '2', describe: 'how often each vCPU does both' }),
  handler: (o) => {
    const counts = [...new Set(integers(o.vcpus, 'vcpus'))];
    const load = { guests: integer(o.guests, 'guests'), rounds: integer(o.rounds, 'rounds') };
    const wrong = counts.find((n) => n < 1 || n > 64);
    if (wrong !== undefined) throw usageError(`--vcpus ${wrong}: expected 1..64`);
    const scenarios = scenariosOf(o, STRATEGIES);
    for (const { run } of scenarios) for (const n of counts) checkLoad(load, n, run.population);
    prepareOutput(o);
    const results: ContentionResult[] = [];
    for (const scenario of scenarios) for (const n of counts) results.push(contention(scenario, n, load));
    const main = contentionTable(results);
    const files = [
      ['contention', main],
      ['contention-locks', locksTable(results)],
    ] as const;
    emit({ main, text: contentionText(main, results), files, inputs: [] }, o);
  },
};
