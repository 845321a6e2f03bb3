/** `upcall validate --exits`: what it prints, and how wrong use and wrong files are told. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { upcall } from '../support/cli.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';
import { recordBytes, windowBytes } from '../support/xentrace-file.ts';

const folder = temporaryFolder();
const PIECE = join(ROOT, 'test/recordings/l-pvh.domu-net.cut.xentrace.gz');

test('the formats say the same', () => {
  const csv = upcall(['validate', '--exits', PIECE, '--format', 'csv', '--out', join(folder, 'out')]);
  assert.equal(csv.code, 0, csv.stderr);
  const [header, ...rows] = csv.stdout.trimEnd().split('\n');
  assert.match(header!, /^class,upcalls,alike,alike_pct,given,intr_predicted,intr_recorded,inj_predicted,/);
  assert.match(rows.at(-1)!, /^all,179,179,100.00,4,/);
  assert.equal(readFileSync(join(folder, 'out/validate-exits.csv'), 'utf8'), csv.stdout);
  const json = JSON.parse(upcall(['validate', '--exits', PIECE, '--format', 'json']).stdout);
  assert.deepEqual([json.schema, json.rows.length], ['upcall.validate-exits/1.0', rows.length]);
  const plain = fileIn(folder, 'plain', gunzipSync(readFileSync(PIECE)));
  const text = upcall(['validate', '--exits', plain]);
  assert.match(text.stdout, /^all +179 +179 +100.00 +4 /m);
  assert.match(text.stdout, /^no differences$/m);
});

const vmx = windowBytes(0, [recordBytes(0x81102, [12, 0, 0], 1n), recordBytes(0x81001, [], 2n)]);
const pv = windowBytes(0, [recordBytes(0x20100d, [32], 1n)]);
const file = (name: string, bytes: Uint8Array) => fileIn(folder, name, bytes);
const wrong: Array<[what: string, args: string[], code: number, message: RegExp]> = [
  [
    'nothing to compare',
    [],
    2,
    /expected a file of measurements, .* or --exits RECORDING, found none of them/,
  ],
  ['both', ['a.csv', '--exits', PIECE], 2, /found several/],
  ['a machine', ['--exits', PIECE, '--machine', 'zen5'], 2, /takes neither --machine nor --set/],
  ['no name', ['--exits', ''], 2, /expected the name of a file, found an empty one/],
  ['no file', ['--exits', join(folder, 'none')], 6, /cannot open the file/],
  [
    'no recording',
    ['--exits', file('text', gzipSync('some text here'))],
    6,
    /text \(decompressed\) at byte 0: found 0x/,
  ],
  [
    'VMX',
    ['--exits', file('vmx', vmx)],
    6,
    /vmx: found VM exits with the reasons 12 only, expected .* on AMD SVM/,
  ],
  [
    'PV only',
    ['--exits', file('pv', pv)],
    6,
    /pv: found no VM exit, expected the VM exits of an HVM or PVH domain/,
  ],
];
for (const [what, args, code, message] of wrong) {
  test(`refused: ${what}`, () => {
    const result = upcall(['validate', ...args]);
    assert.equal(result.code, code);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, message);
  });
}
