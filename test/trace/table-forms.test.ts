/** The table as CSV and as JSON lines: the same rows and header as the text form, and what is refused of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { UserError } from '../../src/model/errors.ts';
import { detect } from '../../src/trace/formats.ts';
import { Input } from '../../src/trace/input.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { rowOf, type TraceHeader, type TraceRow } from '../../src/trace/table.ts';
import { writeTrace } from '../../src/trace/writer.ts';
import { temporaryFolder } from '../support/files.ts';
import { TABLE_SAMPLE } from '../support/samples.ts';

const folder = temporaryFolder();
const inputOf = (text: string) => new Input('table', false, Buffer.from(text));

async function read(input: Input): Promise<{ header: TraceHeader; rows: TraceRow[] }> {
  const { header, batches } = await openTrace(input);
  const rows: TraceRow[] = [];
  for await (const batch of batches) for (let i = 0; i < batch.length; i++) rows.push(rowOf(batch, i));
  return { header, rows };
}

/** A table written in a form, as text. */
async function written(ending: string): Promise<string> {
  const { header, rows } = await read(inputOf(TABLE_SAMPLE));
  const path = join(folder, `t${ending}`);
  await writeTrace(path, header, rows);
  return readFileSync(path, 'utf8');
}

for (const [ending, name] of [
  ['.csv', 'upcall-trace-csv'],
  ['.csv.gz', 'upcall-trace-csv'],
  ['.jsonl', 'upcall-trace-jsonl'],
  ['.jsonl.gz', 'upcall-trace-jsonl'],
] as const) {
  test(`${ending}: written, recognised, and read back with identical header and rows`, async () => {
    const good = await read(inputOf(TABLE_SAMPLE));
    await written(ending);
    const input = new Input(join(folder, `t${ending}`));
    assert.equal((await detect(input)).name, name);
    assert.deepEqual(await read(input), good);
    await writeTrace(join(folder, 'back.trace'), good.header, good.rows);
    assert.equal(readFileSync(join(folder, 'back.trace'), 'utf8'), TABLE_SAMPLE);
  });
}

test('CSV is one rectangle of RFC 4180, also with quotes, CRLF and a byte order mark', async () => {
  const text = await written('.csv');
  const records: string[][] = parse(text);
  assert.ok(records.every((record) => record.length === 10));
  assert.deepEqual(records[4], ['', 'header', '', '', '', '', '', '', 'vcpus', '2']);
  assert.deepEqual(records[5], ['', 'header', '', '', '', '', '', '', 'shows', 'commas, "quotes"']);
  const quoted = records
    .map((record) => record.map((f) => `"${f.replaceAll('"', '""')}"`).join(','))
    .join('\r\n');
  assert.deepEqual(await read(inputOf(`\ufeff${quoted}\r\n`)), await read(inputOf(TABLE_SAMPLE)));
});

test('JSON lines name the columns; what a row has not is left out', async () => {
  const lines = (await written('.jsonl')).trimEnd().split('\n');
  assert.equal(
    lines[0],
    '{"upcall_trace":3,"name":"small","clock_hz":1000000000,"vcpus":2,"notes":[["shows","commas, \\"quotes\\""]]}',
  );
  assert.equal(
    lines[1],
    '{"time":0,"kind":"bound","by":null,"port":1,"to":0,"channel":"interdomain","handler":"filter"}',
  );
  assert.equal(lines[4], '{"time":11,"kind":"halt","by":1}');
  assert.equal(lines.at(-1), '{"rows":12}');
});

const refused: Array<[what: string, ending: string, from: string | RegExp, to: string, message: RegExp]> = [
  [
    'a row of nine columns',
    '.csv',
    '11,halt,1,,,,,,,',
    '11,halt,1,,,,,,',
    /^table:10: found 9 columns: "11,halt/,
  ],
  [
    'a row with a key',
    '.csv',
    '11,halt,1,,,,,,,',
    '11,halt,1,,,,,,k,',
    /^table:10: found a row with key and value/,
  ],
  [
    'a broken quote',
    '.csv',
    '11,halt,1,,,,,,,',
    '11,"halt,1,,,,,,,',
    /^table:10: found .* expected one CSV record/,
  ],
  [
    'a note with a column',
    '.csv',
    ',header,,,,,,,name',
    ',header,5,,,,,,name',
    /^table:3: found .* only key and value/,
  ],
  ['no format', '.csv', /,format.*\n/, '', /^table:2: found ",header,.*expected ",format/],
  [
    'another version',
    '.csv',
    'upcall-trace,3',
    'upcall-trace,9',
    /^table:2: found "upcall-trace" version "9"/,
  ],
  [
    'no name',
    '.csv',
    /,header,,,,,,,name.*\n/,
    '',
    /^table:\d+: found a header without it, expected "# name/,
  ],
  ['a wrong clock', '.csv', 'clock_hz,1000000000', 'clock_hz,5', /^table:4: found clock_hz "5"/],
  [
    'another count',
    '.csv',
    'rows,12',
    'rows,11',
    /^table:19: found ",end,,,,,,,rows,11", expected ",end,.*rows,12"/,
  ],
  ['a cut end', '.csv', /,end.*\n/, '', /^table:18: found the end of the file: it is cut off/],
  ['a wrong kind', '.csv', '11,halt', '11,hop', /^table:10: found kind "hop"/],
  ['no JSON', '.jsonl', '{"time":11', '{time:11', /^table:5: found "\{time.* expected a JSON object a line/],
  ['a list', '.jsonl', /\{"time":11.*\n/, '[1]\n', /^table:5: found "\[1\]", expected a JSON object/],
  ['an unknown key', '.jsonl', '{"time":11', '{"__proto__":1,"time":11', /^table:5: found key "__proto__"/],
  ['a text for a number', '.jsonl', '"time":11', '"time":"11"', /^table:5: found time .*expected an integer/],
  ['a fraction', '.jsonl', '"time":11', '"time":11.5', /^table:5: found time 11.5, expected an integer/],
  [
    'past 2^53',
    '.jsonl',
    '"time":11',
    '"time":9007199254740993',
    /^table:5: found time .*expected an integer/,
  ],
  ['a number for a text', '.jsonl', '"kind":"halt"', '"kind":8', /^table:5: found kind 8, expected a string/],
  [
    'a deep list',
    '.jsonl',
    '"time":11',
    `"time":${'['.repeat(30_000)}${']'.repeat(30_000)}`,
    /^table:5: found time a list/,
  ],
  ['a version of text', '.jsonl', '"upcall_trace":3', '"upcall_trace":"3"', /^table:1: found format version/],
  [
    'notes of another shape',
    '.jsonl',
    '[["shows",',
    '[["shows",1,',
    /^table:1: found note .* expected a pair of strings/,
  ],
  ['notes that are none', '.jsonl', /"notes":.*\}/, '"notes":5}', /^table:1: found notes that are no list/],
  [
    'another count',
    '.jsonl',
    '{"rows":12}',
    '{"rows":13}',
    /^table:14: found "\{"rows":13\}", expected "\{"rows":12\}"/,
  ],
  ['a header cut', '.jsonl', '"vcpus":2,', '', /^table:1: found a header without it, expected "# vcpus/],
];
for (const [what, ending, from, to, message] of refused) {
  test(`refused in ${ending}: ${what}`, async () => {
    const text = await written(ending);
    const bad = text.replace(from, to);
    assert.notEqual(bad, text);
    await assert.rejects(read(inputOf(bad)), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.equal(error.exit, 6);
      assert.match(error.message, message);
      return true;
    });
  });
}
