/** Writes docs/findings.md and its chart: `npm run findings`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FINDINGS_CHART, FINDINGS_PAGE, makeFindings } from './findings-page.ts';

const folder = mkdtempSync(join(tmpdir(), 'upcall-findings-'));
try {
  const { page, chart } = makeFindings(folder);
  writeFileSync(FINDINGS_PAGE, page);
  writeFileSync(FINDINGS_CHART, chart);
} finally {
  rmSync(folder, { recursive: true });
}
