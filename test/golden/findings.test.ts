/** docs/findings.md is what its own commands print now. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { temporaryFolder } from '../support/files.ts';
import { FINDINGS_CHART, FINDINGS_PAGE, makeFindings } from '../support/findings-page.ts';

const folder = temporaryFolder();

test('docs/findings.md and its chart are as the commands shown there say', () => {
  const { page, chart } = makeFindings(folder);
  for (const [file, made] of [
    [FINDINGS_PAGE, page],
    [FINDINGS_CHART, chart],
  ] as const) {
    const [is, should] = [readFileSync(file, 'utf8').split('\n'), made.split('\n')];
    const at = should.findIndex((line, i) => line !== is[i]);
    if (at < 0 && is.length === should.length) continue;
    assert.fail(
      `${file}:${at + 1} is "${is[at] ?? '(the end)'}", the model now says "${should[at] ?? '(the end)'}"; run: npm run findings`,
    );
  }
});
