/** From recordings of guests to rows where the ports are not recorded, and the snapshots that name interrupts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detect } from '../../src/trace/formats.ts';
import { Input } from '../../src/trace/input.ts';
import { readSnapshot } from '../../src/trace/snapshot.ts';
import { rowOf } from '../../src/trace/table.ts';
import { Tolerance } from '../../src/trace/tolerance.ts';
import { formatRow } from '../../src/trace/writer.ts';
import {
  DEBUG_KEY_SAMPLE,
  DTRACE_SAMPLES,
  LSEVTCHN_SAMPLE,
  PERF_SAMPLE,
  PROC_INTERRUPTS_SAMPLE,
  VMSTAT_SAMPLE,
} from '../support/samples.ts';

const inputOf = (text: string, name = 'recording') => new Input(name, false, Buffer.from(text));
const snapshotOf = (text: string, domain = 0) => readSnapshot(inputOf(text, 'state'), domain);

/** Converts a text; rows as lines, and the notes of the header. */
async function convert(text: string, state?: string, tolerance = Tolerance.strict(), clockHz?: number) {
  const input = inputOf(text);
  const snapshot = state === undefined ? { bindings: [], interrupts: [] } : await snapshotOf(state);
  const format = await detect(input);
  const { header, batches } = await format.rows!(input, { domain: 0, clockHz, ...snapshot }, tolerance);
  const rows: string[] = [];
  for await (const batch of batches) {
    for (let i = 0; i < batch.length; i++) rows.push(formatRow(rowOf(batch, i)));
  }
  return { rows, header, notes: Object.fromEntries(header.notes) };
}

test('lsevtchn: every kind of channel, without a heading those of the domain asked for', async () => {
  const { bindings } = await snapshotOf(LSEVTCHN_SAMPLE, 3);
  assert.deepEqual(
    bindings.map((b) => [b.port, b.vcpu, b.channel, b.virq, b.remoteDomain, b.remotePort]),
    [
      [1, 0, 4, 0, -1, 0],
      [2, 1, 5, -1, -1, 0],
      [3, 1, 2, -1, 0, 4],
      [4, 0, 1, -1, -1, 0],
      [6, 1, 3, -1, -1, 0],
    ],
  );
});

test('debug key e: with or without a time before it, of one domain', async () => {
  const plain = DEBUG_KEY_SAMPLE.replaceAll(/^\(XEN\) (?:\[[-: \d]+\] )?/gm, '');
  for (const text of [DEBUG_KEY_SAMPLE, plain]) {
    const { bindings } = await snapshotOf(text, 1);
    assert.deepEqual(
      bindings.map((b) => [b.port, b.vcpu, b.channel, b.virq, b.remoteDomain, b.remotePort]),
      [
        [5, 1, 2, -1, 0, 42],
        [12, 0, 4, 0, -1, 0],
      ],
    );
    await assert.rejects(snapshotOf(text, 2), /state: found no channel of domain 2, no interrupt/);
  }
});

test('/proc/interrupts and vmstat -i: names, kinds, totals, the vCPU that served most', async () => {
  const linux = await snapshotOf(PROC_INTERRUPTS_SAMPLE);
  assert.deepEqual(linux.interrupts, [
    { irq: 24, name: 'timer0', channel: 4, vcpu: 0, total: 1796 },
    { irq: 26, name: 'resched0', channel: 5, vcpu: 0, total: 154 },
    { irq: 51, name: 'vif1.0-q0-tx', channel: 2, vcpu: 1, total: 155 },
  ]);
  const freebsd = await snapshotOf(VMSTAT_SAMPLE);
  assert.deepEqual(freebsd.interrupts, [{ irq: 2128, name: 'xn0', channel: 0, vcpu: -1, total: 120000 }]);
});

test('a snapshot of both, one behind the other; what cannot be is refused with its line', async () => {
  const both = await snapshotOf(PROC_INTERRUPTS_SAMPLE + LSEVTCHN_SAMPLE);
  assert.deepEqual([both.bindings.length, both.interrupts.length], [5, 3]);
  await assert.rejects(snapshotOf('1: VCPU 0: IPI\n1: VCPU 0: IPI\n'), /state:2: found port 1 again/);
  await assert.rejects(snapshotOf('1: VCPU 0: Nonsense\n'), /state:1: found "Nonsense"/);
  await assert.rejects(
    snapshotOf('5000: VCPU 0: IPI\n'),
    /state:1: found port 5000, expected a port 1..4095/,
  );
  await assert.rejects(
    snapshotOf(PROC_INTERRUPTS_SAMPLE.replace('timer0', 'timer\x1b0')),
    /state:2: found the control character U\+001B/,
  );
  await assert.rejects(snapshotOf('5: VCPU 99: IPI\n'), /state:1: found vCPU 99, expected a vCPU below 64/);
});

test('interrupts of Linux without probes: each delivery implies a send, ports are numbered and named', async () => {
  const text = [
    ' <idle>-0 [001] d.h1. 1.000100: irq_handler_entry: irq=51 name=vif1.0-q0-tx',
    ' <idle>-0 [001] d.h1. 1.000103: irq_handler_exit: irq=51 ret=handled',
    ' sh-9 [000] d.h1. 1.000200: irq_handler_entry: irq=24 name=timer0',
    ' sh-9 [000] d.h1. 1.000300: irq_handler_entry: irq=51 name=vif1.0-q0-tx',
    ' sh-9 [000] d.h1. 1.000400: irq_handler_entry: irq=4 name=ttyS0',
  ].join('\n');
  const { rows, header, notes } = await convert(text, PROC_INTERRUPTS_SAMPLE);
  assert.deepEqual(rows, [
    '0,bound,-,1,0,virq,filter,',
    '0,bound,-,2,0,ipi,filter,',
    '0,bound,-,3,1,interdomain,ithread,',
    '0,send,-,3,,,,blocked',
    '100000,send,-,1,,,,running',
    '200000,move,1,3,0,,,',
    '200000,send,-,3,,,,running',
  ]);
  assert.deepEqual([header.clockHz, header.vcpus], [1_000_000_000, 2]);
  assert.deepEqual(
    [notes.ports_1, notes.sends_inferred, notes.events_unused],
    ['1 = irq 24: timer0; 2 = irq 26: resched0; 3 = irq 51: vif1.0-q0-tx', '3', '1'],
  );
});

test('perf script: the same events under its names; a CPU is needed', async () => {
  const { rows, notes } = await convert(PERF_SAMPLE);
  assert.deepEqual(rows, ['0,bound,-,1,1,interdomain,ithread,', '0,send,-,1,,,,blocked']);
  assert.equal(notes.ports_1, '1 = irq 64: blkif');
  await assert.rejects(
    convert('a 1 1.000000: irq:irq_handler_entry: irq=1 name=x\n'),
    /recording:1: found irq:irq_handler_entry without a CPU/,
  );
});

test('probes are known by the function they stand on, whatever they are called', async () => {
  const text = [
    ' <idle>-0 [000] 1.000100: a: (xen_evtchn_do_upcall+0x0/0x90)',
    ' <idle>-0 [000] 1.000101: b: (handle_irq_for_port+0x0/0xf0) port=5',
    ' <idle>-0 [000] 1.000102: irq_handler_entry: irq=51 name=blkif',
    ' <idle>-0 [000] 1.000109: c: (sysvec_xen_hvm_callback+0x4c/0x80 <- xen_evtchn_do_upcall)',
  ].join('\n');
  const { rows, notes } = await convert(
    text,
    '5: VCPU 0: Interdomain (Connected) - Remote Domain 7, Port 9\n',
  );
  assert.deepEqual(rows, ['0,bound,-,5,0,interdomain,ithread,', '0,send,-,5,,,,blocked']);
  assert.equal(notes.deliveries, '1');
  await assert.rejects(
    convert(text.replace('port=5', 'x=5')),
    /recording:2: found no port= in b "\(handle_irq_for_port/,
  );
  await assert.rejects(
    convert(text.replace('port=5', 'port=4096')),
    /found port=4096 in b, expected 1..4095/,
  );
  const tolerance = Tolerance.count(1);
  const left = await convert(
    `${text}\n${text.replace('port=5', 'x=5').split('\n')[1]}`,
    undefined,
    tolerance,
  );
  assert.deepEqual([left.notes.deliveries, tolerance.skipped], ['1', 1]);
});

const KTR = `index  cpu timestamp        trace 
------ --- ---------------- ----- 
   109   0            19000 intr_event_remove_handler: removing xbd0 from irq2130: xbd0
   108   1            18000 intr_event_handle: exec 0xffff(0xfffe) for xn0
   107   0            17000 intr_event_schedule_thread: pid 12 (irq2130: xbd0): it_need 1, state 4
   106   0            16000 intr_event_add_handler: added xbd0 to irq2130:
   105   1            15500 KTRGRAPH group:"thread", id:"sh tid 100100", state:"running", attributes: prio:120
   104   1            15001 intr_event_schedule_thread: schedule pid 12 (irq2128: xn0)
   103   1            15000 intr_event_handle: exec 0xffff(0xfffe) for xn0
   102   1            14000 KTRGRAPH group:"thread", id:"idle: cpu1 tid 100004", state:"running", attributes: prio:255
   101   1            13000 intr_event_schedule_thread: schedule pid 12 (irq2128: xn0)
   100   0            12000 KTRGRAPH group:"load", id:"CPU 0 load", counter:"2", attributes: none
`;

test('KTR: threads, filters and their threads, binds and unbinds, idle vCPUs; the rest is counted', async () => {
  await assert.rejects(convert(KTR), /--clock-hz must say how many a second/);
  const { rows, header, notes } = await convert(KTR, VMSTAT_SAMPLE, Tolerance.strict(), 2_400_000_000);
  assert.deepEqual(rows, [
    '0,bound,-,1,1,interdomain,ithread,',
    '0,send,-,1,,,,running',
    '2000,send,-,1,,,,blocked',
    '3000,bind,0,2,0,interdomain,ithread,',
    '4000,send,-,2,,,,running',
    '5000,send,-,1,,,,running',
    '6000,unbind,0,2,,,,',
  ]);
  assert.equal(header.clockHz, 2_400_000_000);
  assert.deepEqual([notes.ports_1, notes.events_unused], ['1 = irq 2128: xn0; 2 = irq 2130: xbd0', '1']);
});

test('DTrace: a delivery was sent when its upcall began or before; lines of one CPU after those of another', async () => {
  const text = `${DTRACE_SAMPLES.script}1 73500005000 E xen_intr_signal irq2128: xn0
0 73500000500 E xen_intr_handle_upcall -
0 73500000600 E intr_event_handle irq2129: xbd0
0 73500000700 R intr_event_handle -
0 73500000750 E intr_event_handle irq2129: xbd0
`;
  const { rows, notes } = await convert(text);
  assert.deepEqual(rows, [
    '0,bound,-,1,1,interdomain,ithread,',
    '0,bound,-,2,0,interdomain,ithread,',
    '0,send,-,1,,,,running',
    '377,send,-,2,,,,running',
    '627,send,-,2,,,,running',
    '4877,notify,1,1,,,,',
  ]);
  assert.deepEqual([notes.source_events, notes.sends_inferred], ['9', '3']);
  await assert.rejects(convert(DTRACE_SAMPLES.plain), /recording:2: found an event without a time/);
});

test('a recording without any delivery says what it lacks', async () => {
  await assert.rejects(convert(' a-1 [000] 1.000000: x: y\n'), /found no event that tells of a delivery/);
  await assert.rejects(convert(' a-1 [000] 12: irq_handler_entry: irq=1 name=x\n'), /--clock-hz must say/);
});
