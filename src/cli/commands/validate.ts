import type { CommandModule } from 'yargs';
import { DEFAULT_NAMES, RUN_PARAMS, scenarioOf } from '../../lab/scenario.ts';
import { readMeasurements } from '../../lab/validate/measurements.ts';
import { Status, validate, validationTable } from '../../lab/validate/rows.ts';
import { kernelSummary, primitiveTable, sizeSummary, stateSummary } from '../../lab/validate/summary.ts';
import { usageError } from '../../model/errors.ts';
import { formatText } from '../../report/text.ts';
import { Input } from '../../trace/input.ts';
import { oneNameOption, SET_OPTION, withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';
import { TABLE_OPTION, validateTable } from './validate-table.ts';

interface ValidateOptions extends OutputOptions {
  readonly file?: string | undefined;
  readonly table?: string | undefined;
  readonly machine?: string | undefined;
  readonly set: readonly string[];
}

/** `upcall validate`: measured kernels, or a published table, beside what the model says about each. */
export const validateCommand: CommandModule<object, ValidateOptions> = {
  command: 'validate [file]',
  describe: 'predict measurements, or a published table, and compare',
  builder: (y) =>
    withOutput(y)
      .positional('file', {
        type: 'string',
        describe: 'measurements as CSV, "-" for standard input',
      })
      .option('table', TABLE_OPTION)
      .option('machine', oneNameOption('machine', DEFAULT_NAMES.machine))
      .option('set', { ...SET_OPTION, describe: 'key=value of a number of the machine, repeatable' }),
  handler: async (o) => {
    prepareOutput(o);
    if ((o.file === undefined) === (o.table === undefined)) {
      const found = o.file === undefined ? 'neither' : 'both';
      throw usageError(`expected a file of measurements or --table NAME, found ${found}`);
    }
    if (o.table !== undefined) return validateTable(o.table, o);
    for (const name of o.set.map((text) => text.split('=', 1)[0]!)) {
      if (Object.hasOwn(RUN_PARAMS, name)) throw usageError(`${name} is of a replay: no row depends on it`);
    }
    const { machine, changes } = scenarioOf({
      ...DEFAULT_NAMES,
      machine: o.machine ?? DEFAULT_NAMES.machine,
      set: o.set,
    });
    const input = new Input(fileName(o.file!));
    const rows = validate(await readMeasurements(input), machine);
    const main = validationTable(rows);
    const modelled = rows.filter((r) => r.cycles !== null);
    const judged = modelled.filter((r) => r.judged);
    const stable = judged.filter((r) => r.status === Status.ok);
    const kernels = kernelSummary(stable);
    const sizes = sizeSummary(stable);
    const states = stateSummary(rows);
    const primitives = primitiveTable(modelled.filter((r) => !r.judged));
    const skipped = new Map<string, number>();
    for (const r of rows) if (r.cycles === null) skipped.set(r.reason, (skipped.get(r.reason) ?? 0) + 1);
    const notModelled = [...skipped].map(([reason, n]) => `not modelled: ${n} rows (${reason})\n`);
    const tables = [kernels, sizes, primitives, states].filter((t) => t.rows.length > 0);
    const unstable = judged.length - stable.length;
    const changed = changes === '' ? '' : `, ${changes}`;
    const heading = `${machine.name}${changed} (${machine.validation}), beside ${input.path}; errors in %\n`;
    const left = `left out above: ${unstable} unstable rows (every row: --format csv)\n`;
    const text = [heading, ...tables.map((t) => formatText(t))].join('\n') + left + notModelled.join('');
    const files = [
      ['validate', main],
      ['validate-kernels', kernels],
      ['validate-sizes', sizes],
      ['validate-primitives', primitives],
      ['validate-states', states],
    ] as const;
    emit({ main, text, files, inputs: [input] }, o);
  },
};
