/** The trace table: what is accepted, and for everything else file, line, found and expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { UserError } from '../../src/model/errors.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { COLUMNS, Kind, type TraceRow, VERSION } from '../../src/trace/table.ts';
import { DIALECTS } from '../../src/trace/versions.ts';
import { formatRow, writeTrace } from '../../src/trace/writer.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();

async function readAll(path: string): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  for await (const batch of (await openTrace(path)).batches) {
    for (let i = 0; i < batch.length; i++) {
      rows.push({
        time: batch.time[i]!,
        kind: batch.kind[i]!,
        by: batch.by[i]!,
        port: batch.port[i]!,
        to: batch.to[i]!,
        channel: batch.channel[i]!,
        handler: batch.handler[i]!,
        target: batch.target[i]!,
      });
    }
  }
  return rows;
}

test('a table is read, plain or compressed, with LF or CRLF', async () => {
  const text = traceText([bound(1), '5,send,-,1,,,,blocked', '9,unbind,1,1,,,,']);
  for (const [name, content] of [
    ['plain', text],
    ['crlf', text.replaceAll('\n', '\r\n')],
    ['gz', gzipSync(text)],
  ] as const) {
    const rows = await readAll(fileIn(folder, name, content));
    assert.deepEqual(
      rows.map((r) => [r.time, r.kind, r.by, r.port, r.target]),
      [
        [0, Kind.bound, -1, 1, 0],
        [5, Kind.send, -1, 1, 2],
        [9, Kind.unbind, 1, 1, 0],
      ],
    );
  }
});

const good = [bound(1), '5,send,-,1,,,,'];
const bad: Array<[what: string, content: string | Uint8Array, message: RegExp]> = [
  ['empty', '', /empty: found an empty file, expected a trace/],
  ['not a trace', 'hello\n', /:1: found "hello", expected "# upcall-trace 3"/],
  [
    'unknown version',
    traceText(good).replace('trace 3', 'trace 4'),
    /:1: found format version "4", expected version 1 or 2 or 3/,
  ],
  ['no columns', '# upcall-trace 3\n# name: x\n', /:2: found the end of the file, expected "time,kind/],
  ['header without vcpus', traceText(good).replace('# vcpus: 2\n', ''), /expected "# vcpus: \.\.\."/],
  [
    'vcpus out of range',
    traceText(good).replace('vcpus: 2', 'vcpus: 65'),
    /:4: found vcpus "65", expected an integer 1\.\.64/,
  ],
  ['clock out of range', traceText(good).replace('1000000000', '7'), /:3: found clock_hz "7", expected/],
  [
    'control character in a name',
    traceText(good).replace('name: test', 'name: te\u0007st'),
    /expected "# key: value"/,
  ],
  [
    'truncated',
    traceText(good, { trailer: '' }),
    /found the end of the file: it is cut off, expected "# end rows=2"/,
  ],
  [
    'wrong count',
    traceText(good, { trailer: '# end rows=3\n' }),
    /found "# end rows=3", expected "# end rows=2"/,
  ],
  ['rows behind the trailer', `${traceText(good)}9,send,-,1,,,,\n`, /expected nothing behind the trailer/],
  ['seven columns', traceText([bound(1), '5,send,-,1,,,']), /:7: found "5,send,-,1,,,", expected 8 columns/],
  [
    'time runs backwards',
    traceText([...good, '4,send,-,1,,,,']),
    /:8: found time 4, expected 5 or later: time runs backwards/,
  ],
  ['time is no number', traceText([bound(1), 'x,send,-,1,,,,']), /found time "x", expected an integer/],
  ['negative time', traceText([bound(1), '-3,send,-,1,,,,']), /found time "-3"/],
  [
    'port 4096',
    traceText([bound(1), '5,send,-,4096,,,,']),
    /:7: found port "4096", expected an integer 1\.\.4095/,
  ],
  ['port 0', traceText([bound(0)]), /found port "0", expected an integer 1\.\.4095/],
  [
    'send on an unbound port',
    traceText([bound(1), '5,send,-,2,,,,']),
    /:7: found send on unbound port 2, expected a bind/,
  ],
  [
    'send after unbind',
    traceText([bound(1), '5,unbind,0,1,,,,', '6,send,-,1,,,,']),
    /:8: found send on unbound port 1/,
  ],
  [
    'bound twice',
    traceText([bound(1), bound(1)]),
    /:7: found port 1 is bound already, expected an unbind first/,
  ],
  ['unknown kind', traceText([bound(1), '5,sned,-,1,,,,']), /found kind "sned", expected one of bound, bind/],
  ['vcpu out of range', traceText([bound(1), '5,send,2,1,,,,']), /found by "2", expected an integer 0\.\.1/],
  ['work by nobody', traceText([bound(1), '5,unbind,-,1,,,,']), /found "by" is - in a row of kind unbind/],
  ['bind without channel', traceText(['0,bound,-,1,0,,filter,']), /found no channel or handler/],
  [
    'unknown handler',
    traceText(['0,bound,-,1,0,ipi,magic,']),
    /found handler "magic", expected one of filter/,
  ],
  [
    'a kind of version 2 in a file of version 1',
    traceText([bound(1), '5,halt,0,,,,,']).replace('trace 3', 'trace 1'),
    /:7: found kind "halt", expected one of bound, bind, unbind, move, send, notify, unmask in version 1/,
  ],
  [
    'a target of version 2 in a file of version 1',
    traceText([bound(1), '5,send,-,1,,,,runnable']).replace('trace 3', 'trace 1'),
    /:7: found target "runnable", expected one of running, blocked in version 1/,
  ],
  [
    'a kind of version 3 in a file of version 2',
    traceText([bound(1), '5,restore,0,,,,,']).replace('trace 3', 'trace 2'),
    /:7: found kind "restore", expected one of bound, .*, preempt, resume in version 2/,
  ],
  ['restore by nobody', traceText(['5,restore,-,,,,,']), /:6: found "by" is - in a row of kind restore/],
  [
    'restore of a port',
    traceText([bound(1), '5,restore,0,1,,,,']),
    /:7: found port "1", expected an empty port/,
  ],
  [
    "send on a driver's port after a restore",
    traceText(['0,bound,-,1,0,interdomain,filter,', '5,restore,0,,,,,', '6,send,-,1,,,,']),
    /:8: found send on port 1, whose channel is gone, expected an unbind and a bind since the restore/,
  ],
  [
    "bind of a driver's port after a restore, before its unbind",
    traceText(['0,bound,-,1,0,interdomain,filter,', '5,restore,0,,,,,', '6,bind,0,1,0,unbound,filter,']),
    /:8: found port 1 is bound already, expected an unbind first/,
  ],
  [
    'halt of nobody',
    traceText(['5,halt,-,,,,,']),
    /:6: found "by" is - in a row of kind halt, expected the vCPU/,
  ],
  [
    'exit of a vCPU out of range',
    traceText(['5,exit,2,,,,,']),
    /:6: found by "2", expected an integer 0\.\.1/,
  ],
  [
    'interrupt with a port',
    traceText([bound(1), '5,interrupt,0,1,,,,']),
    /:7: found port "1", expected an empty port: a row of kind interrupt has none/,
  ],
  [
    'preempted twice',
    traceText(['5,preempt,0,,,,,', '6,preempt,1,,,,,', '7,preempt,0,,,,,']),
    /:8: found vCPU 0 is preempted already, expected a resume first/,
  ],
  [
    'resumed without a preempt',
    traceText(['5,preempt,0,,,,,', '6,resume,1,,,,,']),
    /:7: found resume of vCPU 1, which is not preempted, expected a preempt of it before/,
  ],
  [
    'priority out of range',
    traceText([bound(1), '5,priority,0,1,16,,,']),
    /:7: found to \(the priority\) "16", expected an integer 0\.\.15/,
  ],
  [
    'priority that is missing',
    traceText([bound(1), '5,priority,0,1,,,,']),
    /:7: found to \(the priority\) ""/,
  ],
  [
    'priority of an unbound port',
    traceText([bound(1), '5,priority,0,2,3,,,']),
    /:7: found priority on unbound port 2, expected a bind of it before/,
  ],
  ['binary', Uint8Array.from([0x23, 0x20, 0, 1, 2, 3]), /at byte 2: found a zero byte, expected text/],
  [
    'not UTF-8',
    Uint8Array.from([0x23, 0xff, 0xfe, 0x0a]),
    /expected a complete text, gzip or xz file in UTF-8/,
  ],
  ['gzip cut off', gzipSync(traceText(good)).subarray(0, 40), /expected a complete text, gzip or xz file/],
];

for (const [what, content, message] of bad) {
  test(`refused: ${what}`, async () => {
    const path = fileIn(folder, what.replaceAll(/\W/g, '-'), content);
    await assert.rejects(readAll(path), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      assert.equal(error.exit, 6);
      assert.ok(!error.message.includes('\n'), 'one line');
      assert.ok(error.message.startsWith(path), 'names the file');
      return true;
    });
  });
}

test('refused: missing file, folder', async () => {
  await assert.rejects(readAll(`${folder}/nothing`), /cannot open the file/);
  await assert.rejects(readAll(folder), /cannot open the file: it is a directory/);
});

test('a file of version 1 is read as it always was, and written as one of this version', async () => {
  const kinds = [
    'bind,0,1,1,ipi,user,',
    'send,-,1,,,,blocked',
    'move,0,1,0,,,',
    'notify,0,0,,,,',
    'unmask,1,1,,,,',
  ];
  const lines = [bound(2), ...kinds.map((kind, i) => `${10 * i},${kind}`), '60,unbind,1,1,,,,'];
  const old = fileIn(folder, 'old', traceText(lines).replace('trace 3', 'trace 1'));
  const { header } = await openTrace(old);
  assert.equal(header.version, 1);
  const rows = await readAll(old);
  assert.deepEqual(rows.map(formatRow), lines);
  await writeTrace(`${folder}/upgraded.trace`, header, rows);
  assert.equal((await openTrace(`${folder}/upgraded.trace`)).header.version, VERSION);
  assert.deepEqual(await readAll(`${folder}/upgraded.trace`), rows);
});

test('a file of version 2 is read as it always was, and written as one of this version', async () => {
  const kinds = ['halt', 'wake', 'exit', 'interrupt', 'preempt', 'resume'];
  const lines = [
    bound(1),
    ...kinds.map((kind, i) => `${i},${kind},1,,,,,`),
    '9,priority,0,1,15,,,',
    '9,send,-,1,,,,runnable',
    '9,send,1,1,,,,running',
  ];
  const old = fileIn(folder, 'old2', traceText(lines).replace('trace 3', 'trace 2'));
  const { header } = await openTrace(old);
  assert.equal(header.version, 2);
  const rows = await readAll(old);
  assert.deepEqual(rows.map(formatRow), lines);
  await writeTrace(`${folder}/upgraded2.trace`, header, rows);
  assert.equal((await openTrace(`${folder}/upgraded2.trace`)).header.version, VERSION);
  assert.deepEqual(await readAll(`${folder}/upgraded2.trace`), rows);
});

test('the names and codes of the old versions are those that they had', () => {
  const [one, two, ...rest] = DIALECTS;
  assert.deepEqual([...one!.kinds.values()], [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...two!.kinds.values()], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  assert.deepEqual([one!.targets.size, two!.targets.size], [3, 4]);
  assert.deepEqual([one!.version, two!.version, rest.map((d) => d.version)], [1, 2, [VERSION]]);
});

test('a restore leaves what the kernel binds, and lets drivers unbind and bind', async () => {
  const lines = [
    '0,bound,-,1,0,virq,filter,',
    '0,bound,-,2,1,ipi,filter,',
    '0,bound,-,3,0,interdomain,ithread,',
    '0,bound,-,4,0,unbound,user,',
    '5,restore,0,,,,,',
    '6,send,-,1,,,,',
    '6,send,0,2,,,,',
    '7,unbind,0,3,,,,',
    '8,bind,0,3,0,interdomain,ithread,',
    '9,send,-,3,,,,',
    '9,unbind,0,4,,,,',
    '10,unbind,0,1,,,,',
    '11,restore,1,,,,,',
    '12,unbind,0,3,,,,',
  ];
  const rows = await readAll(fileIn(folder, 'restored', traceText(lines)));
  assert.deepEqual(rows.map(formatRow), lines);
});

test('every kind that is about a vCPU alone, and a priority, is written as it was read', async () => {
  const kinds = ['halt', 'wake', 'exit', 'interrupt', 'preempt', 'resume'];
  const lines = [bound(1), ...kinds.map((kind, i) => `${i},${kind},1,,,,,`), '9,priority,0,1,15,,,'];
  const rows = await readAll(fileIn(folder, 'kinds', traceText([...lines, '9,send,-,1,,,,runnable'])));
  assert.deepEqual(rows.map(formatRow), [...lines, '9,send,-,1,,,,runnable']);
  assert.deepEqual([rows[7]!.to, rows[8]!.target], [15, 3]);
});

test('written and read again, a table is the same', async () => {
  const rows = fc.array(fc.record({ gap: fc.nat(1e6), port: fc.integer({ min: 1, max: 4095 }) }), {
    maxLength: 50,
  });
  await fc.assert(
    fc.asyncProperty(rows, async (list) => {
      const ports = [...new Set(list.map((r) => r.port))];
      const table: TraceRow[] = ports.map((port) => {
        return { time: 0, kind: Kind.bound, by: -1, port, to: 1, channel: 4, handler: 1, target: 0 };
      });
      let time = 0;
      for (const { gap, port } of list) {
        time += gap;
        table.push({ time, kind: Kind.send, by: -1, port, to: 0, channel: 0, handler: 0, target: 1 });
      }
      for (const name of ['round.trace', 'round.trace.gz']) {
        const path = `${folder}/${name}`;
        const header = { version: VERSION, name: 'round', clockHz: 1e9, vcpus: 2, notes: [] };
        assert.equal(await writeTrace(path, header, table), table.length);
        const back = await readAll(path);
        assert.deepEqual(back.map(formatRow), table.map(formatRow));
      }
    }),
    { seed: 12, numRuns: 25 },
  );
});

test('a writer that fails leaves nothing behind', async () => {
  function* broken(): Generator<TraceRow> {
    yield { time: 0, kind: Kind.bound, by: -1, port: 1, to: 0, channel: 4, handler: 1, target: 0 };
    throw new UserError('test', 2, 'no more rows');
  }
  const header = { version: VERSION, name: 'x', clockHz: 1e9, vcpus: 1, notes: [] };
  await assert.rejects(writeTrace(`${folder}/broken.trace`, header, broken()), /no more rows/);
  await assert.rejects(readAll(`${folder}/broken.trace`), /cannot open the file/);
  await assert.rejects(writeTrace(`${folder}/no/such/folder`, header, []), /cannot write the file/);
});

test('the header of the rows is part of the version', () => {
  assert.equal(COLUMNS, 'time,kind,by,port,to,channel,handler,target');
  assert.equal(VERSION, 3);
});
