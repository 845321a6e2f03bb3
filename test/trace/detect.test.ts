/** What a file is told by: its first bytes, decompressed, from a file or a pipe that gives them as it likes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { HEAD_BYTES } from '../../src/trace/format.ts';
import { detect } from '../../src/trace/formats.ts';
import { Input } from '../../src/trace/input.ts';
import { LineCursor } from '../../src/trace/line-cursor.ts';
import { readLineBlocks } from '../../src/trace/lines.ts';
import { headOf } from '../../src/trace/peek.ts';
import { Tolerance } from '../../src/trace/tolerance.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { XZ_FTRACE_SAMPLE } from '../support/samples.ts';
import { binaryBytes, everyKind } from '../support/tables.ts';
import { recordBytes, windowBytes } from '../support/xentrace-file.ts';

const folder = temporaryFolder();
const all = () => false;

const kinds: Array<[name: string, bytes: Buffer]> = [
  ['upcall-trace', Buffer.from(traceText([bound(1)]))],
  ['upcall-trace-binary', binaryBytes(everyKind())],
  ['xentrace', windowBytes(0, [recordBytes(0x81001, [], 1100n)])],
];

for (const [name, bytes] of kinds) {
  test(`${name} is told plain and compressed, and read from its first byte afterwards`, async () => {
    for (const content of [bytes, gzipSync(bytes)]) {
      const input = new Input(fileIn(folder, name, content));
      const format = await detect(input);
      assert.equal(format.name, name);
      assert.ok((await format.info(input, Tolerance.strict())).records > 0);
    }
  });
}

test('an xz file is told by what is in it', async () => {
  const input = new Input(fileIn(folder, 'table.xz', Buffer.from(XZ_TABLE, 'base64')));
  const format = await detect(input);
  assert.equal((await format.info(input, Tolerance.strict())).records, 1);
});

test('an xz file longer than what is looked at is read afterwards, and again', async () => {
  for (let i = 0; i < 3; i++) {
    const input = new Input('long', false, XZ_FTRACE_SAMPLE);
    const format = await detect(input);
    assert.equal(format.name, 'ftrace');
    assert.equal((await format.info(input, Tolerance.strict())).records, 1000);
  }
});

test('two xz files are read in turn', async () => {
  const open = () => new LineCursor(readLineBlocks(new Input('long', false, XZ_LINES), 'lines'));
  const [a, b] = [open(), open()];
  for (let line = 1; line <= 10_000; line++) assert.equal(await a.next(), await b.next());
  assert.deepEqual([await a.next(), await b.next()], [undefined, undefined]);
});

/** Ten thousand equal lines, compressed with xz 5.4: more than the decoder gives at once. */
const XZ_LINES = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM6Se/ANVdABAYQaMQTTgoCkHzhcRVun0uF/2rW4LZTPbWP6W7vj7Q2QoiL+FKBMwr1KzmAAMVazyU9r3/1l9Tnmo1k19m7q2BnB/zvGOECDVv4p71IAm+T7gD1at2AV0Z/CUC3LsJmJBLmeXGw7bekB/uAZsQrmfKnNTmWTmKSGXvI3zJ0LlBFdOwyXGcg9lJFOnCAu2CViodZXK9Ut/hyP55IbWoM49ihH1aUWKSdElcxG2ykuegyM4HBO6f3qVCy4g/XACP0E6vJiiUcR89jyThcJ6nI1vp4kUAAAAAAADyQM9SEUA9jwAB8QHAzyQADOmtPbHEZ/sCAAAAAARZWg==',
  'base64',
);

/** A table with one row, compressed with xz 5.4. */
const XZ_TABLE =
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ACWAIFdABGICydZerESRCfFEG/3gHfq2YVOCCwgHZp1LOufuwgZ/86E/OvmYeVOOJg58fNmOCzEAolR8YEUW/+5WM0/IQWnTUc+orF7q9OOlcqhqExXg+/Pn0mbBbojL5ekD9x6mrhSY2sWMnijUQdwwPh8rhWD7+WVfHdS89A2WCxsvcCgAAAAAACspo8IIMDevAABnQGXAQAA2kuYfrHEZ/sCAAAAAARZWg==';

test('what is none of them is shown, briefly and without control characters', async () => {
  const none = (content: string | Buffer) => detect(new Input(fileIn(folder, 'none', content)));
  await assert.rejects(
    none('hello\u001b[2J\n'),
    /none at byte 0: found a file that begins with bytes 68656c6c6f1b/,
  );
  await assert.rejects(none(`${'x'.repeat(500)}\n`), /begins with "x{60}", expected one of: a trace table/);
  await assert.rejects(none(Buffer.alloc(0)), /none: found an empty file, expected one of/);
  await assert.rejects(
    none(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])),
    /found .*, expected gzip data/,
  );
});

test('only the beginning is decompressed, however much there is', async () => {
  const bomb = gzipSync(Buffer.alloc(1 << 28));
  const before = process.memoryUsage().arrayBuffers;
  const head = await headOf(new Input(fileIn(folder, 'bomb.gz', bomb)), HEAD_BYTES, all);
  assert.equal(head.length, HEAD_BYTES);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 25);
  const random = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 * (i % 251)) % 256));
  assert.deepEqual(
    await headOf(new Input(fileIn(folder, 'dense.gz', gzipSync(random))), HEAD_BYTES, all),
    random.subarray(0, HEAD_BYTES),
  );
});

test('what was looked at is not lost, and looking again gives the same', async () => {
  const bytes = Buffer.from(traceText([bound(1), '5,send,-,1,,,,']));
  for (const input of [new Input(fileIn(folder, 'twice', bytes)), new Input('memory', false, bytes)]) {
    assert.deepEqual(await headOf(input, 5, all), bytes.subarray(0, 5));
    assert.deepEqual(await headOf(input, HEAD_BYTES, all), bytes);
    const blocks: Buffer[] = [];
    for await (const block of input.bytes()) blocks.push(block);
    assert.deepEqual(Buffer.concat(blocks), bytes);
  }
});
