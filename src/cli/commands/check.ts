import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { compareWithBaseline, together } from '../../lab/check.ts';
import { checkedTables } from '../../lab/run-checked.ts';
import { Exit } from '../../model/errors.ts';
import { readCsv } from '../../report/csv-read.ts';
import { bundled, PACKAGE_ROOT } from '../context.ts';
import { note, print } from '../output.ts';

/** Differences printed before the rest is only counted. */
const PRINTED = 20;

/** `upcall check`: replays the named scenarios and compares every modelled number with the accepted baseline. */
export const checkCommand: CommandModule<object, { baseline: string; format: string }> = {
  command: 'check',
  describe: 'replay the named scenarios and compare every modelled number with the accepted baseline',
  builder: (y) =>
    y
      .option('baseline', {
        type: 'string',
        default: join(PACKAGE_ROOT, 'reports', 'baselines'),
        describe: 'folder of the accepted reports',
      })
      .option('format', { type: 'string', choices: ['table', 'json'], default: 'table' }),
  handler: async (o) => {
    const tables = await checkedTables(bundled);
    const result = together(
      tables.map(([name, table]) =>
        compareWithBaseline(name, table, readCsv(join(o.baseline, `${name}.csv`))),
      ),
    );
    const { cells, differences, incomparable } = result;
    const status = differences.length > 0 ? 'different' : incomparable.length > 0 ? 'cannot judge' : 'alike';
    if (differences.length > 0) process.exitCode = Exit.regression;
    else if (incomparable.length > 0) process.exitCode = Exit.cannotJudge;
    if (o.format === 'json') {
      print(`${JSON.stringify({ status, cells, differences, incomparable }, null, 1)}\n`);
      return;
    }
    for (const d of differences.slice(0, PRINTED)) {
      print(`${d.table}: ${d.row}: ${d.column}: accepted ${d.accepted}, now ${d.now}\n`);
    }
    for (const reason of incomparable.slice(0, PRINTED)) print(`${reason}\n`);
    print(
      `${status}: ${cells} numbers compared, ${differences.length} different, ${incomparable.length} not comparable\n`,
    );
    if (status !== 'alike') note('if the change is meant: upcall accept --reason "why"');
  },
};
