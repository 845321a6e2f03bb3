/** How tables are written: CSV that every reader takes, JSON, aligned text, files that are whole or not there. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareWithBaseline } from '../../src/lab/check.ts';
import { linesTable } from '../../src/lab/lines.ts';
import { histTable, runsTable, stagesTable } from '../../src/lab/tables.ts';
import { integer, ratio, sortRows, type Table, text } from '../../src/model/table.ts';
import { formatCsv } from '../../src/report/csv.ts';
import { readCsv } from '../../src/report/csv-read.ts';
import { writeFiles, writeReports } from '../../src/report/files.ts';
import { formatJson } from '../../src/report/json.ts';
import { alignedLines, formatText } from '../../src/report/text.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();

const table: Table = {
  schema: 'test.table/1.0',
  columns: [
    text('schema', 'schema'),
    text('name', 'a name'),
    integer('cycles', 'cycles', 'lower', 'cycles'),
    ratio('mean', 'cycles', 'lower', 'a mean', 1),
  ],
  keys: 2,
  rows: [
    ['test.table/1.0', 'plain', 12, 1.25],
    ['test.table/1.0', 'a "quoted", name', -3, null],
    ['test.table/1.0', '=1+2', 0, 1e21],
    ['test.table/1.0', '-5', 9007199254740991, 0],
  ],
};

test('CSV: LF, RFC 4180 quoting, declared decimals, empty for nothing, no formulas', () => {
  assert.equal(
    formatCsv(table),
    [
      'schema,name,cycles,mean',
      'test.table/1.0,plain,12,1.3',
      'test.table/1.0,"a ""quoted"", name",-3,',
      "test.table/1.0,'=1+2,0,1e+21",
      'test.table/1.0,-5,9007199254740991,0.0',
      '',
    ].join('\n'),
  );
});

test('CSV is read back as it was written', () => {
  const path = fileIn(folder, 't.csv', formatCsv(table));
  const back = readCsv(path)!;
  assert.deepEqual(back.header, ['schema', 'name', 'cycles', 'mean']);
  assert.deepEqual(back.rows[1], ['test.table/1.0', 'a "quoted", name', '-3', '']);
  assert.equal(readCsv(join(folder, 'nothing')), undefined);
  assert.equal(readCsv(fileIn(folder, 'e.csv', '')), undefined);
});

test('JSON keeps numbers and nulls', () => {
  const { schema, rows } = JSON.parse(formatJson(table));
  assert.equal(schema, 'test.table/1.0');
  assert.deepEqual(rows[0], { schema: 'test.table/1.0', name: 'plain', cycles: 12, mean: 1.3 });
  assert.equal(rows[1].mean, null);
});

test('text is aligned, numbers to the right', () => {
  assert.equal(
    alignedLines(
      [
        ['n', 'x'],
        ['long', '7'],
        ['b', '123'],
      ],
      [false, true],
    ),
    'n       x\nlong    7\nb     123\n',
  );
  assert.ok(formatText(table, ['name', 'cycles']).startsWith('name'));
});

test('rows are sorted by their keys, numbers as numbers', () => {
  const rows = [
    ['b', 2],
    ['a', 10],
    ['a', 9],
  ];
  assert.deepEqual(sortRows(rows, 2), [
    ['a', 9],
    ['a', 10],
    ['b', 2],
  ]);
});

test('files come all or none', () => {
  const out = join(folder, 'out');
  writeReports(out, [['t', table]], {
    tool: 'upcall',
    version: '0',
    revision: null,
    dirty: null,
    command: [],
    inputs: {},
  });
  assert.deepEqual(readdirSync(out).sort(), ['t.csv', 't.json']);
  assert.throws(() => writeFiles(join(out, 't.csv'), [['x', 'y']]), /cannot write reports there/);
  assert.throws(
    () =>
      writeFiles(out, [
        ['good', 'y'],
        ['no/such', 'y'],
      ]),
    /cannot write reports there/,
  );
  assert.equal(existsSync(join(out, 'good')), false);
  assert.equal(readFileSync(join(out, 't.csv'), 'utf8'), formatCsv(table));
});

test('the comparator sees a change in every column, and none where there is none', () => {
  const baseline = () => {
    const [header, ...rows] = formatCsv({ ...table, rows: table.rows.slice(0, 1) })
      .trimEnd()
      .split('\n');
    return { header: header!.split(','), rows: rows.map((row) => row.split(',')) };
  };
  const now = { ...table, rows: table.rows.slice(0, 1) };
  assert.deepEqual(compareWithBaseline('t', now, baseline()), {
    cells: 2,
    differences: [],
    incomparable: [],
  });
  for (let i = 0; i < table.columns.length; i++) {
    const mutated = baseline();
    mutated.rows[0]![i] = `${mutated.rows[0]![i]}9`;
    const result = compareWithBaseline('t', now, mutated);
    assert.ok(result.differences.length + result.incomparable.length > 0, table.columns[i]!.name);
  }
});

test('what cannot be compared is told apart from what differs', () => {
  const one = { ...table, rows: table.rows.slice(0, 1) };
  const two = { ...table, rows: table.rows.slice(0, 2) };
  const read = (text: string) => readCsv(fileIn(folder, 'b.csv', text));
  const csv = formatCsv(two);
  const cases: Array<[string, string, RegExp]> = [
    ['empty', '', /missing, empty or unreadable/],
    ['without rows', `${csv.split('\n')[0]}\n`, /has no rows/],
    ['shorter', formatCsv(one), /the baseline lacks test\.table/],
    ['of another version', csv.replaceAll('table/1.0', 'table/2.0'), /the baseline is test\.table\/2\.0/],
    ['with other columns', csv.replace('cycles', 'ticks'), /has other columns/],
  ];
  for (const [what, text, reason] of cases) {
    const result = compareWithBaseline('t', two, read(text));
    assert.deepEqual(result.differences, [], what);
    assert.match(result.incomparable[0]!, reason, what);
  }
  assert.match(compareWithBaseline('t', one, read(csv)).incomparable[0]!, /the run lacks/);
  assert.match(compareWithBaseline('t', two, undefined).incomparable[0]!, /missing/);
});

test('empty reports have their headers, with schema first and keys before numbers', () => {
  for (const t of [runsTable([]), stagesTable([]), histTable([]), linesTable([])]) {
    assert.equal(t.columns[0]!.name, 'schema');
    assert.ok(
      t.columns.slice(0, t.keys).every((c) => c.type === 'text' || ['low_cycles', 'rank'].includes(c.name)),
    );
    assert.equal(new Set(t.columns.map((c) => c.name)).size, t.columns.length);
    for (const c of t.columns) if (c.unit === 'cycles') assert.match(c.name, /cycles/);
  }
});
