import type { CommandModule } from 'yargs';
import { exitsNotes } from '../../lab/exits/notes.ts';
import { differencesTable, exitsTable } from '../../lab/exits/tables.ts';
import { validateExits } from '../../lab/exits/validate-exits.ts';
import { DEFAULT_NAMES, RUN_PARAMS, scenarioOf } from '../../lab/scenario.ts';
import { readMeasurements } from '../../lab/validate/measurements.ts';
import { Status, validate, validationTable } from '../../lab/validate/rows.ts';
import { kernelSummary, primitiveTable, sizeSummary, stateSummary } from '../../lab/validate/summary.ts';
import { usageError } from '../../model/errors.ts';
import { exitsText } from '../../report/exits-text.ts';
import { formatText } from '../../report/text.ts';
import { Input } from '../../trace/input.ts';
import { oneNameOption, SET_OPTION, withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';
import { TABLE_OPTION, validateTable } from './validate-table.ts';

interface ValidateOptions extends OutputOptions {
  readonly file?: string | undefined;
  readonly exits?: string | undefined;
  readonly table?: string | undefined;
  readonly machine?: string | undefined;
  readonly set: readonly string[];
}

/** `upcall validate`: measured kernels, a published table, or recorded VM exits, beside what the model says about each. */
export const validateCommand: CommandModule<object, ValidateOptions> = {
  command: 'validate [file]',
  describe: 'predict measurements, a published table, or the VM exits of a recording, and compare',
  builder: (y) =>
    withOutput(y)
      .positional('file', {
        type: 'string',
        describe: 'measurements as CSV, "-" for standard input',
      })
      .option('table', TABLE_OPTION)
      .option('exits', {
        type: 'string',
        describe: 'instead of measurements: a recording of xentrace of a PVH domain on SVM (plain, .gz, .xz)',
      })
      .option('machine', oneNameOption('machine', DEFAULT_NAMES.machine))
      .option('set', { ...SET_OPTION, describe: 'key=value of a number of the machine, repeatable' }),
  handler: async (o) => {
    prepareOutput(o);
    const given = [o.file, o.table, o.exits].filter((name) => name !== undefined).length;
    if (given !== 1) {
      const found = given === 0 ? 'none of them' : 'several';
      throw usageError(`expected a file of measurements, --table NAME or --exits RECORDING, found ${found}`);
    }
    if (o.exits !== undefined) await validateRecording(o.exits, o);
    else if (o.table !== undefined) validateTable(o.table, o);
    else await validateMeasurements(o.file!, o);
  },
};

/** `upcall validate FILE` */
async function validateMeasurements(file: string, o: ValidateOptions): Promise<void> {
  for (const name of o.set.map((text) => text.split('=', 1)[0]!)) {
    if (Object.hasOwn(RUN_PARAMS, name)) throw usageError(`${name} is of a replay: no row depends on it`);
  }
  const { machine, changes } = scenarioOf({
    ...DEFAULT_NAMES,
    machine: o.machine ?? DEFAULT_NAMES.machine,
    set: o.set,
  });
  const input = new Input(fileName(file));
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
}

/** `upcall validate --exits RECORDING` */
async function validateRecording(file: string, o: ValidateOptions): Promise<void> {
  if (o.machine !== undefined || o.set.length > 0) {
    throw usageError('--exits compares sequences, not cycles: it takes neither --machine nor --set');
  }
  const input = new Input(fileName(file));
  const result = await validateExits(input);
  const main = exitsTable(result.tally);
  const differences = differencesTable(result.tally);
  const heading = `VM exits of upcalls, predicted/recorded, beside ${input.path}\n`;
  const text = exitsText(heading, main, differences, exitsNotes(result));
  const files = [
    ['validate-exits', main],
    ['validate-exits-differences', differences],
  ] as const;
  emit({ main, text, files, inputs: [input] }, o);
}
