/** From ftrace text to sends: one rule of docs/recorded-delivery-to-send.md a test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convert } from '../../src/trace/convert.ts';
import { field, type GuestEvent } from '../../src/trace/guest-event.ts';
import { readSnapshot } from '../../src/trace/snapshot.ts';
import { readEvents } from '../../src/trace/text/events.ts';
import { FTRACE } from '../../src/trace/text/ftrace.ts';
import { Tolerance } from '../../src/trace/tolerance.ts';
import { formatRow } from '../../src/trace/writer.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();
let serial = 0;

async function eventsOf(text: string): Promise<GuestEvent[]> {
  const events: GuestEvent[] = [];
  const path = fileIn(folder, `f${serial++}`, text);
  for await (const block of readEvents(path, FTRACE, FTRACE.parser(), Tolerance.strict()))
    events.push(...block);
  return events;
}

const STATE = `### interrupts before
### lsevtchn before
domain 0
   1: VCPU 0: Virtual IRQ 0
   2: VCPU 1: IPI
   3: VCPU 1: Interdomain (Connected) - Remote Domain 0, Port 4
   4: VCPU 0: Interdomain (Connected) - Remote Domain 0, Port 3
   5: VCPU 0: Interdomain (Connected) - Remote Domain 7, Port 9
   6: VCPU 1: Physical IRQ 9
domain 1
   1: VCPU 0: IPI
### lsevtchn after
domain 0
   8: VCPU 0: IPI
`;
const bindings = async () => (await readSnapshot(fileIn(folder, 'state', STATE), 0)).bindings;

/** A served port as the recording shows it, without padding: upcall, taken out, handler, end. */
function upcall(
  cpu: number,
  time: number,
  comm: string,
  ...ports: Array<[port: number, irq: number, name: string]>
) {
  const at = (t: number, event: string) => `${comm}-1 [00${cpu}] d.h1. ${t}: ${event}`;
  const served = ports.flatMap(([port, irq, name], i) => [
    at(time + 10 * i + 1, `clear_2l: (evtchn_2l_clear_pending+0x0/0x20) port=${port}`),
    at(time + 10 * i + 2, `irq_handler_entry: irq=${irq} name=${name}`),
  ]);
  return [
    at(time, 'upcall: (xen_evtchn_do_upcall+0x0/0xb0)'),
    ...served,
    at(time + 99, 'upcall_ret: (x <- y)'),
  ];
}

async function rowsOf(lines: string[]): Promise<string[]> {
  const { rows } = convert(await eventsOf(lines.join('\n')), await bindings(), 0);
  return rows.map(formatRow).filter((row) => !row.includes(',bound,'));
}

test('ftrace lines are parsed as the fact sheet says, comments and lost notes aside', async () => {
  const events = await eventsOf(
    [
      '# tracer: nop',
      '          <idle>-0       [001] d.h1.  1200: irq_handler_entry: irq=64 name=blkif',
      'CPU:3 [LOST 42 EVENTS]',
      '   my app-1-2048    [003] d..1.  1300: upc: (xen_evtchn_do_upcall+0x0/0x90) a=0x1f b=-1',
      '     kworker/1:2-733     [001]  1400: softirq_entry: vec=4 [action=BLOCK]',
    ].join('\n'),
  );
  assert.deepEqual(
    events.map((e) => [e.comm, e.pid, e.cpu, e.time, e.name, e.line]),
    [
      ['<idle>', 0, 1, 1200, 'irq_handler_entry', 2],
      ['my app-1', 2048, 3, 1300, 'upc', 4],
      ['kworker/1:2', 733, 1, 1400, 'softirq_entry', 5],
    ],
  );
  assert.deepEqual([field(events[1]!.text, 'a'), field(events[1]!.text, 'b')], [31, -1]);
  assert.equal(field('xport=3', 'port'), undefined);
  assert.equal(field('port=3', 'port'), 3);
});

test('a line that is no ftrace line is refused with its number', async () => {
  await assert.rejects(eventsOf('# c\nnonsense\n'), /:2: found "nonsense", expected an ftrace line/);
  await assert.rejects(eventsOf('# only a comment\n'), /found no event/);
});

test('rule 1: the channels of the snapshot, of the domain asked for', async () => {
  const list = await bindings();
  assert.deepEqual(
    list.map((b) => [b.port, b.vcpu, b.channel, b.remoteDomain, b.remotePort]),
    [
      [1, 0, 4, -1, 0],
      [2, 1, 5, -1, 0],
      [3, 1, 2, 0, 4],
      [4, 0, 2, 0, 3],
      [5, 0, 2, 7, 9],
      [6, 1, 3, -1, 0],
    ],
  );
  await assert.rejects(readSnapshot(fileIn(folder, 's2', STATE), 9), /found no channel of domain 9/);
});

test('rule 2: a delivery nobody was seen to send becomes a send at the start of its upcall', async () => {
  const rows = await rowsOf(upcall(0, 1000, '<idle>', [1, 24, 'timer0'], [5, 50, 'vif1.0-q0-rx']));
  assert.deepEqual(rows, ['0,send,-,1,,,,blocked', '0,send,-,5,,,,blocked']);
});

test('rule 3: the same port twice in one upcall was sent again just before', async () => {
  const rows = await rowsOf(upcall(0, 1000, 'sh', [1, 24, 'timer0'], [1, 24, 'timer0']));
  assert.deepEqual(rows, ['0,send,-,1,,,,running', '11,send,-,1,,,,running']);
});

test('rule 4 and 8: sends seen at their sender are the sends; a delivery consumes them all', async () => {
  const notify = (t: number, port: number) =>
    `sh-9 [001] ..... ${t}: dev_ioctl: (evtchn_ioctl+0x0/0x470 [xen_evtchn]) cmd=0x44504 arg0=${port}`;
  const rows = await rowsOf([
    notify(1000, 4),
    notify(1010, 4),
    ...upcall(1, 1100, '<idle>', [3, 38, 'xenbus']),
    notify(1300, 5),
  ]);
  assert.deepEqual(rows, ['0,send,1,3,,,,blocked', '10,send,1,3,,,,blocked', '300,notify,1,5,,,,']);
});

test('an IPI goes to the port of its name on the target CPU, wherever in the recording that is learned', async () => {
  const rows = await rowsOf([
    'sh-9 [000] ..... 1000: ipi: (xen_send_IPI_one+0x0/0xb0) cpu=1 vector=0',
    ...upcall(1, 1100, 'sh', [2, 32, 'resched1']),
  ]);
  assert.deepEqual(rows, ['0,send,0,2,,,,running']);
});

test('rules 5 to 7: binds by the evtchn device, paired, on the vCPU they end up on, and unbinds', async () => {
  const call = (t: number, cmd: string, arg: number) =>
    `ev-7 [001] ..... ${t}: dev_ioctl: (evtchn_ioctl+0x0/0x470 [xen_evtchn]) cmd=${cmd} arg0=${arg}`;
  const map = (t: number, port: number, irq: number) =>
    `ev-7 [001] ..... ${t}: map: (set_evtchn_to_irq+0x0/0xd0) port=${port} irq=${irq}`;
  const cpu = (t: number, port: number, irq: number, to: number) =>
    `ev-7 [001] ..... ${t}: bind_cpu: (b+0x0/0x110) port=${port} irq=${irq} type=4 oldcpu=0 cpu=${to}`;
  const rows = await rowsOf([
    call(1000, '0x44502', 0),
    map(1010, 30, 60),
    cpu(1011, 30, 60, 0),
    cpu(1012, 30, 60, 1),
    call(1100, '0x84501', 0),
    map(1110, 31, 61),
    cpu(1111, 31, 61, 0),
    ...upcall(0, 1200, 'sh', [31, 61, 'evtchn:ev']),
    call(1300, '0x44504', 31),
    ...upcall(1, 1350, 'sh', [30, 60, 'evtchn:ev']),
    'ev-7 [000] ..... 1500: lateeoi: (xen_irq_lateeoi+0x0/0x70) irq=61 flags=0',
    map(1600, 31, -1),
  ]);
  assert.deepEqual(rows, [
    '0,bind,1,30,1,unbound,user,',
    '100,bind,1,31,0,interdomain,user,',
    '290,send,1,30,,,,running',
    '490,unmask,0,31,,,,',
    '590,unbind,1,31,,,,',
  ]);
});

test('a port moved after it was used is a move; a delivery of an unknown port is only counted', async () => {
  const lines = [
    ...upcall(0, 1000, 'sh', [5, 50, 'vif1.0-q0-rx'], [9, 70, 'late']),
    'sh-9 [000] ..... 1200: bind_cpu: (b+0x0/0x110) port=5 irq=50 type=4 oldcpu=0 cpu=1',
  ];
  assert.deepEqual((await rowsOf(lines)).slice(1), ['200,move,0,5,1,,,']);
  const { counts } = convert(await eventsOf(lines.join('\n')), await bindings(), 0);
  assert.equal(counts.deliveries, 2);
  assert.equal(counts.deliveries_unbound, 1);
});
