import type { CommandModule } from 'yargs';
import { type Explained, explainBind, explainUpcall, OPERATIONS_EXPLAINED } from '../../lab/explain.ts';
import { explainBoundsTable, explainTable } from '../../lab/explain-tables.ts';
import { DEFAULT_NAMES, DEFAULT_STRATEGY, RUN_PARAMS, scenarioOf } from '../../lab/scenario.ts';
import { unknownName, usageError } from '../../model/errors.ts';
import { timelineText } from '../../report/timeline-text.ts';
import { integer, integers, oneNameOption, SET_OPTION, withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';

interface ExplainOptions extends OutputOptions {
  readonly operation: string;
  readonly ports?: string | undefined;
  readonly isrcs?: string | undefined;
  readonly machine?: string | undefined;
  readonly guest?: string | undefined;
  readonly strategy?: string | undefined;
  readonly cache?: string | undefined;
  readonly set: readonly string[];
}

/** Pending ports of an upcall when none are named. */
const PORTS = '3';

/** `upcall explain upcall|bind`: one operation as a timeline of micro-ops, beside lower bounds. */
export const explainCommand: CommandModule<object, ExplainOptions> = {
  command: 'explain <operation>',
  describe: 'one upcall or bind as a timeline of micro-ops, and what it costs at least',
  builder: (y) =>
    withOutput(y)
      .positional('operation', {
        type: 'string',
        demandOption: true,
        describe: OPERATIONS_EXPLAINED.join(' or '),
      })
      .option('ports', {
        type: 'string',
        defaultDescription: PORTS,
        describe: 'upcall: pending ports, separated by commas',
      })
      .option('isrcs', {
        type: 'string',
        describe: 'how many isrcs there are; default: the highest pending port, for a bind 64',
      })
      .option('machine', oneNameOption('machine', DEFAULT_NAMES.machine))
      .option('guest', oneNameOption('guest', DEFAULT_NAMES.guest))
      .option('strategy', oneNameOption('strategy', DEFAULT_STRATEGY))
      .option('cache', oneNameOption('cache', DEFAULT_NAMES.cache))
      .option('set', { ...SET_OPTION, describe: 'key=value of a number of machine or kernel, repeatable' }),
  handler: (o) => {
    const operation = OPERATIONS_EXPLAINED.find((name) => name === o.operation);
    if (operation === undefined) throw unknownName('operation', o.operation, OPERATIONS_EXPLAINED);
    refuseSet(operation, o.set);
    if (operation === 'bind' && o.ports !== undefined) throw usageError('--ports goes with explain upcall');
    const { machine, guest, cache } = DEFAULT_NAMES;
    const scenario = scenarioOf({
      machine: o.machine ?? machine,
      guest: o.guest ?? guest,
      strategy: o.strategy,
      cache: o.cache ?? cache,
      set: o.set,
    });
    const isrcs = o.isrcs === undefined ? undefined : integer(o.isrcs, 'isrcs');
    const ports = integers(o.ports ?? PORTS, 'ports');
    prepareOutput(o);
    const explanation =
      operation === 'bind' ? explainBind(scenario, isrcs) : explainUpcall(scenario, ports, isrcs);
    const main = explainTable([explanation]);
    const files = [
      ['explain', main],
      ['explain-bounds', explainBoundsTable([explanation])],
    ] as const;
    emit({ main, text: timelineText(explanation), files, inputs: [] }, o);
  },
};

/** Of the parameters of a run, an upcall alone depends on whom it interrupts, and a bind on none. */
function refuseSet(operation: Explained, set: readonly string[]): void {
  for (const name of set.map((text) => text.split('=', 1)[0]!)) {
    if (operation === 'upcall' && name === 'interruptedUser') continue;
    if (Object.hasOwn(RUN_PARAMS, name))
      throw usageError(`${name} is of a replay: one ${operation} does not depend on it`);
  }
}
