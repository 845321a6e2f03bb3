/** Recordings of guests and the forms of the table on the command line: what is printed, written, and how it ends. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { upcall } from '../support/cli.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';
import { FTRACE_SAMPLE, KTR_SAMPLE, VMSTAT_SAMPLE } from '../support/samples.ts';

const folder = temporaryFolder();
const out = join(folder, 'out.trace');

test('info of a recording on standard input, as JSON', () => {
  const { code, stdout } = upcall(['trace', 'info', '-', '--format', 'json'], { input: FTRACE_SAMPLE });
  assert.equal(code, 0);
  const info = JSON.parse(stdout);
  assert.deepEqual(
    [
      info.format,
      info.records,
      info.per_pcpu,
      info.first_tsc,
      info.lost_records,
      info.skewed,
      info.unmatched,
    ],
    ['ftrace', 6, { 0: 1, 1: 3, 3: 2 }, 1_200_000_100_000, 0, 0, 0],
  );
  assert.equal(info.events.irq_handler_entry, 1);
  assert.match(info.quality, /^complete: 6 records/);
});

test('convert of a counter needs its rate; with a snapshot the ports that never fired are there', () => {
  const recording = fileIn(folder, 'ktr', KTR_SAMPLE);
  const state = fileIn(folder, 'state', `${VMSTAT_SAMPLE.replace('Total', 'irq2129: xbd0 5 1\nTotal')}`);
  const args = ['trace', 'convert', recording, '--name', 'k', '--state', state, '--out', out];
  const without = upcall(args);
  assert.equal(without.code, 2);
  assert.match(without.stderr, /--clock-hz must say how many a second/);
  assert.ok(!existsSync(out));
  const { code, stderr } = upcall([...args, '--clock-hz', '2400000000', '--note', 'shows=a test']);
  assert.equal(code, 0, stderr);
  const lines = readFileSync(out, 'utf8').split('\n');
  assert.ok(lines.includes('# shows: a test'));
  assert.ok(lines.includes('# ports_1: 1 = irq 2128: xn0; 2 = irq 2129: xbd0'));
  assert.deepEqual(lines.slice(-5, -1), [
    '0,bound,-,1,1,interdomain,ithread,',
    '0,bound,-,2,0,interdomain,ithread,',
    '0,send,-,1,,,,running',
    '# end rows=3',
  ]);
  assert.equal(upcall([...args, '--clock-hz', '5']).code, 2);
  assert.equal(upcall([...args, '--clock-hz', '2400000000', '--note', 'name=x']).code, 2);
});

test('--tolerate says what was left out, and is kept to', () => {
  const text = `${FTRACE_SAMPLE}nonsense\n${FTRACE_SAMPLE}more nonsense\n`;
  const strict = upcall(['trace', 'info', '-'], { input: text });
  assert.equal(strict.code, 6);
  assert.match(strict.stderr, /:8: found "nonsense", expected an ftrace line/);
  const two = upcall(['trace', 'info', '-', '--tolerate', '2'], { input: text });
  assert.equal(two.code, 0);
  assert.match(two.stderr, /skipped 2 faulty records, read 12/);
  const one = upcall(['trace', 'info', '-', '--tolerate', '1'], { input: text });
  assert.equal(one.code, 6);
  assert.match(one.stderr, /more than 1 faulty records/);
});

test('a table goes through CSV and JSON lines and comes back as it was', () => {
  const first = join(folder, 'first.trace');
  const micro = join(ROOT, 'traces/micro/hypervisor.trace');
  assert.equal(upcall(['trace', 'convert', micro, '--out', first]).code, 0);
  let from = first;
  for (const ending of ['csv', 'jsonl.gz', 'utt', 'csv.gz', 'jsonl', 'trace']) {
    const to = join(folder, `t.${ending}`);
    const { code, stderr } = upcall(['trace', 'convert', from, '--out', to]);
    assert.equal(code, 0, stderr);
    from = to;
  }
  assert.equal(readFileSync(from, 'utf8'), readFileSync(first, 'utf8'));
});
