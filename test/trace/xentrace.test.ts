/** Recordings of xentrace: what is read, in which order, and for everything else byte, found and expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../src/model/errors.ts';
import { Input } from '../../src/trace/input.ts';
import { eachRecord } from '../../src/trace/xentrace/merge.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { recordBytes, windowBytes } from '../support/xentrace-file.ts';

const folder = temporaryFolder();
const ENTRY = 0x81001;
const EXIT = 0x81102;
const INJECT = 0x82004;
const LOST = 0x1f001;
const WRAP = 0x1f002;

/** Reads bytes as a recording: each record as "cpu event tick words". */
async function read(bytes: Uint8Array, name = 'recording') {
  const seen: string[] = [];
  const facts = await eachRecord(new Input(fileIn(folder, name, bytes)), (r, tick) => {
    seen.push(`${r.cpu} ${r.event.toString(16)} ${tick} ${r.words()}`.trimEnd());
  });
  return { seen, facts };
}

const entry = (tsc: bigint) => recordBytes(ENTRY, [], tsc);

test('pCPUs are merged by time, at equal times the last one goes on; no TSC means that of the record before', async () => {
  const { seen, facts } = await read(
    Buffer.concat([
      windowBytes(0, [entry(1000n), recordBytes(INJECT, [0xf3, 0]), entry(3000n)]),
      windowBytes(1, [entry(900n), entry(1000n), entry(2000n)]),
    ]),
  );
  assert.deepEqual(seen, [
    '1 81001 0',
    '1 81001 100',
    '0 81001 100',
    '0 82004 100 243,0',
    '1 81001 1100',
    '0 81001 2100',
  ]);
  assert.deepEqual([facts.records, facts.firstTsc, facts.ticks], [8, 900n, 2100]);
});

test('what one round has not shown yet is waited for, at most one round long', async () => {
  // Round 1 sees pCPU 1 up to 50; its records from 40 on in round 2 are older than pCPU 0's newest of round 1.
  const { seen } = await read(
    Buffer.concat([
      windowBytes(0, [entry(10n), entry(45n)]),
      windowBytes(1, [entry(20n)]),
      windowBytes(1, [entry(40n), entry(60n)]),
      windowBytes(0, [entry(55n)]),
    ]),
  );
  const times = seen.map((line) => Number(line.split(' ')[2]));
  assert.deepEqual(times, [0, 10, 30, 35, 45, 50]);
});

test('time passes 2^32 and a host may have been up for months', async () => {
  const { seen, facts } = await read(
    windowBytes(0, [entry(0xffff_ffff_ffff_fff0n), entry(0xffff_ffff_ffff_ffffn)]),
  );
  assert.deepEqual(seen, ['0 81001 0', '0 81001 15']);
  assert.equal(facts.firstTsc, 0xffff_ffff_ffff_fff0n);
});

test('filler is skipped; lost records stand where the loss began and are counted', async () => {
  const { seen, facts } = await read(
    windowBytes(0, [
      entry(100n),
      recordBytes(WRAP, [0xdeadbeef, 1]),
      recordBytes(LOST, [5, 1, 150, 0], 400n),
      entry(500n),
    ]),
  );
  assert.deepEqual(seen, ['0 81001 0', '0 1f001 50 5,1,150,0', '0 -1 300 5,1,150,0', '0 81001 400']);
  assert.deepEqual([facts.lostRecords, facts.records], [5, 5]);
});

test('a recording that ends within its last window gives what there is', async () => {
  const all = windowBytes(0, [entry(100n), entry(200n)]);
  const { seen, facts } = await read(all.subarray(0, all.length - 5));
  assert.deepEqual(seen, ['0 81001 0']);
  assert.equal(facts.droppedBytes, 7);
});

test('gzip and xz are recognised by their first bytes', async () => {
  const one = windowBytes(0, [entry(5n)]);
  const xz = Buffer.from(
    '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AAXABRdAAG8HCEO/o8Ae3XXJltIq9Xqn1/AACeW5dkAASwY00bbCpBCmQ0BAAAAAAFZWg==',
    'base64',
  );
  for (const bytes of [one, gzipSync(one), xz]) assert.deepEqual((await read(bytes)).seen, ['0 81001 0']);
});

/** Two pCPUs, three windows; a send, a kick, an upcall, an interrupt window, lost records, filler. Made by hand. */
const EXAMPLE = [
  '03f00120000000008800000001110290001000001000000000000100011008800014000010000000021108b0009000001000000001000000',
  '3412a080ffffffff0f200810fc000000042008209300000000000000202008309300000005000000930000000110088000 9c000010000000',
  '021108b000b0000010000000070000003412a080ffffffff0110088000b500001000000003f00120010000003c0000000111029000080000',
  '1000000001000200021108b0008000001000000012000000000fb080ffffffff122008102000000001100880008c00001000000003f00120',
  '000000003400000001f001c000000200100000000500000001000000 00c0000010000000011008800001020010000000',
  '02f00120efbeaddeefbeadde',
];

test('the example of two pCPUs is decoded and merged as its table says', async () => {
  const bytes = Buffer.from(EXAMPLE.join('').replaceAll(' ', ''), 'hex');
  assert.equal(bytes.length, 284);
  const seen: string[] = [];
  const facts = await eachRecord(new Input(fileIn(folder, 'example', bytes)), (r, tick) => {
    const id = r.event === -1 ? 'end' : r.event.toString(16);
    const words = r.words().map((word) => word.toString(16));
    const key = (0x800 + tick).toString(16);
    seen.push(`${r.byte.toString(16)} ${r.cpu} ${r.timed ? key : `-${key}`} ${id} ${words}`.trimEnd());
  });
  assert.deepEqual(seen, [
    'a0 1 800 21101 20001',
    'c 0 1000 21101 10000',
    '1c 0 1400 81001',
    'b0 1 8000 81102 12,80b00f00,ffffffff',
    'c8 1 -8000 82012 20',
    'd0 1 8c00 81001',
    '28 0 9000 81102 1,80a01234,ffffffff',
    '40 0 -9000 8200f fc',
    '48 0 -9000 82004 93,0',
    '54 0 -9000 82020 93,5,93',
    '64 0 9c00 81001',
    '70 0 b000 81102 7,80a01234,ffffffff',
    '88 0 b500 81001',
    'e8 0 c000 1f001 5,1,c000,10',
    'e8 0 20000 end 5,1,c000,10',
    '104 0 20100 81001',
  ]);
  assert.deepEqual([facts.records, facts.lostRecords, facts.events.get(WRAP)], [19, 5, 1]);
});

const good = windowBytes(0, [entry(1n)]);
const bad: Array<[what: string, bytes: Buffer, message: RegExp]> = [
  ['empty', Buffer.alloc(0), /empty: found an empty file, expected a recording of xentrace/],
  ['text', Buffer.from('hello, recording'), / at byte 0: found 0x6c6c6568, expected 0x2001f003/],
  [
    'big endian',
    Buffer.from(good).swap32(),
    / at byte 0: found a recording in big endian, expected one in little/,
  ],
  [
    'a cut window header',
    Buffer.concat([good, good.subarray(0, 7)]),
    / at byte 24: found 7 bytes at the end/,
  ],
  ['garbage behind a window', Buffer.concat([good, Buffer.alloc(12)]), / at byte 24: found 0x00000000/],
  ['a window of odd length', windowBytes(0, [entry(1n)], 13), / at byte 8: found a window of 13 bytes/],
  [
    'a pCPU out of range',
    windowBytes(5000, [entry(1n)]),
    / at byte 4: found pCPU 5000, expected one below 4096/,
  ],
  [
    'a record over the end',
    windowBytes(0, [entry(1n), entry(2n).subarray(0, 8)]),
    / at byte 24: found a record longer/,
  ],
  [
    'a window in a window',
    windowBytes(0, [windowBytes(1, [entry(1n)])]),
    / at byte 12: found the beginning of a window/,
  ],
  [
    'no class',
    windowBytes(0, [recordBytes(0x123, [])]),
    / at byte 12: found event 0x00000123, expected an event of one/,
  ],
  [
    'too short',
    windowBytes(0, [recordBytes(EXIT, [1], 1n)]),
    / at byte 12: found 1 extra words in event 0x00081102, expected 3/,
  ],
  [
    'damaged gzip',
    gzipSync(good).subarray(0, 20),
    /damaged gzip \(decompressed\) at byte \d+: found unexpected end of file/,
  ],
  [
    'damaged xz',
    Buffer.from(
      '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AAXABRdAAG8HCEO/o8Ae3XXJltIq9Xqn1/AACeW5dkAASwY00bbCpBCmQ0BAAAAAAFZWg==',
      'base64',
    ).subarray(0, 40),
    /\(decompressed\) at byte \d+: found .*xz/,
  ],
  [
    'gzip of text',
    gzipSync(Buffer.from('hello, recording')),
    /gzip of text \(decompressed\) at byte 0: found 0x6c6c6568/,
  ],
];
for (const [what, bytes, message] of bad) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(read(bytes, what), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.exit, 6);
      assert.match(error.message, message);
      return true;
    });
  });
}
