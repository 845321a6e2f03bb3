import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { checkedTables } from '../../lab/run-checked.ts';
import { usageError } from '../../model/errors.ts';
import { reportTexts, writeFiles } from '../../report/files.ts';
import { bundled, PACKAGE_ROOT, provenance, VERSION } from '../context.ts';
import { print } from '../output.ts';

const HISTORY = 'accepted.md';

/** `upcall accept --reason "..."`: makes the present numbers the accepted ones and notes why. */
export const acceptCommand: CommandModule<object, { reason?: string | undefined; baseline: string }> = {
  command: 'accept',
  describe: 'rewrite the accepted baseline and note the reason',
  builder: (y) =>
    y.option('reason', { type: 'string', describe: 'why the numbers changed; required' }).option('baseline', {
      type: 'string',
      default: join(PACKAGE_ROOT, 'reports', 'baselines'),
      describe: 'folder of the accepted reports',
    }),
  handler: async (o) => {
    const reason = (o.reason ?? '').replace(/\s+/g, ' ').trim();
    if (reason === '') throw usageError('accept expects --reason "why the numbers changed"');
    if (o.baseline === '') throw usageError('--baseline expects a folder, found an empty name');
    const tables = await checkedTables(bundled);
    const { revision: _revision, dirty: _dirty, ...from } = provenance(['accept'], []);
    const file = join(o.baseline, HISTORY);
    const before = existsSync(file)
      ? readFileSync(file, 'utf8')
      : '# Accepted changes of modelled numbers, oldest first\n\n';
    const texts = reportTexts(tables, { ...from, revision: null, dirty: null });
    writeFiles(o.baseline, [...texts, [HISTORY, `${before}- ${VERSION}: ${reason}\n`]]);
    print(`accepted ${tables.map(([name, t]) => `${t.rows.length} rows of ${name}`).join(', ')}\n`);
  },
};
