/** The generated dom0: its ports are those of the formula, and guests come and go as they should. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { synthRows } from '../../src/trace/synth/synth.ts';
import { Channel, Handler, Kind } from '../../src/trace/table.ts';

/** The table of the fact sheet on FreeBSD, 4.3: a dom0 with 4 vCPUs, generation C, PV IPIs. */
const TABLE = [
  { ports: 36, set: ['guests=0'] },
  { ports: 116, set: ['guests=20'] },
  { ports: 236, set: ['guests=50'] },
  { ports: 386, set: ['guests=50', 'hvm=1', 'guestVcpus=2'] },
  { ports: 2036, set: ['guests=200', 'hvm=1', 'guestVcpus=4', 'vbds=2'] },
];

/** The rows of a load as plain objects. */
function rowsOf(kind: string, sends: number, set: string[], vcpus = 4) {
  const rows = [];
  for (const row of synthRows({ kind, sends, vcpus, seed: 7, set })) rows.push({ ...row });
  return rows;
}

for (const { ports, set } of TABLE) {
  test(`a dom0 with ${set.join(' ')} has ${ports} ports, lowest first`, () => {
    const bound = rowsOf('dom0', 1, set).filter((r) => r.kind === Kind.bound);
    assert.deepEqual(
      bound.map((r) => r.port),
      Array.from({ length: ports }, (_, i) => i + 1),
    );
  });

  test(`a boot storm with ${set.join(' ')} ends with ${ports} ports`, () => {
    const rows = rowsOf('boot-storm', 12_000, set);
    assert.equal(rows.filter((r) => r.kind === Kind.bound).length, 36);
    assert.equal(rows.filter((r) => r.kind === Kind.bind).length, ports - 36);
    assert.equal(rows.filter((r) => r.kind === Kind.unbind).length, 0);
  });
}

test('who serves the ports of a dom0 with one HVM guest', () => {
  const set = ['guests=1', 'hvm=1', 'guestVcpus=2', 'ipis=9'];
  const bound = rowsOf('dom0', 1, set, 2).filter((r) => r.kind === Kind.bound);
  const count = (channel: number, handler: number) =>
    bound.filter((r) => r.channel === channel && r.handler === handler).length;
  // Timer and debug of two vCPUs; nine IPIs each; console; DOM_EXC.
  assert.equal(count(Channel.virq, Handler.filter), 4);
  assert.equal(count(Channel.ipi, Handler.filter), 18);
  assert.equal(count(Channel.virq, Handler.ithread), 1);
  assert.equal(count(Channel.virq, Handler.user), 1);
  // dom0's end in xenstored, the guest's in xenstored and xenconsoled, two requests and the buffered ones of QEMU.
  assert.equal(count(Channel.interdomain, Handler.user), 6);
  // Xenstore of the kernel, netback; blkback.
  assert.equal(count(Channel.interdomain, Handler.ithread), 2);
  assert.equal(count(Channel.interdomain, Handler.filter), 1);
  assert.equal(bound.length, 33);
});

/** Binds and unbinds of a load in which one thing happens to guests, in order: `+` or `-` and the handler. */
function operations(what: string, more: string[], sends = 3000): string[] {
  const none = ['start', 'stop', 'migrate', 'hotplug', 'storm', 'suspend'].map((w) => `${w}=0`);
  const fast = ['lifeNanos=1500000', 'opNanos=1000', 'downNanos=20000', 'stormNanos=1000'];
  const handlers = new Map<number, number>();
  const seen: string[] = [];
  for (const r of rowsOf('dom0', sends, [...none, ...fast, ...more, `${what}=1`])) {
    if (r.kind === Kind.bound || r.kind === Kind.bind) handlers.set(r.port, r.handler);
    const name = ['', 'filter', 'ithread', 'user'][handlers.get(r.port)!]!;
    if (r.kind === Kind.bind) seen.push(`+${name}`);
    if (r.kind === Kind.unbind) seen.push(`-${name}`);
  }
  return seen;
}

test('start: xenstored and xenconsoled, then the backends', () => {
  assert.deepEqual(operations('start', ['guests=3', 'mostGuests=5']), [
    ...['+user', '+user', '+ithread', '+filter'],
    ...['+user', '+user', '+ithread', '+filter'],
  ]);
});

test('stop: the other way round, until no guest is left', () => {
  assert.deepEqual(operations('stop', ['guests=2']), [
    ...['-filter', '-ithread', '-user', '-user'],
    ...['-filter', '-ithread', '-user', '-user'],
  ]);
});

test('migrate: all channels go, and come again', () => {
  assert.deepEqual(operations('migrate', ['guests=1']).slice(0, 8), [
    ...['-filter', '-ithread', '-user', '-user'],
    ...['+user', '+user', '+ithread', '+filter'],
  ]);
});

test('suspend: backends go and come again, tools stay', () => {
  assert.deepEqual(operations('suspend', ['guests=1', 'hvm=1']).slice(0, 4), [
    ...['-filter', '-ithread', '+ithread', '+filter'],
  ]);
});

test('hotplug: devices come, and only those that came go', () => {
  const seen = operations('hotplug', ['guests=1'], 8000);
  assert.ok(seen.includes('-filter') || seen.includes('-ithread'));
  let plugged = 0;
  for (const operation of seen) {
    plugged += operation[0] === '+' ? 1 : -1;
    assert.ok(plugged >= 0 && !operation.endsWith('user'));
  }
});

test('storm: guests that start together bind by turns', () => {
  const seen = operations('storm', ['guests=1', 'mostGuests=9', 'stormGuests=8']);
  assert.equal(seen.length, 32);
  assert.notDeepEqual(seen.slice(0, 8), [
    '+user',
    '+user',
    '+ithread',
    '+filter',
    '+user',
    '+user',
    '+ithread',
    '+filter',
  ]);
});

test('a port is used again lowest first, and no host has more than 4,095', () => {
  const set = ['guests=900', 'lifeNanos=20000', 'opNanos=100', 'mostGuests=1365', 'start=900'];
  const bound = new Set<number>();
  let most = 0;
  for (const r of rowsOf('dom0', 30_000, set)) {
    if (r.kind === Kind.bound || r.kind === Kind.bind) {
      let lowest = 1;
      while (bound.has(lowest)) lowest++;
      if (bound.size % 97 === 0) assert.equal(r.port, lowest);
      assert.ok(!bound.has(r.port));
      bound.add(r.port);
    } else if (r.kind === Kind.unbind) bound.delete(r.port);
    else assert.ok(bound.has(r.port));
    most = Math.max(most, bound.size);
  }
  assert.ok(most > 4080 && most <= 4095, `${most}`);
});

test('a process unmasks what it was sent, and nothing else is unmasked', () => {
  const waiting = new Map<number, number>();
  let unmasks = 0;
  for (const r of rowsOf('dom0', 5000, ['toolPermille=500'])) {
    if (r.kind === Kind.send) waiting.set(r.port, (waiting.get(r.port) ?? 0) + 1);
    if (r.kind !== Kind.unmask) continue;
    unmasks++;
    assert.ok(waiting.get(r.port)! > 0);
    waiting.set(r.port, waiting.get(r.port)! - 1);
  }
  assert.ok(unmasks > 1000);
});
