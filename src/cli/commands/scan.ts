import type { CommandModule } from 'yargs';
import { plainCase, ScanBench, type ScanResult } from '../../lab/scan.ts';
import { casesTable, scanTable } from '../../lab/scan-tables.ts';
import { DEFAULT_NAMES, RUN_PARAMS, type Scenario, scenarioOf } from '../../lab/scenario.ts';
import { usageError } from '../../model/errors.ts';
import { Input } from '../../trace/input.ts';
import { readScanCases } from '../../trace/scan-cases.ts';
import { FORMAT_OPTION, integers, oneNameOption, SET_OPTION, withOutput } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';
import { fileName } from '../words.ts';

interface ScanOptions extends Omit<OutputOptions, 'format'> {
  readonly format?: string | undefined;
  readonly machine?: string | undefined;
  readonly guest?: string | undefined;
  readonly cache?: string | undefined;
  readonly set: readonly string[];
  readonly ports?: string | undefined;
  readonly last?: string | undefined;
  readonly file?: string | undefined;
}

/** Cursors before anything was served. */
const LAST = "63,63, Linux's 0,0";

/** `upcall scan`: one call of the pending scan on a state given by hand or on the cases of a file. */
export const scanCommand: CommandModule<object, ScanOptions> = {
  command: 'scan',
  describe: 'run the pending scan once on given ports, or on every case of a CSV file',
  builder: (y) =>
    withOutput(y)
      .option('format', {
        ...FORMAT_OPTION,
        default: undefined,
        defaultDescription: '"table", with --file "csv"',
      })
      .option('ports', {
        type: 'string',
        describe: 'pending ports, separated by commas; with the FIFO ABI in the order in which they came',
      })
      .option('last', {
        type: 'string',
        defaultDescription: LAST,
        describe:
          "cursors before the call, group,bit: FreeBSD's last port, Linux's next; none with the FIFO ABI",
      })
      .option('machine', oneNameOption('machine', DEFAULT_NAMES.machine))
      .option('guest', oneNameOption('guest', DEFAULT_NAMES.guest))
      .option('cache', oneNameOption('cache', DEFAULT_NAMES.cache))
      .option('set', { ...SET_OPTION, describe: 'key=value of a number of machine or kernel, repeatable' })
      .option('file', {
        type: 'string',
        describe: 'cases as CSV, instead of all of these: id,generation,last_l1,...,arrivals',
      }),
  handler: async (o) => {
    if ((o.ports === undefined) === (o.file === undefined)) throw usageError('give either --ports or --file');
    if (o.file === undefined) scanPorts({ ...o, format: o.format ?? 'table' }, o.ports!);
    else await scanFile({ ...o, format: o.format ?? 'csv' }, o.file);
  },
};

/** Every case of a file. Nothing of a case is left open, and the order depends on no machine. */
async function scanFile(o: ScanOptions & OutputOptions, file: string): Promise<void> {
  for (const name of ['machine', 'guest', 'cache', 'last'] as const) {
    if (o[name] !== undefined)
      throw usageError(`--${name} goes with --ports only: a case of --file says it all`);
  }
  if (o.set.length > 0) throw usageError('--set goes with --ports only: a case of --file says it all');
  prepareOutput(o);
  const input = new Input(fileName(file));
  const cases = await readScanCases(input);
  const benches = new Map<string, ScanBench>();
  const main = casesTable(input.path, cases, (guest) => {
    const bench = benches.get(guest) ?? new ScanBench(scenarioOf({ ...DEFAULT_NAMES, guest }));
    benches.set(guest, bench);
    return bench;
  });
  const text = main.columns.map((c) => c.name);
  emit({ main, text, files: [['scan-orders', main]], inputs: [input] }, o);
}

function scanPorts(o: ScanOptions & OutputOptions, ports: string): void {
  const [l1, l2, ...more] = o.last === undefined ? [] : integers(o.last, 'last');
  if (o.last !== undefined && (l1 === undefined || l2 === undefined || more.length > 0))
    throw usageError('--last expects group,bit');
  const { machine, guest, cache } = DEFAULT_NAMES;
  for (const name of o.set.map((text) => text.split('=', 1)[0]!)) {
    if (Object.hasOwn(RUN_PARAMS, name))
      throw usageError(`${name} is of a replay: one call does not depend on it`);
  }
  const scenario = scenarioOf({
    machine: o.machine ?? machine,
    guest: o.guest ?? guest,
    cache: o.cache ?? cache,
    set: o.set,
  });
  if (o.last !== undefined && scenario.generation.abi === 'fifo')
    throw usageError(
      `--last is of the 2-level ABI: ${scenario.generation.name} takes events in the order of --ports`,
    );
  const scanCase = plainCase(integers(ports, 'ports'), l1, l2);
  prepareOutput(o);
  const result = new ScanBench(scenario).run(scanCase, true);
  const main = scanTable(scenario, result);
  const text = main.columns.slice(1).map((c) => c.name);
  emit({ main, text, json: answerOf(scenario, result), files: [['scan', main]], inputs: [] }, o);
}

/** One call as one JSON object. */
function answerOf(scenario: Scenario, result: ScanResult): string {
  const { order, activeReads, cycles, stillPending, cursor } = result;
  const answer = {
    order,
    active_reads: activeReads,
    cycles,
    still_pending: stillPending,
    last_after: cursor === undefined ? null : [cursor.word, cursor.bit],
    guest: scenario.generation.name,
    machine: scenario.machine.name,
    cache: scenario.cache,
    validation: scenario.machine.validation,
  };
  return `${JSON.stringify(answer)}\n`;
}
