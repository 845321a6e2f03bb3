/** `upcall machines` and its parts as a user runs them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MACHINES } from '../../src/x86/machines/catalogue.ts';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();

type Row = Record<string, number | string | null>;

function rowsOf(args: string[]): Row[] {
  const result = upcall(['machines', ...args, '--format', 'json']);
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout).rows;
}

test('machines lists them with how many numbers are of which confidence', () => {
  const rows = rowsOf([]);
  assert.equal(rows.length, MACHINES.length);
  const sums = rows.map((r) => Number(r.measured) + Number(r.documented) + Number(r.guessed));
  assert.equal(new Set(sums).size, 1, 'every machine has every number');
  assert.ok(rows.every((r) => /unvalidated/.test(String(r.validation))));
});

test('machines show prints every number with unit, range, confidence and source', () => {
  const rows = rowsOf(['show', 'zen4']);
  for (const r of rows) {
    assert.ok(String(r.source).length > 3 && r.unit !== '' && r.low! <= r.value! && r.value! <= r.high!);
    assert.match(String(r.confidence), /^(measured|documented|guessed)$/);
  }
  assert.ok(rows.some((r) => r.machine === 'kernel'));
  assert.ok(rows.some((r) => r.machine === 'zen4' && r.parameter === 'lockCycles' && r.value === 8));
});

test('machines diff prints only what differs, with both values and both confidences', () => {
  assert.deepEqual(rowsOf(['diff', 'zen3', 'zen3']), []);
  const [row, ...more] = rowsOf(['diff', 'skylake-sp', 'skylake-sp-retpoline']);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row!.parameter, row!.value_a, row!.value_b, row!.unit, row!.confidence_a, row!.confidence_b],
    ['retpolineCycles', 0, 27, 'cycles', 'documented', 'guessed'],
  );
  const { stdout } = upcall(['machines', 'diff', 'skylake-sp', 'skylake-sp-retpoline']);
  assert.match(
    stdout,
    /^parameter +value_a +value_b +unit +confidence_a +confidence_b\nretpolineCycles +0 +27 /,
  );
});

test('machines sensitivity names the numbers that move the answers, and writes every movement', () => {
  const out = join(folder, 'sensitivity');
  const result = upcall([
    'machines',
    'sensitivity',
    '--parameter',
    'exitSoftwareCycles,l1dWays',
    '--out',
    out,
  ]);
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^zen5, freebsd-c \(kernels: .*\): 1 number with a range/);
  assert.match(result.stdout, /\n {2}exitSoftwareCycles +guessed +520 +1120 +upcall p50 /);
  assert.match(result.stdout, /No number turns a ranking of the strategies round\.\n$/);
  assert.deepEqual(readdirSync(out).sort(), [
    'sensitivity-rankings.csv',
    'sensitivity-rankings.json',
    'sensitivity.csv',
    'sensitivity.json',
  ]);
  const csv = readFileSync(join(out, 'sensitivity.csv'), 'utf8');
  const sidecar = JSON.parse(readFileSync(join(out, 'sensitivity.json'), 'utf8'));
  assert.equal(sidecar.sha256, createHash('sha256').update(csv).digest('hex'));
  assert.equal(Object.keys(sidecar.provenance.inputs).length, 2);
  const rows = csv.trimEnd().split('\n').slice(1);
  assert.equal(rows.length, 2 * 9, 'two ends, nine answers');
  assert.ok(rows.every((r) => r.startsWith('upcall.sensitivity/1.0,zen5,freebsd-c,exitSoftwareCycles,')));
  assert.deepEqual(rows, [...rows].sort(), 'sorted by key');
});

for (const [what, args, message] of [
  ['diff with one that is none', ['diff', 'zen5', 'zn4'], /unknown machine "zn4", did you mean zen4/],
  ['diff with one', ['diff', 'zen5'], /got 1, need at least 2/],
  [
    'a number that is none',
    ['sensitivity', '--parameter', 'robEntry'],
    /"robEntry", did you mean robEntries/,
  ],
  ['sensitivity of no machine', ['sensitivity', '--machine', 'zen6'], /unknown machine "zen6"/],
  ['a name without its command', ['zen5'], /unknown machines command "zen5"/],
] as const) {
  test(what, () => {
    const result = upcall(['machines', ...args]);
    assert.match(result.stderr, message);
    assert.equal(result.code, 2);
    assert.equal(result.stdout, '');
  });
}
