/** Joining: the offset found in a piece of a recording and in made-up ones, and what a join makes of a small scene. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { test } from 'node:test';
import { RandomStream } from '../../src/model/random.ts';
import { findOffset } from '../../src/trace/join/offset.ts';
import { upcall } from '../support/cli.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';
import { recordBytes, windowBytes } from '../support/xentrace-file.ts';

const folder = temporaryFolder();
const PIECE = pathOf(ROOT, 'test/recordings/l-pvh.domu-net.cut');

/** Joins files and returns the table's lines. */
function joined(xentrace: string, guest: string, ...more: string[]): string[] {
  const out = pathOf(folder, 'joined.trace');
  const args = ['trace', 'join', xentrace, guest, '--name', 'x', '--clock-hz', '1000000000', '--out', out];
  const { code, stderr } = upcall([...args, ...more]);
  assert.equal(code, 0, stderr);
  return readFileSync(out, 'utf8').trimEnd().split('\n');
}

const rowsOf = (lines: readonly string[]) => lines.filter((line) => /^\d/.test(line));
const noteOf = (lines: readonly string[], key: string) =>
  lines.find((line) => line.startsWith(`# ${key}: `))?.slice(key.length + 4);

test('a PVH guest: the offset is that of the whole recording, every send and wake finds its partner, and it replays', () => {
  const files = [`${PIECE}.xentrace.gz`, `${PIECE}.guest-ftrace.txt.gz`] as const;
  const lines = joined(...files, '--state', `${PIECE}.state.txt`, '--domain', '1');
  // Over 2000 pairs of the whole recording: 7,743,284,300 to within 200 ticks (its folder's README).
  assert.ok(
    Math.abs(Number(noteOf(lines, 'tsc_offset')) - 7_743_284_300) <= 200,
    noteOf(lines, 'tsc_offset'),
  );
  assert.equal(noteOf(lines, 'tsc_offset_by'), 'matching');
  assert.equal(noteOf(lines, 'sends_matched'), '109 of 109');
  assert.equal(noteOf(lines, 'wakes_unexplained'), '0');
  assert.equal(noteOf(lines, 'targets_unknown'), '0');
  const kinds = new Set(rowsOf(lines).map((row) => row.split(',')[1]));
  for (const kind of ['bound', 'send', 'notify', 'halt', 'exit', 'preempt', 'resume'])
    assert.ok(kinds.has(kind), kind);
  const replay = upcall(['replay', pathOf(folder, 'joined.trace'), '--format', 'json']);
  assert.equal(replay.code, 0, replay.stderr);
  assert.match(replay.stdout, /"lost": ?0\b/);
});

test('an offset is found among noise, with a clock that drifts, and not where there is none', () => {
  const random = new RandomStream(7, 'offset');
  const times = (n: number) => Array.from({ length: n }, () => random.below(2 ** 30)).sort((a, b) => a - b);
  const guest = times(400);
  const offset = 5_000_000_000;
  const answers = guest.map((g) => g + offset + 300 + random.below(100) + Math.floor(g / 2e6));
  const xen = [...answers, ...times(4000).map((t) => t + offset)].sort((a, b) => a - b);
  const found = findOffset([{ guest, xen }], []);
  assert.ok(found !== undefined && Math.abs(found.offset - offset - 300) < 300, String(found?.offset));
  assert.ok(found.sends!.matched >= 399);
  assert.equal(findOffset([{ guest: times(400), xen: times(400) }], []), undefined);
  assert.equal(findOffset([{ guest: [], xen }], [{ guest, xen: [] }]), undefined);
});

const VD = (domain: number, vcpu: number) => (domain << 16) | vcpu;
const runstate = (from: number, to: number, who: number, tsc: number) =>
  recordBytes(0x21001 | (from << 8) | (to << 4), [who], BigInt(tsc));

test('a PV scene: a wake moves an inferred send, a wait behind another is a preempt, the target is the runstate', () => {
  const idle = VD(0x7fff, 0);
  const mine = VD(3, 0);
  const other = VD(1, 0);
  const xentrace = windowBytes(0, [
    runstate(1, 0, mine, 1000),
    runstate(0, 2, mine, 2000),
    runstate(1, 0, idle, 2010),
    // Woken on an idle pCPU: the send of port 5.
    runstate(2, 1, mine, 5000),
    runstate(0, 1, idle, 5050),
    runstate(1, 0, mine, 5060),
    // Preempted by another domain, then blocked and woken by nothing that is seen while that runs.
    runstate(0, 1, mine, 8000),
    runstate(1, 0, other, 8010),
    runstate(0, 1, other, 9000),
    runstate(1, 0, mine, 9010),
    runstate(0, 2, mine, 9500),
    runstate(1, 0, other, 9510),
    runstate(2, 1, mine, 9600),
    runstate(0, 1, other, 9900),
    runstate(1, 0, mine, 9910),
    recordBytes(0x20100d, [23], 20_000n),
  ]);
  const at = (time: number, comm: string, text: string) => `  ${comm}-0  [000] d.h1.  ${time}: ${text}`;
  const guest = [
    at(1100, 'task', 'notify_irq: (notify_remote_via_irq+0x0/0x10) irq=40'),
    at(5500, '<idle>', 'upcall: (xen_evtchn_do_upcall+0x0/0xb0)'),
    at(5600, '<idle>', 'clear_fifo: (evtchn_fifo_clear_pending+0x0/0x40) port=5'),
    at(5700, '<idle>', 'irq_handler_entry: irq=40 name=blkif'),
    at(5900, '<idle>', 'upcall_ret: (x+0x41/0x50 <- xen_evtchn_do_upcall)'),
    at(12_000, 'task', 'notify_irq: (notify_remote_via_irq+0x0/0x10) irq=40'),
  ].join('\n');
  const state =
    '### lsevtchn before\ndomain 3\n   5: VCPU 0: Interdomain (Connected) - Remote Domain 0, Port 9\n';
  const lines = joined(
    fileIn(folder, 'scene.xentrace', xentrace),
    fileIn(folder, 'scene.txt', Buffer.from(`${guest}\n`)),
    '--state',
    fileIn(folder, 'scene.state', Buffer.from(state)),
    '--domain',
    '3',
  );
  assert.deepEqual(rowsOf(lines), [
    '0,bound,-,5,0,interdomain,ithread,',
    '0,notify,0,5,,,,',
    '900,halt,0,,,,,',
    '3900,send,-,5,,,,blocked',
    '6900,preempt,0,,,,,',
    '7910,resume,0,,,,,',
    '8400,halt,0,,,,,',
    '8500,preempt,0,,,,,',
    '8500,wake,0,,,,,',
    '8810,resume,0,,,,,',
    '10900,notify,0,5,,,,',
  ]);
  assert.equal(noteOf(lines, 'tsc_offset_by'), 'the same TSC');
  assert.equal(noteOf(lines, 'wakes_by_sends_inferred'), '1');
  assert.equal(noteOf(lines, 'wakes_unexplained'), '1');
});

test('refused: recordings of different times, of another domain, of another clock', () => {
  const xentrace = fileIn(folder, 'short', windowBytes(0, [runstate(1, 0, VD(3, 0), 1000)]));
  const text = (time: string) => Buffer.from(`  a-1 [000] d.h1. ${time}: upcall: (x+0x0/0xb0)\n`);
  const refuse = (guest: Uint8Array, domain: string, message: RegExp) => {
    const out = pathOf(folder, 'no.trace');
    const args = ['trace', 'join', xentrace, fileIn(folder, 'guest', guest), '--name', 'x'];
    const { code, stderr } = upcall([...args, '--clock-hz', '1000000000', '--domain', domain, '--out', out]);
    assert.equal(code, 6);
    assert.match(stderr, message);
  };
  refuse(text('900000'), '3', /events from tick 899000 to 899000 of .*, expected recordings that overlap/);
  refuse(text('1000'), '4', /no runstate of domain 4, expected a recording in which it runs/);
  refuse(text('12.000001'), '3', /times in seconds, expected ticks of the TSC/);
});
