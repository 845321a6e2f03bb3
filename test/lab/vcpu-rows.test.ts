/**
 * Rows about a vCPU alone, and priorities: what each does to a vCPU that is idle, busy, asleep or without its pCPU.
 * How many exits an upcall then takes is in exits.test.ts.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { replay } from '../../src/lab/replay.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { microFile } from '../../src/lab/scenarios.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
let serial = 0;

async function run(rows: string[], names: Partial<ScenarioNames> = {}) {
  const path = fileIn(folder, `t${serial++}.trace`, traceText(rows));
  const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, ...names }));
  return (...columns: string[]) => columns.map((column) => numberOf(result, column)!);
}

/** The order in which ports are served, as a number; no row may be held. */
async function order(rows: string[], guest: string): Promise<string> {
  const path = fileIn(folder, `t${serial++}.trace`, traceText(rows));
  const { vcpus } = await replay(await openTrace(path), path, scenarioOf({ ...DEFAULT_NAMES, guest }));
  assert.equal(vcpus.stats.counts.held_rows, 0);
  return vcpus.history.hex;
}

const SEND = '300000,send,-,1,,,,';
/** On zen5, whose upcalls are kicked for: interrupt exits, exits for HLT, wakes, and delivered events. */
const COUNTS = ['exits_interrupt', 'exits_halt', 'wakes', 'delivered'];
const LONG = { set: ['filterCycles=90000'] };

test('halt: at once; again, in its sleep: nothing; an event ends it', async () => {
  assert.deepEqual((await run([bound(1), '100000,halt,0,,,,,', SEND]))(...COUNTS), [0, 1, 1, 1]);
  const twice = [bound(1), '100000,halt,0,,,,,', '100001,halt,0,,,,,', '200000,halt,0,,,,,', SEND];
  const of = await run([...twice, '500000,send,-,1,,,,']);
  assert.deepEqual(of(...COUNTS), [1, 1, 1, 2], 'the event after it finds the vCPU running');
});

test('halt: what the vCPU has begun is done first', async () => {
  // The handler of the first event runs for 90,000 cycles when the row comes.
  const rows = [bound(1), bound(2), '100000,send,-,2,,,,', '110000,halt,0,,,,,', SEND];
  assert.deepEqual((await run(rows, LONG))(...COUNTS), [1, 1, 1, 2]);
  // A send of its own that it was given before is on its way; a second one would have woken it.
  const work = [bound(1), '0,bound,-,2,1,ipi,filter,', '100000,send,0,2,,,,', '100001,halt,0,,,,,'];
  assert.deepEqual((await run([...work, SEND]))(...COUNTS), [1, 1, 1, 2]);
  assert.deepEqual((await run([...work, '100002,send,0,2,,,,', SEND]))('exits_halt', 'sends'), [0, 3]);
});

test('halt: an event that came after it ends it even if the vCPU has not come to it yet', async () => {
  const rows = [bound(1), bound(2), '100000,send,-,2,,,,', '110000,halt,0,,,,,', '112000,send,-,2,,,,', SEND];
  assert.deepEqual((await run(rows, LONG))(...COUNTS), [3, 0, 0, 3]);
});

test('wake: ends a HLT, begun or not; without one it does nothing', async () => {
  const awake = await run([bound(1), '200000,wake,0,,,,,', SEND]);
  const plain = await run([bound(1), SEND]);
  assert.deepEqual(awake(...COUNTS, 'uops'), plain(...COUNTS, 'uops'));
  const woken = await run([bound(1), '100000,halt,0,,,,,', '200000,wake,0,,,,,', SEND]);
  assert.deepEqual(woken(...COUNTS, 'switches'), [1, 1, 1, 1, 2]);
  const rows = [bound(1), bound(2), '100000,send,-,2,,,,', '110000,halt,0,,,,,', '112000,wake,0,,,,,', SEND];
  assert.deepEqual((await run(rows, LONG))(...COUNTS), [2, 0, 0, 2]);
});

test('exit: one exit of its own; a vCPU that sleeps is awake for it', async () => {
  const exits = ['exits_other', 'exits_interrupt', 'exits_halt', 'upcalls', 'switches'];
  assert.deepEqual((await run(['100000,exit,1,,,,,', '100000,exit,1,,,,,']))(...exits), [2, 0, 0, 0, 0]);
  assert.deepEqual((await run(['100000,halt,1,,,,,', '200000,exit,1,,,,,']))(...exits), [1, 0, 1, 0, 2]);
});

test('exit: more than fit are held back, not lost', async () => {
  const of = await run(Array.from({ length: 9000 }, () => '5,exit,0,,,,,'));
  assert.equal(of('exits_other')[0], 9000);
  assert.ok(of('held_rows')[0]! > 0);
});

test('interrupt: an exit of a vCPU that runs, none of one that sleeps, which goes on sleeping', async () => {
  const of = await run([bound(1), '100000,interrupt,0,,,,,', '200000,interrupt,0,,,,,', SEND]);
  assert.deepEqual(of(...COUNTS), [3, 0, 0, 1]);
  const asleep = [bound(1), '100000,halt,0,,,,,'];
  const slept = await run([...asleep, '200000,interrupt,0,,,,,', SEND]);
  assert.deepEqual(slept(...COUNTS, 'switches'), [0, 1, 1, 1, 2]);
  assert.ok(slept('uops')[0]! > (await run([...asleep, SEND]))('uops')[0]!, 'the pCPU took it');
});

test('preempt and resume: the vCPU gets nothing but marks meanwhile, and goes on where it was', async () => {
  const counts = ['not_running', 'wakes', 'ipis', 'upcalls', 'delivered', 'switches', 'early_resumes'];
  const away = [bound(1), bound(2), '100000,preempt,0,,,,,', '200000,send,-,1,,,,runnable'];
  const of = await run([...away, '250000,send,-,2,,,,runnable', '900000,resume,0,,,,,']);
  // The second event finds the selector set and the upcall marked.
  assert.deepEqual(of(...counts), [1, 0, 0, 1, 2, 2, 0]);
  assert.ok(of('delivery_max_cycles')[0]! > 600_000, 'delivered when it runs again');
  const handler = [bound(1), '100000,send,-,1,,,,', '110000,preempt,0,,,,,', '900000,resume,0,,,,,'];
  const inHandler = await run(handler, LONG);
  assert.deepEqual(inHandler(...counts), [0, 0, 1, 1, 1, 2, 0]);
});

test('preempt: one that sleeps is woken, but does not run before its resume', async () => {
  const rows = [bound(1), '100000,halt,0,,,,,', '150000,preempt,0,,,,,', SEND, '600000,resume,0,,,,,'];
  const of = await run(rows);
  assert.deepEqual(of('wakes', 'not_running', 'exits_halt', 'exits_interrupt', 'delivered'), [1, 0, 1, 0, 1]);
  assert.ok(of('delivery_max_cycles')[0]! > 290_000);
  // Still asleep when it gets its pCPU back: nothing is switched to.
  const slept = [bound(1), '100000,halt,0,,,,,', '150000,preempt,0,,,,,', '200000,resume,0,,,,,'];
  assert.deepEqual((await run(slept))('switches', 'wakes'), [1, 0]);
  assert.deepEqual((await run([...slept, SEND]))('switches', 'wakes', 'delivered'), [2, 1, 1]);
});

test('preempt: coming back is a whole switch out of no C-state; after a HLT it is the other way round', async () => {
  const span = async (rows: string[], set: string) =>
    (await run([bound(1), ...rows], { set: [set] }))('span_cycles')[0]!;
  const grows = async (rows: string[], name: string) =>
    (await span(rows, `${name}=90000`)) - (await span(rows, `${name}=10000`));
  const away = ['100000,preempt,0,,,,,', '200000,send,-,1,,,,', '900000,resume,0,,,,,'];
  const asleep = ['100000,halt,0,,,,,', SEND];
  const switchGrows = await grows(away, 'contextSwitchCycles');
  assert.ok(Math.abs(switchGrows - 80_000) < 10, `${switchGrows}`);
  assert.equal(await grows(asleep, 'contextSwitchCycles'), 0);
  assert.equal(await grows(away, 'cstateExitNanos'), 0);
  assert.ok((await grows(asleep, 'cstateExitNanos')) > 80_000);
});

test('preempt: resumed after the last row if the trace does not say when', async () => {
  const of = await run([bound(1), '100000,preempt,0,,,,,', SEND, '400000,send,-,1,,,,runnable']);
  assert.deepEqual(
    of('delivered', 'coalesced', 'still_pending', 'switches', 'early_resumes'),
    [1, 1, 0, 2, 0],
  );
});

test('preempt: a row that has to wait ends it, because it may wait for that vCPU', async () => {
  const rows = ['0,bind,0,1,1,unbound,filter,', '500,preempt,0,,,,,', '1000,send,-,1,,,,'];
  const of = await run([...rows, '900000,resume,0,,,,,', '950000,preempt,0,,,,,', '960000,resume,0,,,,,']);
  assert.deepEqual(of('delivered', 'held_rows', 'early_resumes', 'switches'), [1, 1, 1, 2]);
});

test('priority: of two FIFO events that wait, the one of higher priority is served first', async () => {
  const ports = [bound(1), bound(2)];
  const away = '200000,preempt,0,,,,,';
  const back = '900000,resume,0,,,,,';
  const sends = (first: number, second: number) => [
    `300000,send,-,${first},,,,runnable`,
    `400000,send,-,${second},,,,runnable`,
  ];
  for (const guest of ['freebsd-fifo', 'linux-fifo']) {
    const plain = await order([...ports, away, ...sends(1, 2), back], guest);
    const swapped = await order([...ports, away, ...sends(2, 1), back], guest);
    const first = await order([...ports, '100000,priority,0,2,0,,,', away, ...sends(1, 2), back], guest);
    const last = await order([...ports, '100000,priority,0,2,15,,,', away, ...sends(1, 2), back], guest);
    assert.notEqual(plain, swapped);
    assert.deepEqual([first, last], [swapped, plain], guest);
  }
});

test('priority: a 2-level guest pays the hypercall and that is all', async () => {
  const counts = ['hypercalls', 'exits_hypercall', 'delivered'];
  const rows = [bound(1), '100000,priority,0,1,3,,,', SEND];
  assert.deepEqual((await run(rows))(...counts), [2, 2, 1]);
  const fifo = await run(rows, { guest: 'freebsd-fifo' });
  assert.deepEqual(fifo(...counts), [2, 2, 1]);
});

test('the micro trace shows what it says: woken, kicked, found in Xen, only marked', async () => {
  const path = join(ROOT, 'traces', microFile('hypervisor'));
  for (const [machine, interrupts, posted] of [
    ['zen5', 2, 0],
    ['skylake-sp', 1, 1],
  ] as const) {
    const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, machine }));
    const columns = [
      'upcalls',
      'exits_interrupt',
      'posted',
      'exits_halt',
      'wakes',
      'exits_other',
      'not_running',
    ];
    const found = columns.map((column) => numberOf(result, column));
    assert.deepEqual(found, [4, interrupts, posted, 1, 1, 1, 1], machine);
  }
});
