import type { CommandModule } from 'yargs';
import { machineSummary, machinesTable, NAMES } from '../../lab/catalogue.ts';
import { unknownName } from '../../model/errors.ts';
import { withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';

/** `upcall machines [NAME]`: the machines, or every number of one with its source. */
export const machinesCommand: CommandModule<object, OutputOptions & { name?: string | undefined }> = {
  command: 'machines [name]',
  describe: 'list the machines, or every number of one with unit, range, confidence and source',
  builder: (y) => withOutput(y).positional('name', { type: 'string' }),
  handler: (o) => {
    prepareOutput(o);
    if (o.name === undefined) {
      const main = machineSummary();
      const files = [['machines', machinesTable()]] as const;
      emit({ main, text: main.columns.slice(1).map((c) => c.name), files, inputs: [] }, o);
      return;
    }
    if (!NAMES.machine.includes(o.name)) throw unknownName('machine', o.name, NAMES.machine);
    const main = machinesTable([o.name]);
    const text = ['machine', 'parameter', 'value', 'unit', 'low', 'high', 'confidence', 'source'];
    emit({ main, text, files: [['machines', main]], inputs: [] }, o);
  },
};
