/** The binary form of the trace table: the same table, the same bytes everywhere, and what is refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { RandomStream } from '../../src/model/random.ts';
import { BLOCK_ROWS } from '../../src/trace/binary/layout.ts';
import { KINDS, VERSION } from '../../src/trace/table.ts';
import { writeTrace } from '../../src/trace/writer.ts';
import { fileOf, partsOf } from '../fuzz/binary-frame.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';
import { everyKind, readTable, type Table, tableByChance, writtenBytes } from '../support/tables.ts';

const folder = temporaryFolder();
let serial = 0;

async function through(ending: string, { header, rows }: Table): Promise<Table> {
  const path = join(folder, `t${serial++}${ending}`);
  assert.equal(await writeTrace(path, header, rows), rows.length);
  return readTable(path);
}

test('table, text, binary, compressed text, table: nothing changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(400), async (seed, length) => {
      const table = tableByChance(new RandomStream(seed, 'round trip'), length);
      let now = table;
      for (const ending of ['.trace', '.utt', '.trace.gz', '.utt']) now = await through(ending, now);
      assert.deepEqual(now, table);
    }),
    { seed: 6, numRuns: 40 },
  );
});

test('tables of several blocks too, and one without rows', async () => {
  for (const length of [0, 3 * BLOCK_ROWS]) {
    const table = tableByChance(new RandomStream(8, 'blocks'), length, length === 0 ? 0 : 500);
    assert.ok(length === 0 ? table.rows.length === 0 : table.rows.length > BLOCK_ROWS + 1000);
    assert.deepEqual(await through('.utt', table), table);
    assert.deepEqual(await through('.trace.gz', await through('.utt', table)), table);
  }
});

test('every bundled trace is the same in both forms, and shorter in binary when it is long', async () => {
  for (const kind of ['recorded', 'recorded/joined', 'micro']) {
    for (const name of readdirSync(join(ROOT, 'traces', kind))) {
      if (!/\.(trace|trace\.gz|utt)$/.test(name)) continue;
      const path = join(ROOT, 'traces', kind, name);
      const table = await readTable(path);
      const upgraded = { header: { ...table.header, version: VERSION }, rows: table.rows };
      const text = await writtenBytes('a.trace', table);
      const binary = await writtenBytes('a.utt', await readTable(fileIn(folder, 'a.trace', text)));
      const back = await readTable(fileIn(folder, 'a.utt', binary));
      assert.deepEqual(back, upgraded, name);
      assert.deepEqual(await writtenBytes('a.trace', back), text, name);
      if (table.rows.length > 1000) assert.ok(binary.length < text.length / 8, `${name} ${binary.length}`);
    }
  }
});

test('the bytes are the same on every machine and Node.js', async () => {
  const table = tableByChance(new RandomStream(11, 'bytes'), 30_000, 200, 8);
  const sums: string[] = [];
  for (const name of ['a.trace', 'a.trace.gz', 'a.utt']) {
    sums.push(
      createHash('sha256')
        .update(await writtenBytes(name, table))
        .digest('hex')
        .slice(0, 16),
    );
  }
  assert.deepEqual(sums, EXPECTED_SUMS);
});

/** Of text, compressed text and binary; they change only with the version of the table or of the layout. */
const EXPECTED_SUMS = ['c8c711d2002c52d3', '9af44300d1b9562c', '7a20a623f3297b7d'];

test('a table of every kind, compressed once more, through a pipe, is read', async () => {
  const table = everyKind();
  assert.deepEqual(new Set(table.rows.map((r) => r.kind)).size, KINDS.length);
  const bytes = await writtenBytes('a.utt', table);
  assert.deepEqual(await readTable(fileIn(folder, 'a.utt.gz', gzipSync(bytes))), table);
});

/** Changes to an intact file, and what is said about them. */
const damage: Array<[what: string, change: (file: Buffer) => Buffer, message: RegExp]> = [
  [
    'a line end changed by a transfer',
    (f) => Buffer.from(f.toString('latin1').replace('\r\n', '\n'), 'latin1'),
    /bad at byte 0: found bytes 895554540a1a0a.., expected 895554540d0a1a0a, a binary table/,
  ],
  [
    'cut off in a section',
    (f) => f.subarray(0, 700),
    /bad at byte \d+: found the end of the file: it is cut off, expected all of section/,
  ],
  [
    'cut off between sections',
    (f) => f.subarray(0, f.length - 60),
    /bad at byte \d+: found the end of the file: it is cut off, expected DONE/,
  ],
  [
    'one bit of the header',
    (f) => flipped(f, 20),
    /bad at byte 8: found a section HEAD with checksum 0x[0-9a-f]{8}, expected 0x[0-9a-f]{8}: it is damaged/,
  ],
  [
    'one bit of the checksum of the whole',
    (f) => flipped(f, f.length - 10),
    /found a section DONE with checksum/,
  ],
  [
    'more behind the end',
    (f) => Buffer.concat([f, Buffer.from('x')]),
    /found more bytes, expected the end of the file/,
  ],
  [
    'another layout',
    (f) => changed(f, 'HEAD', (p) => p.fill(9, 0, 1)),
    /bad at byte 16: found layout 9, expected layout 1/,
  ],
  [
    'another version',
    (f) => changed(f, 'HEAD', (p) => p.fill(99, 1, 2)),
    new RegExp(`bad at byte 17: found format version 99, expected version 1 or .*${VERSION}`),
  ],
  [
    'a control character in a name',
    (f) => changed(f, 'HEAD', (p) => p.fill(7, p.indexOf('test'), p.indexOf('test') + 1)),
    /found a control or non-ASCII character in the value of name, expected printable ASCII/,
  ],
  [
    'a kind that no version has',
    (f) => changed(f, 'HEAD', (p) => p.fill('x', p.indexOf('unmask'), p.indexOf('unmask') + 1)),
    /found kind "xnmask", expected one of bound, bind, .* in version/,
  ],
  [
    'a column twice',
    (f) => changed(f, 'HEAD', (p) => p.write('kind', p.indexOf('time'))),
    /found column "kind", expected|found the end of the columns, expected/,
  ],
  [
    'no index',
    (f) => fileOf(partsOf(f).filter((p) => p.tag !== 'INDX')),
    /found a section "DONE", expected ROWS or INDX/,
  ],
  [
    'a block taken out',
    (f) => fileOf(partsOf(f).filter((p) => p.tag !== 'ROWS')),
    /found block 1 in the index at byte \d+, \d+ rows, time .*, expected no more/,
  ],
  [
    'fewer rows than it says',
    (f) => changed(f, 'DONE', (p) => p.fill(9, 8, 9)),
    /found 9 rows in DONE, expected \d+/,
  ],
];

function flipped(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy[at] = copy[at]! ^ 1;
  return copy;
}

function changed(file: Buffer, tag: string, change: (payload: Buffer) => void): Buffer {
  return fileOf(
    partsOf(file).map((part) => {
      const payload = Buffer.from(part.payload);
      if (part.tag === tag) change(payload);
      return { tag: part.tag, payload };
    }),
  );
}

for (const [what, change, message] of damage) {
  test(`refused: ${what}`, async () => {
    const bytes = change(await writtenBytes('a.utt', everyKind()));
    await assert.rejects(readTable(fileIn(folder, 'bad', bytes)), message);
  });
}

test('a block whose state is not that of the rows before it is refused', async () => {
  const table = tableByChance(new RandomStream(8, 'blocks'), 3 * BLOCK_ROWS, 500);
  const parts = partsOf(await writtenBytes('a.utt', table));
  const first = parts.findIndex((p) => p.tag === 'ROWS');
  const without = fileIn(folder, 'bad', fileOf(parts.filter((_, i) => i !== first)));
  await assert.rejects(
    readTable(without),
    /bad at byte \d+, record 1: found port \d+ in the state of the block, expected one that is bound/,
  );
});

test('a row that may not be there is refused with its record', async () => {
  const { header, rows } = everyKind();
  const twice = [...rows.slice(0, 30), rows[0]!, ...rows.slice(30)].map((row, i) => ({ ...row, time: i }));
  const bytes = await writtenBytes('a.utt', { header, rows: twice });
  await assert.rejects(readTable(fileIn(folder, 'bad', bytes)), /bad at byte \d+, record 31: found /);
});

test('files of every version so far stay readable', async () => {
  const old = join(ROOT, 'test/fixtures/tables');
  const names = readdirSync(old).filter((name) => !name.endsWith('.md'));
  for (const form of ['trace', 'utt', 'csv', 'jsonl']) assert.ok(names.includes(`v${VERSION}.${form}`), form);
  for (const name of names) {
    const { header, rows } = await readTable(join(old, name));
    assert.equal(header.version, Number(/^v(\d+)/.exec(name)![1]), name);
    const now = await through('.utt', { header, rows });
    assert.deepEqual(now, { header: { ...header, version: VERSION }, rows }, name);
  }
  for (const name of names) {
    const text = await readTable(join(old, name.replace(/\..*/, '.trace')));
    assert.deepEqual(await readTable(join(old, name)), text, name);
  }
  assert.equal(readFileSync(join(old, 'v1.trace'), 'latin1').split('\n', 1)[0], '# upcall-trace 1');
});
