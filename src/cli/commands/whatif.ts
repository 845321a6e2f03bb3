import type { CommandModule } from 'yargs';
import { runFile } from '../../lab/run-file.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../lab/scenario.ts';
import { histTable, runsTable, stagesTable } from '../../lab/tables.ts';
import { changedNames, whatIfTable } from '../../lab/whatif.ts';
import { usageError } from '../../model/errors.ts';
import { Input } from '../../trace/input.ts';
import { withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';

interface WhatIfOptions extends OutputOptions {
  readonly trace: string;
  readonly set: readonly string[];
  readonly base: readonly string[];
}

/** `upcall whatif TRACE --set key=value`: a recording as it was and changed, as paired differences. */
export const whatifCommand: CommandModule<object, WhatIfOptions> = {
  command: 'whatif <trace>',
  describe: 'replay a trace as it was and changed, and print the paired differences',
  builder: (y) =>
    withOutput(y)
      .positional('trace', { type: 'string', demandOption: true })
      .option('set', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe:
          'what changes: machine=, guest=, strategy=, cache=, delivery=, scheduler=, unmask=, population=, load=, handler=, or any number',
      })
      .option('base', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'the same for the side that is compared with; the defaults otherwise',
      }),
  handler: async (o) => {
    if (o.set.length === 0) throw usageError('whatif expects at least one --set key=value');
    const base = changedNames(DEFAULT_NAMES, o.base);
    const [before, after] = [scenarioOf(base), scenarioOf(changedNames(base, o.set))];
    prepareOutput(o);
    const input = new Input(fileName(o.trace), true);
    const was = await runFile(input, before);
    const is = await runFile(input, after);
    const results = [was.result, is.result];
    const main = whatIfTable(was.trace, was.result, is.result);
    const files = [
      ['whatif', main],
      ['runs', runsTable(results)],
      ['stages', stagesTable(results)],
      ['hist', histTable(results)],
    ] as const;
    const text = ['part', 'operation', 'item', 'was', 'is', 'difference', 'ratio'];
    emit({ main, text, files, inputs: [input] }, o);
  },
};
