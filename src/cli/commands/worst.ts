import type { CommandModule } from 'yargs';
import { DEFAULT_NAMES, DEFAULT_STRATEGY, scenarioOf } from '../../lab/scenario.ts';
import { worstTable } from '../../lab/worst/tables.ts';
import { findWorst, TARGETS } from '../../lab/worst/worst.ts';
import { worstText } from '../../report/worst-text.ts';
import { writeTrace } from '../../trace/writer.ts';
import { FORMAT_OPTION, integer, oneNameOption, SET_OPTION } from '../options.ts';
import { emit, outName } from '../output.ts';

interface WorstArguments {
  readonly target: string;
  readonly machine?: string | undefined;
  readonly guest?: string | undefined;
  readonly strategy?: string | undefined;
  readonly cache: string;
  readonly set: readonly string[];
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
    y
      .option('target', {
        type: 'string',
        demandOption: true,
        describe: TARGETS.map((t) => t.join(': ')).join('; '),
      })
      .option('machine', oneNameOption('machine', DEFAULT_NAMES.machine))
      .option('guest', oneNameOption('guest', DEFAULT_NAMES.guest))
      .option('strategy', oneNameOption('strategy', DEFAULT_STRATEGY))
      .option('cache', { ...oneNameOption('cache', 'cold'), default: 'cold' })
      .option('set', {
        ...SET_OPTION,
        describe: 'key=value of a number of machine, kernel or run, repeatable',
      })
      .option('ports', { ...NUMBER, default: '512', describe: 'ports, for find isrcs, that may be used' })
      .option('events', { ...NUMBER, default: '16', describe: 'events of a pattern; of no use with find' })
      .option('budget', { ...NUMBER, default: '2000', describe: 'estimates the search may make' })
      .option('seed', { ...NUMBER, default: '1', describe: 'seed of the search' })
      .option('keep', {
        ...NUMBER,
        default: '990',
        describe: 'thousandths of the cycles found that the smallest trace must show',
      })
      .option('replays', { ...NUMBER, default: '200', describe: 'replays to make it smaller, at most' })
      .option('format', FORMAT_OPTION)
      .option('out', { type: 'string', describe: 'trace to write; compressed if it ends in .gz' }),
  handler: async (o) => {
    const out = o.out === undefined ? undefined : outName(o.out, 'a file');
    const { machine, guest } = DEFAULT_NAMES;
    const scenario = scenarioOf({
      machine: o.machine ?? machine,
      guest: o.guest ?? guest,
      strategy: o.strategy,
      cache: o.cache,
      set: o.set,
    });
    const found = findWorst({
      target: o.target,
      scenario,
      ports: integer(o.ports, 'ports'),
      events: integer(o.events, 'events'),
      budget: integer(o.budget, 'budget'),
      seed: integer(o.seed, 'seed'),
      keepPermille: integer(o.keep, 'keep'),
      replays: integer(o.replays, 'replays'),
    });
    if (out !== undefined) await writeTrace(out, found.header, found.rows());
    const main = worstTable([found]);
    emit({ main, text: worstText(found, out), files: [], inputs: [] }, { format: o.format });
  },
};
