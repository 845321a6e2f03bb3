/** `upcall crossover` as a user runs it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();
const small = ['crossover', '--strategy', 'linear,slist', '--population', '2,30', '--state', 'warm'];

test('crossover prints every format and writes its reports with a chart for each place', () => {
  const out = join(folder, 'out');
  const table = upcall([...small, '--guest', 'freebsd-a,freebsd-c', '--out', out]);
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, /^zen5, freebsd-a, warm \(kernels: /);
  assert.deepEqual(readdirSync(out).sort(), [
    'crossover-break-even.csv',
    'crossover-break-even.json',
    'crossover-zen5-freebsd-a.svg',
    'crossover-zen5-freebsd-c.svg',
    'crossover.csv',
    'crossover.json',
  ]);
  const csv = upcall([...small, '--guest', 'freebsd-a,freebsd-c', '--format', 'csv']);
  assert.equal(csv.stdout, readFileSync(join(out, 'crossover.csv'), 'utf8'));
  const md = upcall([...small, '--format', 'md']).stdout;
  assert.match(md, /^zen5, freebsd-c, warm .*:\n\n\| isrcs \| 2 \| 30 \|/);
  // A state alone has the same cycles as among others.
  const both = upcall([...small.slice(0, -1), 'cold,warm', '--format', 'csv']).stdout.split('\n');
  const alone = upcall([...small, '--format', 'csv'])
    .stdout.trimEnd()
    .split('\n');
  for (const line of alone) assert.ok(both.includes(line), line);
});

test('crossover refuses what makes no sense, before it measures', () => {
  for (const [args, says] of [
    [
      ['--guest', 'linux-2l'],
      '--guest is "linux-2l", crossover knows the boot of freebsd-a and freebsd-c only',
    ],
    [['--population', '0,5'], '--population names 0, expected 1..4095'],
    [['--population', '8,5000'], '--population names 5000, expected 1..4095'],
    [['--unused', '5', '--population', '4,8'], '--unused is 5, expected 1..4, the least of --population'],
    [['--state', 'polluted(light)'], '--state is "polluted(light)", expected warm, l2-cold, cold'],
    [['--strategy', 'lineer'], 'unknown strategy "lineer", did you mean linear?'],
    [['--machine', 'zen6'], 'unknown machine "zen6"'],
    [['--vcpus', '65'], '--vcpus is 65, expected 1..64'],
    [['--precision', '1'], '--precision is 1, expected 2..4095'],
  ] as const) {
    const { code, stderr } = upcall(['crossover', ...args]);
    assert.equal(code, 2, args.join(' '));
    assert.ok(stderr.includes(says), stderr);
  }
});
