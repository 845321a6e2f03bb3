import type { CommandModule } from 'yargs';
import { schemaTable } from '../../lab/schemas.ts';
import { withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';

/** `upcall schema`: every column of every report, with type, unit, direction and meaning. */
export const schemaCommand: CommandModule<object, OutputOptions> = {
  command: 'schema',
  describe: 'print the columns of every report with type, unit, direction and meaning',
  builder: (y) => withOutput(y),
  handler: (o) => {
    prepareOutput(o);
    const main = schemaTable();
    emit({ main, text: main.columns.slice(1).map((c) => c.name), files: [['schema', main]], inputs: [] }, o);
  },
};
