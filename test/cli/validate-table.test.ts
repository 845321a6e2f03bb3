/** `upcall validate --table`: what it prints, and how wrong use is told. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();
const TABLE = ['validate', '--table', 'isca16'];

test('the formats say the same, and the terms are written', () => {
  const out = join(folder, 'out');
  const csv = upcall([...TABLE, '--format', 'csv', '--out', out]);
  assert.equal(csv.code, 0, csv.stderr);
  const [header, ...lines] = csv.stdout.trimEnd().split('\n');
  assert.match(header!, /^schema,position,row,used,published_cycles,predicted_cycles,error_ratio,/);
  const { rows } = JSON.parse(upcall([...TABLE, '--format', 'json']).stdout) as {
    rows: Array<Record<string, unknown>>;
  };
  const text = upcall(TABLE).stdout;
  assert.equal(rows.length, 7);
  rows.forEach((row, i) => {
    const figures = [row.published_cycles, row.predicted_cycles, (row.error_ratio as number).toFixed(4)];
    assert.ok(
      lines[i]!.startsWith(`${row.schema},${row.position},${row.row},${row.used},${figures.join(',')}`),
    );
    assert.match(text, new RegExp(`^${row.row} +${row.used} +${figures.join(' +')} `, 'm'));
  });
  assert.deepEqual(
    readdirSync(out).filter((f) => f.endsWith('.csv')),
    ['validate-published-terms.csv', 'validate-published-variants.csv', 'validate-published.csv'],
  );
});

test('--set moves a prediction', () => {
  const cyclesWith = (...set: string[]) => {
    const { stdout } = upcall([...TABLE, '--format', 'json', ...set]);
    const { rows } = JSON.parse(stdout) as { rows: Array<{ row: string; predicted_cycles: number }> };
    return new Map(rows.map((r) => [r.row, r.predicted_cycles]));
  };
  const [as, more] = [cyclesWith(), cyclesWith('--set', 'scheduleCycles=5000')];
  assert.equal(more.get('VM Switch')! - as.get('VM Switch')!, 3000);
  assert.equal(more.get('Virtual IPI'), as.get('Virtual IPI'));
});

test('wrong use is told', () => {
  const cases: Array<readonly [string[], RegExp]> = [
    [['validate'], /expected a file of measurements, --table NAME or .*, found none of them/],
    [[...TABLE, 'x.csv'], /expected a file of measurements, --table NAME or .*, found several/],
    [
      ['validate', '--table', 'isca61'],
      /unknown table "isca61", did you mean isca16\? expected one of: isca16/,
    ],
    [[...TABLE, '--machine', 'zen5'], /--table isca16 is of sandy-bridge-en: found --machine zen5/],
    [[...TABLE, '--set', 'senders=2'], /senders is of a replay: no row depends on it/],
  ];
  for (const [words, message] of cases) {
    const { code, stderr, stdout } = upcall(words);
    assert.deepEqual([code, stdout], [2, ''], words.join(' '));
    assert.match(stderr, message);
  }
});
