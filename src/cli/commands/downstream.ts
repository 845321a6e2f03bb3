import type { CommandModule } from 'yargs';
import { NAMES } from '../../lab/catalogue.ts';
import { downstreamRuns } from '../../lab/downstream/downstream.ts';
import { type Churn, HISTORIES, type HistoryName } from '../../lab/downstream/history.ts';
import { downstreamStagesTable, downstreamTable } from '../../lab/downstream/tables.ts';
import { DEFAULT_NAMES } from '../../lab/scenario.ts';
import { unknownName, usageError } from '../../model/errors.ts';
import { markdown } from '../../report/markdown.ts';
import { Input } from '../../trace/input.ts';
import {
  integer,
  listed,
  nameOption,
  PAGE_FORMAT_OPTION,
  SET_OPTION,
  scenariosOf,
  withOutput,
} from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';

interface DownstreamOptions extends OutputOptions {
  readonly trace: string;
  readonly machine: string;
  readonly guest: string;
  readonly strategy: string;
  readonly state: string;
  readonly history: string;
  readonly rounds: string;
  readonly group: string;
  readonly spare: string;
  readonly seed: string;
  readonly set: readonly string[];
}

/** Columns for a terminal or a page. */
const SHOWN = [
  'machine',
  'cache',
  'history',
  'strategy',
  'upcalls',
  'upcall_mean_cycles',
  'upcall_difference_cycles',
  'ithread_difference_cycles',
  'isrc_lines',
  'counter_lines',
  'pages',
  'before_find_mean_cycles',
];

const number = (standard: number, describe: string) =>
  ({ type: 'string', default: String(standard), describe }) as const;

/** `upcall downstream TRACE`: upcalls of a recording after different histories of its isrcs. */
export const downstreamCommand: CommandModule<object, DownstreamOptions> = {
  command: 'downstream <trace>',
  describe: 'replay a trace after different histories of its isrcs: what the order of reuse does to upcalls',
  builder: (y) =>
    withOutput(y)
      .positional('trace', { type: 'string', demandOption: true })
      .option('format', PAGE_FORMAT_OPTION)
      .option('machine', nameOption('machine', DEFAULT_NAMES.machine))
      .option('guest', nameOption('guest', DEFAULT_NAMES.guest))
      .option('strategy', nameOption('strategy', NAMES.strategy.join(',')))
      .option('state', { ...nameOption('cache', DEFAULT_NAMES.cache) })
      .option('history', {
        type: 'string',
        default: HISTORIES.join(','),
        describe: `one or several of ${HISTORIES.join(', ')}, separated by commas`,
      })
      .option('rounds', number(200, 'how often a group of ports is unbound and bound again'))
      .option('group', number(4, 'ports of a group'))
      .option('spare', number(64, 'isrcs that a busier time before left unused'))
      .option('seed', number(1, 'seed of the churn'))
      .option('set', SET_OPTION),
  handler: async (o) => {
    const histories = listed(o.history, 'history');
    const unknown = histories.find((h) => !(HISTORIES as readonly string[]).includes(h));
    if (unknown !== undefined) throw unknownName('history', unknown, HISTORIES);
    const scenarios = scenariosOf({ ...DEFAULT_NAMES, ...o, cache: o.state });
    const guest = scenarios.find((s) => !s.generation.findsIsrcs)?.generation.name;
    if (guest !== undefined) throw usageError(`--guest is "${guest}", which has no isrcs to reuse`);
    prepareOutput(o);
    const input = new Input(fileName(o.trace), true);
    const runs = await downstreamRuns(input, scenarios, histories as HistoryName[], churnOf(o));
    const main = downstreamTable(runs);
    const files = [
      ['downstream', main],
      ['downstream-stages', downstreamStagesTable(runs)],
    ] as const;
    emit({ main, text: SHOWN, markdown: `${markdown(main, SHOWN)}\n`, files, inputs: [input] }, o);
  },
};

function churnOf(o: DownstreamOptions): Churn {
  const number = (name: 'rounds' | 'group' | 'spare' | 'seed', least: number, most: number) => {
    const value = integer(o[name], name);
    if (value < least || value > most) throw usageError(`--${name} is ${value}, expected ${least}..${most}`);
    return value;
  };
  return {
    rounds: number('rounds', 1, 1_000_000),
    group: number('group', 1, 4095),
    spare: number('spare', 0, 4000),
    seed: number('seed', 0, 0x7fffffff),
  };
}
