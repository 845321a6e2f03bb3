/** Tables out of tables: cut, merged, made anonymous. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { RandomStream } from '../../src/model/random.ts';
import { BLOCK_ROWS } from '../../src/trace/binary/layout.ts';
import { anonymise } from '../../src/trace/edit/anonymise.ts';
import { cut, type Edited } from '../../src/trace/edit/cut.ts';
import { merge } from '../../src/trace/edit/merge.ts';
import { Input } from '../../src/trace/input.ts';
import { Kind, type TraceRow } from '../../src/trace/table.ts';
import { TableState } from '../../src/trace/table-state.ts';
import { formatRow, writeTrace } from '../../src/trace/writer.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { headerFor, readTable, type Table, tableByChance } from '../support/tables.ts';

const folder = temporaryFolder();
let serial = 0;

async function fileOf({ header, rows }: Table, ending = '.trace'): Promise<string> {
  const path = `${folder}/t${serial++}${ending}`;
  await writeTrace(path, header, rows);
  return path;
}

/** What an edit gives, written and read again: it is a table, or this throws. */
async function through({ header, rows }: Edited): Promise<Table> {
  const path = `${folder}/e${serial++}.trace`;
  await writeTrace(path, header, rows);
  return readTable(path);
}

function stateAfter(rows: readonly TraceRow[]): TraceRow[] {
  const state = new TableState();
  for (const row of rows) state.take(row);
  return state.rows(0);
}

test('a cut is a table: the rows of its time, behind the state at its beginning', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.nat(200), fc.nat(100), async (seed, begin, length) => {
      const table = tableByChance(new RandomStream(seed, 'cut'), 400);
      const from = table.rows[begin % table.rows.length]!.time;
      const to = table.rows[Math.min(begin + length, table.rows.length - 1)]!.time + 1;
      const { header, rows } = await through(await cut(new Input(await fileOf(table)), from, to, 'part'));
      const within = table.rows.filter((r) => r.time >= from && r.time < to);
      const state = stateAfter(table.rows.filter((r) => r.time < from));
      assert.deepEqual(rows, [...state, ...within.map((r) => ({ ...r, time: r.time - from }))]);
      assert.deepEqual(stateAfter(rows), stateAfter(table.rows.filter((r) => r.time < to)));
      assert.equal(header.name, 'part');
    }),
    { seed: 4, numRuns: 60 },
  );
});

test('what is bound, moved, preempted, asleep or of a priority at the cut is so at the start of the part', async () => {
  const rows = [
    bound(1),
    bound(2),
    '0,bind,0,3,1,ipi,filter,',
    '1,move,0,2,1,,,',
    '2,priority,1,2,3,,,',
    '3,unbind,0,1,,,,',
    '4,halt,0,,,,,',
    '5,preempt,1,,,,,',
    '9,send,-,2,,,,',
    '12,send,-,3,,,,',
  ];
  const path = fileIn(folder, 'state', traceText(rows));
  const part = await through(await cut(new Input(path), 9, 12, undefined));
  assert.deepEqual(part.rows.map(formatRow), [
    '0,bound,-,2,1,unbound,filter,',
    '0,bound,-,3,1,ipi,filter,',
    '0,priority,1,2,3,,,',
    '0,halt,0,,,,,',
    '0,preempt,1,,,,,',
    '0,send,-,2,,,,',
  ]);
  assert.equal(part.header.name, 'test.9-12');
  assert.deepEqual(part.header.notes.slice(-2), [
    ['cut_from', '9'],
    ['cut_to', '12'],
  ]);
});

test('a binary table is cut by its index: other blocks are not even looked at', async () => {
  const table = tableByChance(new RandomStream(8, 'blocks'), 5 * BLOCK_ROWS, 500);
  const text = await fileOf(table, '.trace');
  const binary = await fileOf(table, '.utt');
  const times = [0, 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS].map((i) => table.rows[i]!.time);
  for (const from of times) {
    for (const to of [from + 1, from + 10_000_000, Number.POSITIVE_INFINITY]) {
      const a = await through(await cut(new Input(binary), from, to, undefined));
      assert.deepEqual(a, await through(await cut(new Input(text), from, to, undefined)));
    }
  }
  // Damage in the first block is not seen by a cut behind it, and seen by everybody else.
  const fd = openSync(binary, 'r+');
  const middle = Math.floor(statSync(binary).size / 5);
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, middle);
  writeSync(fd, Buffer.from([byte[0]! ^ 1]), 0, 1, middle);
  closeSync(fd);
  const last = await through(await cut(new Input(binary), times[4]!, Number.POSITIVE_INFINITY, undefined));
  assert.ok(last.rows.length > 100);
  await assert.rejects(readTable(binary), /a section ROWS with checksum/);
});

test('limits without a row, and in the wrong order, are refused', async () => {
  const path = fileIn(folder, 'short', traceText([bound(1), '5,send,-,1,,,,']));
  for (const ending of ['', '.utt']) {
    const input = ending === '' ? path : await fileOf(await readTable(path), '.utt');
    await assert.rejects(cut(new Input(input), 7, 7, undefined), /--to expects more than 7/);
    const none = await cut(new Input(input), 6, 9, undefined);
    await assert.rejects(writeTrace(`${folder}/none`, none.header, none.rows), /no row at 6 to 9 ticks/);
  }
});

test('tables merged again are the table they were parts of', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 4 }), async (seed, parts) => {
      const random = new RandomStream(seed, 'merge');
      const { rows } = tableByChance(random, 300);
      // Different times, so that which part a row is in cannot change the order.
      const spread = rows.map((row, i) => ({ ...row, time: row.kind === Kind.bound ? 0 : i + 1 }));
      const of = spread.map(() => random.below(parts));
      const header = headerFor();
      const files: string[] = [];
      for (let p = 0; p < parts; p++) {
        // A part alone is no table where a port is bound in another: bind rows go to every part's ports.
        const own = spread.filter((row, i) => row.kind === Kind.bound || of[i] === p);
        files.push(await fileOf({ header, rows: lenient(own) }, p % 2 === 0 ? '.trace' : '.utt'));
      }
      const { rows: merged } = await through(
        await merge(
          files.map((f) => new Input(f)),
          undefined,
        ),
      );
      const kept = new Set((await Promise.all(files.map(readTable))).flatMap((t) => t.rows.map(formatRow)));
      assert.deepEqual(
        merged.map(formatRow),
        spread.map(formatRow).filter((row) => kept.has(row)),
      );
    }),
    { seed: 9, numRuns: 30 },
  );
});

/** Rows that are a table by themselves: sends to ports bound before, and what is about vCPUs alone without preemption. */
function lenient(rows: readonly TraceRow[]): TraceRow[] {
  const before = new Set(rows.filter((r) => r.kind === Kind.bound).map((r) => r.port));
  return rows.filter(
    (r) =>
      r.kind === Kind.bound ||
      r.kind === Kind.notify ||
      r.kind === Kind.halt ||
      r.kind === Kind.wake ||
      (r.kind === Kind.send && before.has(r.port)),
  );
}

test('rows of one time stay in the order of the files; notes that differ get the number of theirs', async () => {
  const a = fileIn(folder, 'a', traceText([bound(1), '5,send,-,1,,,,', '5,send,0,1,,,,']));
  const b = fileIn(folder, 'b', traceText([bound(2), '5,send,-,2,,,,']).replace('vcpus: 2', 'vcpus: 3'));
  const both = await through(await merge([new Input(a), new Input(b)], undefined));
  assert.deepEqual(both.rows.map(formatRow), [
    bound(1),
    bound(2),
    '5,send,-,1,,,,',
    '5,send,0,1,,,,',
    '5,send,-,2,,,,',
  ]);
  assert.equal(both.header.vcpus, 3);
  assert.deepEqual(both.header.notes, [
    ['merged_1', 'test'],
    ['merged_2', 'test'],
  ]);
});

const conflicts: Array<[what: string, first: string, second: string, message: RegExp]> = [
  [
    'another clock',
    traceText([bound(1)]),
    traceText([bound(2)]).replace('1000000000', '2000000000'),
    /second: found clock_hz 2000000000, expected 1000000000 as in .*first/,
  ],
  [
    'a port bound differently',
    traceText([bound(1, 0)]),
    traceText([bound(1, 1)]),
    /second:6: found port 1 is bound already, expected an unbind first \(port 1, unbound, filter, on vCPU 0 in .*first\)/,
  ],
  [
    'a port bound by both',
    traceText(['5,bind,0,1,0,ipi,filter,']),
    traceText(['6,bind,0,1,0,ipi,filter,']),
    /second:6: found port 1 is bound already, expected an unbind first \(in the merged tables\)/,
  ],
  [
    'times that begin elsewhere',
    traceText([bound(1), '5,send,-,1,,,,']),
    traceText([bound(2).replace(/^0/, '7')]),
    /second:6: found a row of kind bound, expected none after time starts/,
  ],
];

for (const [what, first, second, message] of conflicts) {
  test(`not merged: ${what}`, async () => {
    const files = [fileIn(folder, 'first', first), fileIn(folder, 'second', second)];
    await assert.rejects(async () => {
      const { header, rows } = await merge(
        files.map((f) => new Input(f)),
        undefined,
      );
      await writeTrace(`${folder}/merged`, header, rows);
    }, message);
  });
}

test('an anonymous table has no name, note or port number of its own, and what is anonymous stays as it is', async () => {
  const rows = [
    '100,bound,-,7,0,unbound,filter,',
    '100,bound,-,300,1,virq,ithread,',
    '105,send,-,300,,,,blocked',
    '105,notify,0,0,,,,',
    '109,halt,1,,,,,',
  ];
  const text = traceText(rows).replace(
    '# clock_hz',
    '# source: ftrace text of payroll, domain 12\n# host: db7\n# deliveries: 4\n# port_7: vif-acme\n# clock: my own\n# clock_hz',
  );
  const made = await anonymise(new Input(fileIn(folder, 'named', text), true), 'anonymous');
  const { header, rows: left } = await through(made);
  assert.deepEqual(left.map(formatRow), [
    '0,bound,-,1,0,unbound,filter,',
    '0,bound,-,2,1,virq,ithread,',
    '5,send,-,2,,,,blocked',
    '5,notify,0,0,,,,',
    '9,halt,1,,,,,',
  ]);
  assert.equal(header.name, 'anonymous');
  assert.deepEqual(header.notes, [['deliveries', '4']]);
  const again = await anonymise(new Input(await fileOf({ header, rows: left }, '.utt'), true), 'anonymous');
  assert.deepEqual(await through(again), { header, rows: left });
});
