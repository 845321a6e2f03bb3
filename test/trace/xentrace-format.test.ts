/** `upcall trace info` and `head` of recordings of xentrace: the keys, what is wrong and tolerated, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { upcall } from '../support/cli.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { recordBytes, windowBytes } from '../support/xentrace-file.ts';

const folder = temporaryFolder();
const VD = (domain: number, vcpu: number) => (domain << 16) | vcpu;
const runstate = (from: number, to: number, who: number, tsc: bigint) =>
  recordBytes(0x21001 | (from << 8) | (to << 4), [who], tsc);
const call = (op: number, tsc: bigint) => recordBytes(0x20100d, [op], tsc);

/** d1v0 runs, makes three hypercalls, is preempted; d2v0 leaves guest mode and gets an interrupt. */
const GOOD = [
  windowBytes(0, [
    runstate(1, 0, VD(1, 0), 1000n),
    call(32, 1100n),
    call(32, 1200n),
    call(29, 1300n),
    runstate(0, 1, VD(1, 0), 2000n),
  ]),
  windowBytes(1, [
    runstate(1, 0, VD(2, 0), 500n),
    recordBytes(0x81102, [0x78, 0x1234, 0xffff_8000], 600n),
    recordBytes(0x82004, [0xf3, 0]),
    recordBytes(0x81001, [], 700n),
  ]),
];

function info(bytes: Uint8Array, ...more: string[]) {
  const file = fileIn(folder, 'recording', bytes);
  const { code, stdout, stderr } = upcall(['trace', 'info', file, '--format', 'json', ...more]);
  return { code, stderr, json: code === 0 ? JSON.parse(stdout) : undefined };
}

test('the keys of a recording, plain, compressed and from standard input', () => {
  const bytes = Buffer.concat(GOOD);
  const { json } = info(bytes);
  assert.deepEqual(json, {
    format: 'xentrace',
    records: 11,
    events: {
      '0x0001f003': 2,
      '0x00021011': 1,
      '0x00021101': 2,
      '0x00081001': 1,
      '0x00081102': 1,
      '0x00082004': 1,
      '0x0020100d': 3,
    },
    per_pcpu: { 0: 6, 1: 5 },
    first_tsc: 500,
    last_tsc: 2000,
    lost_records: 0,
    skewed: 0,
    unmatched: 0,
    skipped: 0,
    quality: 'complete: 11 records, none lost',
    cut_off_bytes: 0,
    runstate_spans: { 'd1.full_run': 1, 'd2.full_run': 1, 'd1v0.running': 1, 'd2v0.running': 1 },
    runstate_ticks: { 'd1.full_run': 1000, 'd2.full_run': 200, 'd1v0.running': 1000, 'd2v0.running': 200 },
    hypercalls: { 'd1v0.sched_op(29)': 1, 'd1v0.event_channel_op(32)': 2 },
    pv_events: { 'd1v0.hypercall': 3 },
    interrupts_injected: { 'd2v0.243': 1 },
    vm_exits: { 'd2v0.0x78': 1 },
    vm_exit_ticks: { 'd2v0.0x78': 100 },
  });
  assert.deepEqual(info(gzipSync(bytes)).json, json);
  const piped = upcall(['trace', 'info', '-', '--format', 'json'], { input: bytes as unknown as string });
  assert.deepEqual(JSON.parse(piped.stdout), json);
});

/** One window of 6000 entries, compressed with xz: more than is looked at to tell what it is. */
const XZ = [
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4RlLAGFdAAG8HCEO/o/HlExnBMVZWS8PSoYf7aj8VKSTGzRhyc/yFbJG+VTiYf2JGPYC',
  'K3QPV2g5v5q9BK7DWJoOGZ4jCZnUU2FaO92Gig2cBktIyGRp4QQ32VuhWkTViVWKJZzFYwAAAAAAdRTSgGi2ZC4AAX3MsgQAANXh',
  'fuixxGf7AgAAAAAEWVo=',
].join('');

test('an xz file whose beginning tells what it is is then read from the start', () => {
  const { code, json, stderr } = info(Buffer.from(XZ, 'base64'));
  assert.equal(code, 0, stderr);
  assert.equal(json.records, 6001);
});

test('a recording that ends within a window: what there is, and how much of it is cut off', () => {
  const bytes = Buffer.concat(GOOD);
  const cut = bytes.subarray(0, bytes.length - 14);
  const strict = info(cut);
  assert.equal(strict.code, 6);
  assert.match(strict.stderr, /end of the recording, 14 bytes before that of its last window/);
  const { json } = info(cut, '--tolerate', '1');
  assert.deepEqual([json.records, json.cut_off_bytes], [9, 10]);
});

test('head: ticks, pCPU, vCPU, event and what its words say', () => {
  const file = fileIn(folder, 'head', Buffer.concat(GOOD));
  assert.deepEqual(upcall(['trace', 'head', file, '-n', '6']).stdout.trimEnd().split('\n'), [
    '0 p1 d?v? 0x00021101 TRC_SCHED_RUNSTATE_CHANGE d2v0 runnable->running',
    '100 p1 d2v0 0x00081102 TRC_HVM_VMEXIT64 exit 0x78 rip 0xffff800000001234',
    '100 p1 d2v0 0x00082004 TRC_HVM_INJ_VIRQ vector 243',
    '200 p1 d2v0 0x00081001 TRC_HVM_VMENTRY',
    '500 p0 d?v? 0x00021101 TRC_SCHED_RUNSTATE_CHANGE d1v0 runnable->running',
    '600 p0 d1v0 0x0020100d TRC_PV_HYPERCALL_V2 event_channel_op(32)',
  ]);
});

/** What is wrong, the message without tolerance, and with it: records read, and faults. */
const FAULTS: ReadonlyArray<readonly [what: string, bytes: Buffer, message: RegExp, records: number]> = [
  [
    'garbage between windows',
    Buffer.concat([GOOD[0]!, Buffer.alloc(20, 7), GOOD[1]!]),
    /at byte 92: found 0x07070707, expected 0x2001f003/,
    11,
  ],
  [
    'an event of no class: the rest of its window is left out',
    Buffer.concat([windowBytes(0, [call(1, 1n), recordBytes(0x123, []), call(2, 2n)]), GOOD[1]!]),
    /at byte 28: found event 0x00000123, expected an event of one of the classes/,
    7,
  ],
  [
    'a record with too few words: the record alone is left out',
    Buffer.concat([windowBytes(0, [recordBytes(0x81102, [1], 1n), call(2, 2n)]), GOOD[1]!]),
    /at byte 12: found 1 extra words in event 0x00081102, expected 3 or more/,
    8,
  ],
  [
    'a record over the end of its window',
    Buffer.concat([windowBytes(0, [call(1, 1n), call(2, 2n).subarray(0, 8)]), GOOD[1]!]),
    /at byte 28: found a record longer than the 8 bytes left, expected a record within its window/,
    7,
  ],
];

for (const [what, bytes, message, records] of FAULTS) {
  test(`refused, or tolerated and counted: ${what}`, () => {
    const strict = info(bytes);
    assert.equal(strict.code, 6);
    assert.match(strict.stderr, message);
    const tolerant = info(bytes, '--tolerate', '1');
    assert.deepEqual([tolerant.json.records, tolerant.json.skipped], [records, 1]);
    assert.match(tolerant.stderr, message);
    assert.equal(info(bytes, '--tolerate', '1%').code, 6);
  });
}

test('time that runs backwards and states that contradict each other are counted', () => {
  const { json } = info(
    windowBytes(0, [
      runstate(1, 0, VD(1, 0), 1000n),
      call(1, 900n),
      // It runs, and is said to have been blocked.
      runstate(2, 1, VD(1, 0), 1100n),
      recordBytes(0x1f001, [9, 1, 1200, 0], 1300n),
    ]),
  );
  assert.deepEqual([json.skewed, json.unmatched, json.lost_records], [1, 1, 9]);
  assert.equal(json.quality, '5 records; 9 lost, 1 with time running backwards, 1 unmatched');
});
