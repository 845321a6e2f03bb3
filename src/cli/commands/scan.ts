import type { CommandModule } from 'yargs';
import { plainCase, ScanBench } from '../../lab/scan.ts';
import { casesTable, scanTable } from '../../lab/scan-tables.ts';
import { scenarioOf } from '../../lab/scenario.ts';
import { usageError } from '../../model/errors.ts';
import { readScanCases } from '../../trace/scan-cases.ts';
import { integers, type ScenarioOptions, withOutput, withScenario } from '../options.ts';
import { emit, type OutputOptions, prepareOutput } from '../output.ts';

interface ScanOptions extends ScenarioOptions, OutputOptions {
  readonly ports?: string | undefined;
  readonly last: string;
  readonly file?: string | undefined;
}

/** `upcall scan`: one call of the pending scan on a state given by hand or on the cases of a file. */
export const scanCommand: CommandModule<object, ScanOptions> = {
  command: 'scan',
  describe: 'run the pending scan once on given ports, or on every case of a CSV file',
  builder: (y) =>
    withScenario(withOutput(y))
      .option('ports', { type: 'string', describe: 'pending ports, separated by commas' })
      .option('last', { type: 'string', default: '63,63', describe: 'cursors before the call: group,bit' })
      .option('file', { type: 'string', describe: 'cases as CSV: id,generation,last_l1,...,arrivals' }),
  handler: async (o) => {
    prepareOutput(o);
    if ((o.ports === undefined) === (o.file === undefined)) throw usageError('give either --ports or --file');
    if (o.file !== undefined) {
      const benches = new Map<string, ScanBench>();
      const table = casesTable(await readScanCases(o.file), (guest) => {
        let bench = benches.get(guest);
        if (bench === undefined) {
          bench = new ScanBench(scenarioOf({ ...o, guest }));
          benches.set(guest, bench);
        }
        return bench;
      });
      emit(
        { main: table, text: table.columns.map((c) => c.name), files: [['scan', table]], inputs: [o.file] },
        o,
      );
      return;
    }
    const [l1, l2, ...more] = integers(o.last, 'last');
    if (l1 === undefined || l2 === undefined || more.length > 0) throw usageError('--last expects group,bit');
    const scenario = scenarioOf(o);
    const result = new ScanBench(scenario).run(plainCase(integers(o.ports!, 'ports'), l1, l2), true);
    if (o.format === 'json') {
      const { order, activeReads, cycles, stillPending, lastL1, lastL2 } = result;
      const answer = {
        order,
        active_reads: activeReads,
        cycles,
        still_pending: stillPending,
        last_after: [lastL1, lastL2],
        guest: scenario.generation.name,
        machine: scenario.machine.name,
        cache: scenario.cache,
        validation: scenario.machine.validation,
      };
      process.stdout.write(`${JSON.stringify(answer)}\n`);
      return;
    }
    const table = scanTable(scenario, result);
    emit(
      { main: table, text: table.columns.slice(1).map((c) => c.name), files: [['scan', table]], inputs: [] },
      o,
    );
  },
};
