import type { CommandModule } from 'yargs';
import { machineSummary, machinesTable, NAMES } from '../../lab/catalogue.ts';
import { machineDiffTable } from '../../lab/machine-diff.ts';
import { DEFAULT_NAMES } from '../../lab/scenario.ts';
import {
  ANSWERS,
  BIND_TRACE,
  parametersNamed,
  type Sweep,
  sweep,
  UPCALL_TRACE,
} from '../../lab/sensitivity.ts';
import { largestMovements, rankingChanges } from '../../lab/sensitivity-effects.ts';
import { rankingTable, sensitivityTable } from '../../lab/sensitivity-tables.ts';
import { unknownName } from '../../model/errors.ts';
import { sensitivityText } from '../../report/sensitivity-text.ts';
import { bundled } from '../context.ts';
import { listed, nameOption, scenariosOf, withOutput } from '../options.ts';
import { emit, note, type OutputOptions, prepareOutput } from '../output.ts';

/** Numbers named in the answer for a terminal. */
const LARGEST = 10;

const showCommand: CommandModule<OutputOptions, OutputOptions & { name: string }> = {
  command: 'show <name>',
  describe: 'every number of one machine with unit, range, confidence and source',
  builder: (y) => y.positional('name', { type: 'string', demandOption: true }),
  handler: (o) => {
    prepareOutput(o);
    if (!NAMES.machine.includes(o.name)) throw unknownName('machine', o.name, NAMES.machine);
    const main = machinesTable([o.name]);
    const text = ['machine', 'parameter', 'value', 'unit', 'low', 'high', 'confidence', 'source'];
    emit({ main, text, files: [['machines', main]], inputs: [] }, o);
  },
};

const diffCommand: CommandModule<OutputOptions, OutputOptions & { a: string; b: string }> = {
  command: 'diff <a> <b>',
  describe: 'the numbers in which two machines differ',
  builder: (y) =>
    y
      .positional('a', { type: 'string', demandOption: true })
      .positional('b', { type: 'string', demandOption: true }),
  handler: (o) => {
    prepareOutput(o);
    const main = machineDiffTable(o.a, o.b);
    const text = ['parameter', 'value_a', 'value_b', 'unit', 'confidence_a', 'confidence_b'];
    emit({ main, text, files: [['machine-diff', main]], inputs: [] }, o);
  },
};

interface SensitivityOptions extends OutputOptions {
  readonly machine: string;
  readonly guest: string;
  readonly parameter?: string | undefined;
}

const sensitivityCommand: CommandModule<OutputOptions, SensitivityOptions> = {
  command: 'sensitivity',
  describe: 'set every number to the ends of its range: which move the main answers, or turn a ranking',
  builder: (y) =>
    y
      .option('machine', nameOption('machine', DEFAULT_NAMES.machine))
      .option('guest', nameOption('guest', DEFAULT_NAMES.guest))
      .option('parameter', { type: 'string', describe: 'only these numbers, separated by commas' }),
  handler: async (o) => {
    prepareOutput(o);
    const parameters =
      o.parameter === undefined ? undefined : parametersNamed(listed(o.parameter, 'parameter'));
    const sweeps: Sweep[] = [];
    for (const scenario of scenariosOf({ ...DEFAULT_NAMES, machine: o.machine, guest: o.guest, set: [] })) {
      const watched = (parameter: string) => note(`${scenario.machine.name} ${parameter}`);
      sweeps.push(await sweep(scenario, bundled, parameters, process.stderr.isTTY ? watched : undefined));
    }
    const main = sensitivityTable(sweeps);
    const files = [
      ['sensitivity', main],
      ['sensitivity-rankings', rankingTable(sweeps)],
    ] as const;
    const text = sweeps.map((of) => {
      const answers = ANSWERS.map((a) => [a.name, a.of(of.base), a.unit] as const);
      return sensitivityText(of, answers, largestMovements(of, LARGEST), rankingChanges(of));
    });
    emit({ main, text: text.join('\n'), files, inputs: [UPCALL_TRACE, BIND_TRACE].map(bundled) }, o);
  },
};

/** `upcall machines ...`: the machines, the numbers of one, where two differ, and what their ranges move. */
export const machinesCommand: CommandModule<object, OutputOptions> = {
  command: 'machines',
  describe: 'list the machines; show, diff, sensitivity: their numbers',
  builder: (y) => withOutput(y).command(showCommand).command(diffCommand).command(sensitivityCommand),
  handler: (o) => {
    prepareOutput(o);
    const main = machineSummary();
    const files = [['machines', machinesTable()]] as const;
    emit({ main, text: main.columns.slice(1).map((c) => c.name), files, inputs: [] }, o);
  },
};
