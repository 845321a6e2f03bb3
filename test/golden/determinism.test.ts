/** The same inputs give the same bytes: twice, in another process, time zone, locale and folder. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const traces = join(ROOT, 'traces');

function reports(name: string, cwd: string, env: Record<string, string>): Map<string, string> {
  const out = join(folder, name);
  const files = ['micro/bind-unbind.trace', 'micro/two-vcpus.trace', 'recorded/a-2l.ipi.trace.gz'];
  cpSync(traces, join(cwd, 'traces'), { recursive: true, force: true });
  const args = files.map((f) => `traces/${f}`);
  const result = upcall(['compare', ...args, '--guest', 'freebsd-a,freebsd-c', '--out', relative(cwd, out)], {
    cwd,
    env,
  });
  assert.equal(result.code, 0, result.stderr);
  const contents = new Map<string, string>();
  for (const file of readdirSync(out).sort()) contents.set(file, readFileSync(join(out, file), 'utf8'));
  contents.set('stdout', result.stdout);
  return contents;
}

/** The folder of the results is part of the command line that a sidecar quotes. */
function withoutCommand(text: string): string {
  return text.replace(/"command": \[[^\]]*\]/, '"command": []');
}

test('two processes, two time zones, two locales, two folders: one result', () => {
  const here = temporaryFolder();
  const there = temporaryFolder();
  const first = reports('first', here, { TZ: 'UTC', LC_ALL: 'C', LANG: 'C' });
  const second = reports('second', there, {
    TZ: 'Asia/Kathmandu',
    LC_ALL: 'tr_TR.UTF-8',
    LANG: 'tr_TR.UTF-8',
  });
  assert.deepEqual([...first.keys()], [...second.keys()]);
  assert.ok(first.size >= 9);
  for (const [name, text] of first)
    assert.equal(withoutCommand(second.get(name)!), withoutCommand(text), name);
});
