/** Which lines go from core to core in a run, and what they are called. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesTable, MOST_LINES } from '../../src/lab/lines.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { stagesTable } from '../../src/lab/tables.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
let serial = 0;

/** A row of lines.csv by column. */
interface Line {
  readonly rank: number;
  readonly line: string;
  readonly object: string;
  readonly fields: string;
  readonly read_transfers: number;
  readonly write_transfers: number;
  readonly other_socket_transfers: number;
  readonly transfer_cycles: number;
  readonly share_permille: number;
}

async function linesOf(path: string, names: Partial<ScenarioNames> = {}) {
  const scenario = scenarioOf({ ...DEFAULT_NAMES, ...names });
  const { result } = await runFile(path, scenario);
  const { columns, rows } = linesTable([result]);
  const lines = rows.map(
    (row) => Object.fromEntries(columns.map((c, i) => [c.name, row[i]])) as unknown as Line,
  );
  const find = (object: string, fields: string) =>
    lines.find((l) => l.object === object && l.fields === fields);
  const credited = stagesTable([result]).rows.reduce(
    (n, row) => n + (row.at(-2) === 'transfer' ? Number(row.at(-1)) : 0),
    0,
  );
  return { lines, find, credited, machine: scenario.machine };
}

function drawn(rows: readonly string[]): string {
  return fileIn(folder, `t${serial++}.trace`, traceText(rows));
}

function sum(lines: readonly Line[], column: 'rank' | 'transfer_cycles' | 'other_socket_transfers'): number {
  return lines.reduce((n, l) => n + l[column], 0);
}

/** Reads, writes, those of the other socket. */
function counts(line: Line | undefined): number[] {
  return line === undefined ? [] : [line.read_transfers, line.write_transfers, line.other_socket_transfers];
}

const PENDING = ['xen: shared_info + 0x800', 'evtchn_pending, ports 0-511'] as const;
const MASK = ['xen: shared_info + 0xa00', 'evtchn_mask, ports 0-511'] as const;
const vcpuInfo = (cpu: number) =>
  [`cpu${cpu}: DPCPU area + 0x80`, 'vcpu_info.evtchn_upcall_pending, vcpu_info.evtchn_pending_sel'] as const;
const recorded = (name: string) => join(ROOT, 'traces/recorded', `${name}.trace.gz`);

/** Sends from outside to two ports in turn, each served before the next comes. */
function inTurn(first: number, second: number, sends: number): string[] {
  return Array.from(
    { length: sends },
    (_, i) => `${20_000 * (i + 1)},send,-,${i % 2 === 0 ? first : second},,,,running`,
  );
}

test('two isrcs whose counters share a line send it to and fro between their vCPUs', async () => {
  const sends = 20;
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    const near = await linesOf(drawn([bound(1, 0), bound(2, 1), ...inTurn(1, 2, sends)]), { guest });
    const shared = near.find('intrcnt[]', 'is_count of isrcs 0-3');
    assert.deepEqual(counts(shared), [sends - 1, sends - 1, 0], 'all but the first take it, to count in it');
    assert.equal(shared?.transfer_cycles, 2 * (sends - 1) * near.machine.transferCycles);
    const ports = [bound(1, 0), bound(3, 0), bound(4, 0), bound(5, 0), bound(2, 1)];
    const far = await linesOf(drawn([...ports, ...inTurn(1, 2, sends)]), { guest });
    assert.equal(far.find('intrcnt[]', 'is_count of isrcs 0-3'), undefined, 'four isrcs further on: no more');
    assert.equal(far.find('intrcnt[] + 0x40', 'is_count of isrcs 4-7'), undefined);
    for (const run of [near, far]) {
      const upcalls = run.lines.find((l) => l.fields === 'upcalls of cpus 0-1');
      assert.deepEqual(counts(upcalls), [sends - 1, sends - 1, 0], 'the counters of upcalls always do');
    }
  }
});

test('one vCPU and a sender share what the sheet says, and nothing else that is written', async () => {
  const sends = 10;
  const rows = Array.from({ length: sends }, (_, i) => `${20_000 * (i + 1)},send,-,1,,,,running`);
  const { lines, find } = await linesOf(drawn([bound(1, 0), ...rows]));
  // The sender sets the bit; the guest reads the word, then clears it. The unmask of the bind had read it too, so
  // that the first send takes it as well.
  assert.deepEqual(counts(find(...PENDING)), [sends, 2 * sends, 0]);
  // The sender sets selector and upcall bit; the guest clears the one and exchanges the other.
  assert.deepEqual(counts(find(...vcpuInfo(0))), [0, 2 * sends - 1, 0]);
  // Rows 4, 6, 8 and 10 of 3.5; the scheduling fields (7) are read by the sender, and its own RMW keeps them there.
  const often = lines.filter((l) => l.write_transfers > 1).map((l) => l.object);
  const irr = 'xen: domain vcpu0 virtual local APIC + 0x240';
  assert.deepEqual(often.sort(), [vcpuInfo(0)[0], irr, 'xen: irq_stat[0]', PENDING[0]].sort());
});

test('a recording of interrupts between vCPUs: what a wake-up takes from core to core', async () => {
  const { lines, find, credited } = await linesOf(recorded('a-2l.ipi'));
  const top = lines.slice(0, 12).map((l) => `${l.object}: ${l.fields}`);
  const scheduling = 'pause_flags, is_running, processor, runstate';
  for (const name of [
    PENDING,
    vcpuInfo(0),
    vcpuInfo(1),
    ['xen: run queue 0', 'lock'],
    ['xen: irq_stat[0]', 'softirq_pending, in_mwait'],
    ['xen: irq_stat[1]', 'softirq_pending, in_mwait'],
    ['xen: struct vcpu 0 + 0x40', scheduling],
    ['xen: struct vcpu 1 + 0x40', scheduling],
    ['xen: cpu_add_remove_lock', 'lock'],
  ]) {
    assert.ok(top.includes(name.join(': ')), `${name.join(': ')} is not in\n${top.join('\n')}`);
  }
  assert.ok((find(...MASK)?.share_permille ?? 0) < 5, 'nobody masks');
  assert.equal(sum(lines, 'rank'), (lines.length * (lines.length + 1)) / 2);
  assert.ok(credited > 0 && credited < sum(lines, 'transfer_cycles'), 'part of it is waited for');
});

test('a recording with ithreads: the mask line bounces as much as the pending line', async () => {
  const { find } = await linesOf(recorded('a-2l.disk'));
  const [pending, mask] = [find(...PENDING)!, find(...MASK)!];
  assert.ok(mask.transfer_cycles > 0.7 * pending.transfer_cycles && mask.rank <= 8, `rank ${mask.rank}`);
});

test('more lines than have a row are summed in the last one', async () => {
  const population = 600;
  const moves = Array.from({ length: 300 }, (_, i) => [
    `${10 + 40_000 * i},move,${i % 2},${1 + i},1,,,`,
    `${20_010 + 40_000 * i},send,-,${1 + i},,,,running`,
  ]).flat();
  const ports = Array.from({ length: 300 }, (_, i) => bound(1 + i, 0));
  const { lines } = await linesOf(drawn([...ports, ...moves]), { set: [`population=${population}`] });
  assert.equal(lines.length, MOST_LINES + 1);
  const rest = lines.at(-1)!;
  assert.deepEqual([rest.rank, rest.line, rest.object], [MOST_LINES + 1, '', '(other lines)']);
  assert.match(rest.fields, /^[1-9]\d* lines$/);
  const cycles = lines.slice(0, -1).map((l) => l.transfer_cycles);
  assert.deepEqual(
    cycles,
    [...cycles].sort((a, b) => b - a),
  );
});

test('cycles follow from counts, shares from the total; on two sockets part of it crosses', async () => {
  const path = join(ROOT, 'traces/micro/two-vcpus.trace');
  for (const set of [[], ['sockets=2', 'senderSocket=1']]) {
    const { lines, machine } = await linesOf(path, { set });
    const { transferCycles, remoteTransferCycles } = machine;
    const total = sum(lines, 'transfer_cycles');
    for (const l of lines) {
      const { read_transfers: reads, write_transfers: writes, other_socket_transfers: remote } = l;
      const cycles = (reads + writes - remote) * transferCycles + remote * remoteTransferCycles;
      assert.equal(l.transfer_cycles, cycles);
      assert.equal(l.share_permille, Math.floor((1000 * cycles) / total));
    }
    assert.equal(sum(lines, 'other_socket_transfers') > 0, set.length > 0);
  }
});

test('every line that comes from another core has a name, on both guests', async () => {
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    const { lines } = await linesOf(recorded('a-2l.disk'), { guest });
    for (const l of lines) {
      assert.doesNotMatch(l.object, /nothing placed|undefined|isrc -1/);
      // Stacks, descriptors and the like have no fields that are named.
      if (!/stack|gdt|pcb|tss/.test(l.object)) assert.notEqual(l.fields, '', l.object);
    }
  }
});

test('a run on one core, without a sender from outside, transfers nothing', async () => {
  const { lines } = await linesOf(drawn([bound(1, 0), '100,send,0,1,,,,running']));
  assert.deepEqual(lines, []);
});
