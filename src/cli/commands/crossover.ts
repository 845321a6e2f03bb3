import { availableParallelism } from 'node:os';
import type { CommandModule } from 'yargs';
import { NAMES } from '../../lab/catalogue.ts';
import { crossoverCharts } from '../../lab/crossover/chart.ts';
import { crossoverTables } from '../../lab/crossover/crossover.ts';
import { FREE_PLACES, type FreePlace } from '../../lab/crossover/placement.ts';
import { sensitivityOf } from '../../lab/crossover/sensitivity-run.ts';
import { BOOT_VCPUS, type CrossoverSpec, GRID, PRECISION } from '../../lab/crossover/spec.ts';
import { summaryOf } from '../../lab/crossover/summary.ts';
import { CACHE_STATES, type CacheState, DEFAULT_NAMES } from '../../lab/scenario.ts';
import { blocksMarkdown, blocksText } from '../../report/blocks-text.ts';
import { markdown as formatMarkdown } from '../../report/markdown.ts';
import { svgChart } from '../../report/svg-chart.ts';
import {
  integer,
  integers,
  listed,
  nameOption,
  PAGE_FORMAT_OPTION,
  SET_OPTION,
  withOutput,
} from '../options.ts';
import { emit, note, type OutputOptions, prepareOutput } from '../output.ts';

interface CrossoverOptions extends OutputOptions {
  readonly machine: string;
  readonly guest: string;
  readonly strategy: string;
  readonly state: string;
  readonly population: string;
  readonly precision: string;
  readonly free: string;
  readonly unused: string;
  readonly vcpus: string;
  readonly seed: string;
  readonly sensitivity: boolean;
  readonly set: readonly string[];
}

/** Columns of a sweep for a terminal or a page. */
const SENSITIVITY = [
  'machine',
  'guest',
  'cache',
  'answer',
  'unit',
  'value',
  'least',
  'least_by',
  'greatest',
  'greatest_by',
  'never_by',
];
const ALL_STATES = CACHE_STATES.join(',');
const number = (standard: number, describe: string) =>
  ({ type: 'string', default: String(standard), describe }) as const;

/** `upcall crossover`: what a search and a bind cost by population, and where one strategy overtakes another. */
export const crossoverCommand: CommandModule<object, CrossoverOptions> = {
  command: 'crossover',
  describe:
    'cycles of a search and of a bind by population, and the break-even points of every two strategies',
  builder: (y) =>
    withOutput(y)
      .option('format', PAGE_FORMAT_OPTION)
      .option('machine', {
        ...nameOption('machine', DEFAULT_NAMES.machine),
        describe: `${nameOption('machine', '').describe}; or all`,
      })
      .option('guest', {
        type: 'string',
        default: DEFAULT_NAMES.guest,
        describe: 'freebsd-a, freebsd-c, or both separated by a comma',
      })
      .option('strategy', nameOption('strategy', NAMES.strategy.join(',')))
      .option('state', {
        type: 'string',
        default: ALL_STATES,
        describe: 'where the data is when a search or bind begins',
      })
      .option('population', {
        type: 'string',
        default: GRID.join(','),
        describe: 'isrcs that exist, separated by commas; break-even points are looked for between them',
      })
      .option(
        'precision',
        number(
          PRECISION,
          'break-even points are known to one part in so many, and exactly below so many isrcs',
        ),
      )
      .option('free', {
        type: 'string',
        choices: FREE_PLACES,
        default: FREE_PLACES[0],
        describe:
          'where the unused isrcs stand; first: behind those of the boot, random: anywhere behind them',
      })
      .option('unused', number(1, 'how many isrcs are unused'))
      .option(
        'vcpus',
        number(BOOT_VCPUS, 'vCPUs, whose IPIs, timers and debug ports hold the lowest vectors'),
      )
      .option('seed', number(1, 'seed of --free random'))
      .option('sensitivity', {
        type: 'boolean',
        default: false,
        describe: 'set every number to the ends of its range instead: how far the break-even points move',
      })
      .option('set', SET_OPTION),
  handler: async (o) => {
    const specs = specsOf(o);
    prepareOutput(o);
    if (o.sensitivity) {
      const main = await sensitivityOf(specs, availableParallelism());
      const markdown = `${formatMarkdown(main, SENSITIVITY)}\n`;
      emit({ main, text: SENSITIVITY, markdown, files: [['crossover-sensitivity', main]], inputs: [] }, o);
      return;
    }
    const watched = (spec: CrossoverSpec) => note(`${spec.machine} ${spec.guest}`);
    const tables = await crossoverTables(
      specs,
      availableParallelism(),
      process.stderr.isTTY ? watched : undefined,
    );
    const { strategies } = specs[0]!;
    const blocks = summaryOf(tables, strategies[0]!, strategies);
    const files = [
      ['crossover', tables.points],
      ['crossover-break-even', tables.breakEvens],
    ] as const;
    const charts = crossoverCharts(tables.points).map(([name, c]) => [`${name}.svg`, svgChart(c)] as const);
    const [text, markdown] = [blocksText(blocks), blocksMarkdown(blocks)];
    emit({ main: tables.points, text, markdown, charts, files, inputs: [] }, o);
  },
};

function specsOf(o: CrossoverOptions): CrossoverSpec[] {
  const machines = o.machine === 'all' ? NAMES.machine : listed(o.machine, 'machine');
  const isrcs = [...new Set(integers(o.population, 'population'))].sort((a, b) => a - b);
  return machines.flatMap((machine) =>
    listed(o.guest, 'guest').map((guest) => ({
      machine,
      guest,
      strategies: listed(o.strategy, 'strategy'),
      states: listed(o.state, 'state') as CacheState[],
      set: o.set,
      isrcs,
      precision: integer(o.precision, 'precision'),
      free: o.free as FreePlace,
      unused: integer(o.unused, 'unused'),
      vcpus: integer(o.vcpus, 'vcpus'),
      seed: integer(o.seed, 'seed'),
    })),
  );
}
