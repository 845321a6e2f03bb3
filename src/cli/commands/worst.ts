import type { CommandModule } from 'yargs';
import { worstTable } from '../../lab/worst/tables.ts';
import { findWorst, TARGETS } from '../../lab/worst/worst.ts';
import { usageError } from '../../model/errors.ts';
import { worstText } from '../../report/worst-text.ts';
import { writeTrace } from '../../trace/writer.ts';
import {
  FORMAT_OPTION,
  integer,
  nameOption,
  type ScenarioOptions,
  scenariosOf,
  withScenario,
} from '../options.ts';
import { emit, outName } from '../output.ts';

interface WorstArguments extends ScenarioOptions {
  readonly target: string;
  readonly ports: string;
  readonly events: string;
  readonly budget: string;
  readonly seed: string;
  readonly keep: string;
  readonly replays: string;
  readonly format: string;
  readonly out?: string | undefined;
}

const NUMBER = { type: 'string' } as const;

/** `upcall worst`: searches for the worst case, and writes the smallest trace that shows it. */
export const worstCommand: CommandModule<object, WorstArguments> = {
  command: 'worst',
  describe: 'search for the longest upcall, wait or isrc search, and write the smallest trace that shows it',
  builder: (y) =>
    withScenario(y)
      .option('target', {
        type: 'string',
        demandOption: true,
        describe: TARGETS.map((t) => t.join(': ')).join('; '),
      })
      .option('cache', nameOption('cache', 'cold'))
      .option('ports', { ...NUMBER, default: '512', describe: 'ports, for find isrcs, that may be used' })
      .option('events', { ...NUMBER, default: '16', describe: 'events of a pattern; of no use with find' })
      .option('budget', { ...NUMBER, default: '2000', describe: 'estimates the search may make' })
      .option('seed', { ...NUMBER, default: '1', describe: 'seed of the search' })
      .option('keep', {
        ...NUMBER,
        default: '990',
        describe: 'thousandths of the score found that the smallest trace must show',
      })
      .option('replays', { ...NUMBER, default: '200', describe: 'replays to make it smaller, at most' })
      .option('format', FORMAT_OPTION)
      .option('out', {
        type: 'string',
        describe: 'trace to write, of one scenario; compressed if it ends in .gz',
      }),
  handler: async (o) => {
    const out = o.out === undefined ? undefined : outName(o.out, 'a file');
    const scenarios = scenariosOf(o);
    if (out !== undefined && scenarios.length > 1) {
      throw usageError(`--out takes the trace of one scenario, found ${scenarios.length}`);
    }
    const numbers = {
      target: o.target,
      ports: integer(o.ports, 'ports'),
      events: integer(o.events, 'events'),
      budget: integer(o.budget, 'budget'),
      seed: integer(o.seed, 'seed'),
      keepPermille: integer(o.keep, 'keep'),
      replays: integer(o.replays, 'replays'),
    };
    const found = scenarios.map((scenario) => findWorst({ scenario, ...numbers }));
    if (out !== undefined) await writeTrace(out, found[0]!.header, found[0]!.rows());
    const text = found.map((w) => worstText(w, out)).join('');
    emit({ main: worstTable(found), text, files: [], inputs: [] }, { format: o.format });
  },
};
