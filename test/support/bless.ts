/**
 * Rewrites one golden: `npm run bless -- NAME "reason"`. Refuses without a reason; the reason is kept in
 * reports/goldens/CHANGES.md. Nothing rewrites a golden by itself.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GOLDENS, goldenFile, makeGolden } from './goldens.ts';
import { ROOT } from './root.ts';

const [name = '', reason = ''] = process.argv.slice(2);
if (!GOLDENS.includes(name) || reason.trim() === '') {
  process.stderr.write(`bless: expected NAME "reason"; NAME is one of\n  ${GOLDENS.join('\n  ')}\n`);
  process.exitCode = 2;
} else {
  writeFileSync(goldenFile(name), await makeGolden(name));
  appendFileSync(join(ROOT, 'reports', 'goldens', 'CHANGES.md'), `- ${name}: ${reason.trim()}\n`);
}
