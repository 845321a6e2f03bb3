/**
 * Every command shown in the documentation is run, and every line of output shown with it must be in what it
 * prints, in order; `...` stands for anything. Figures quoted in prose about the recordings are checked too.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { RECORDINGS, recordingFile } from '../../src/lab/scenarios.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'traces/README.md',
  'reports/goldens/README.md',
];
for (const page of readdirSync(join(ROOT, 'docs'))) if (page.endsWith('.md')) PAGES.push(`docs/${page}`);

/** Pages whose commands another test runs, and compares with every digit. */
const RUN_ELSEWHERE = ['docs/findings.md'];

/** Commands of npm that the landing check itself is, or that need what a checkout does not have. */
const NPM = ['npm ci && npm start', 'npm ci && npm test', 'npm run recordings -- FOLDER'];

const folder = temporaryFolder();
for (const data of ['traces', 'test/groundtruth', 'test/recordings']) {
  cpSync(join(ROOT, data), join(folder, data), { recursive: true });
}

for (const page of PAGES) {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map((m) => m[1]!.trimEnd().split('\n'));
  for (const [command, ...shown] of RUN_ELSEWHERE.includes(page) ? [] : blocks) {
    test(`${page}: ${command}`, () => {
      const words = command!.split(' ');
      assert.deepEqual(words.slice(0, 3), ['$', 'npx', 'upcall']);
      const result = upcall(words.slice(3), { cwd: folder });
      assert.equal(result.code, 0, result.stderr);
      const lines = result.stdout.split('\n');
      let at = 0;
      for (const line of shown) {
        if (line === '...') continue;
        const start = line.endsWith('...') ? line.slice(0, -3) : undefined;
        const found = lines.findIndex(
          (l, i) => i >= at && (start === undefined ? l === line : l.startsWith(start)),
        );
        assert.ok(found >= 0, `not in the output, or not in this order: ${line}`);
        at = found + 1;
      }
    });
  }
  test(`${page}: shell commands are known, files named exist`, () => {
    for (const [, block] of text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) {
      for (const line of block!.trim().split('\n')) assert.ok(NPM.includes(line), line);
    }
    for (const [, name] of text.matchAll(/`([\w./-]+\.(?:md|ts|cjs|json))`/g)) {
      const places = [join(ROOT, name!), join(ROOT, dirname(page), name!), join(ROOT, 'src', name!)];
      const inSource = ['src/x86', 'src/lab', 'src/intr', 'src/intr/alloc'].map((d) => join(ROOT, d, name!));
      assert.ok([...places, ...inSource].some(existsSync), `${name} does not exist`);
    }
  });
}

test('what the documentation says about the recordings is what their headers count', async () => {
  const sums: Record<string, number> = {};
  for (const name of RECORDINGS) {
    const { header } = await openTrace(join(ROOT, 'traces', recordingFile(name)));
    assert.equal(header.name, name);
    for (const [key, value] of header.notes)
      if (/^\d+$/.test(value)) sums[key] = (sums[key] ?? 0) + Number(value);
  }
  const page = readFileSync(join(ROOT, 'docs/recorded-delivery-to-send.md'), 'utf8').replaceAll(/\s+/g, ' ');
  const said = (n: number) => n.toLocaleString('en-US');
  assert.ok(page.includes(`${said(sums.deliveries!)} deliveries were read`));
  assert.ok(page.includes(`${said(sums.sends_seen!)} sends were seen`));
  assert.ok(page.includes(`${said(sums.sends_inferred!)} inferred`));
  assert.ok(page.includes(`${said(sums.sends_without_peer!)} sends had no open other end`));
  assert.equal(sums.ipis_without_port, 0);
  assert.equal(sums.deliveries_unbound, 0);
});
