/** Replaying: conservation, waiting rows, interrupts that come while another runs, time scaling. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { TickClock } from '../../src/lab/tick-clock.ts';
import { UserError } from '../../src/model/errors.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();
let serial = 0;

async function run(rows: string[], names: Partial<ScenarioNames> = {}) {
  const path = fileIn(folder, `t${serial++}.trace`, traceText(rows));
  const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, ...names }));
  return (column: string) => numberOf(result, column);
}

test('ticks become cycles exactly, against BigInt', () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 31 - 1).map((n) => n * 997),
      fc.integer({ min: 1000, max: 10_000_000_000 }),
      fc.integer({ min: 100_000_000, max: 9_999_999_999 }),
      fc.integer({ min: 1, max: 5000 }),
      (ticks, tickHz, coreHz, permille) => {
        const cycles = (BigInt(ticks) * BigInt(coreHz)) / BigInt(tickHz);
        if (cycles > 2n ** 50n) return;
        const expected = (cycles * BigInt(permille)) / 1000n;
        assert.equal(BigInt(new TickClock(tickHz, coreHz, permille).cycles(ticks)), expected);
      },
    ),
    { seed: 13, numRuns: 1000 },
  );
});

test('random loads are conserved on both guests: sends = delivered + coalesced + cancelled + still pending', async () => {
  const step = fc.record({
    gap: fc.nat(3000),
    what: fc.constantFrom('send', 'send', 'send', 'self', 'toggle', 'unmask'),
    port: fc.integer({ min: 1, max: 12 }),
    vcpu: fc.nat(1),
    handler: fc.constantFrom('filter', 'ithread', 'user'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 120 }),
      fc.constantFrom('freebsd-a', 'freebsd-c'),
      async (steps, guest) => {
        const isBound = new Map<number, string>();
        const rows: string[] = [];
        let time = 0;
        for (const s of steps) {
          time += s.gap;
          if (s.what === 'toggle' && isBound.has(s.port)) {
            isBound.delete(s.port);
            rows.push(`${time},unbind,${s.vcpu},${s.port},,,,`);
          } else if (s.what === 'toggle' || !isBound.has(s.port)) {
            if (isBound.has(s.port)) continue;
            isBound.set(s.port, s.handler);
            rows.push(`${time},bind,${s.vcpu},${s.port},${1 - s.vcpu},interdomain,${s.handler},`);
          } else if (s.what === 'unmask') rows.push(`${time},unmask,${s.vcpu},${s.port},,,,`);
          else rows.push(`${time},send,${s.what === 'self' ? s.vcpu : '-'},${s.port},,,,running`);
        }
        const of = await run(rows, { guest });
        assert.equal(
          of('sends'),
          of('delivered')! + of('coalesced')! + of('cancelled')! + of('lost')! + of('still_pending')!,
        );
        const userPorts = [...isBound.values()].filter((h) => h === 'user').length;
        assert.ok(of('still_pending')! <= userPorts, 'only a port its user masked can be left pending');
      },
    ),
    { seed: 14, numRuns: 60 },
  );
});

test('a send while the upcall runs is latched and served by the same or the next upcall', async () => {
  const rows = [
    bound(1),
    bound(2),
    ...Array.from({ length: 40 }, (_, i) => `${1000 + 20 * i},send,-,${1 + (i % 2)},,,,running`),
  ];
  const of = await run(rows, { set: ['filterCycles=3000'] });
  assert.equal(of('still_pending'), 0);
  assert.equal(of('delivered')! + of('coalesced')!, 40);
  assert.ok(of('upcalls')! >= 2);
});

test('a row waits for its port: sends right behind a bind, a bind right behind an unbind', async () => {
  const of = await run([
    '0,bind,0,1,0,unbound,filter,',
    '1,send,-,1,,,,running',
    '2,unbind,0,1,,,,',
    '3,bind,1,1,1,virq,filter,',
    '4,send,-,1,,,,running',
  ]);
  assert.deepEqual(['binds', 'unbinds'].map(of), [2, 1]);
  // An event that arrives while its handler is being removed is a stray: served by nobody, masked, counted.
  assert.equal(of('delivered')! + of('cancelled')! + of('dropped')! + of('lost')!, 2);
  assert.ok(of('held_rows')! >= 2);
});

test('more work than fits is held back, not lost', async () => {
  const sends = Array.from({ length: 9000 }, (_, i) => `${i},send,0,1,,,,running`);
  const of = await run([bound(1, 1), ...sends]);
  assert.equal(of('sends'), 9000);
  assert.equal(of('delivered')! + of('coalesced')!, 9000);
  assert.ok(of('held_rows')! > 0);
});

test('an ithread port is masked, served by its thread and unmasked by hypercall', async () => {
  const of = await run([bound(1, 0, 'ithread'), '10000,send,-,1,,,,running', '200000,send,-,1,,,,running']);
  assert.deepEqual([of('ithread_runs'), of('unmasks'), of('delivered')], [2, 2, 2]);
});

test('a blocked target is served later than a running one, but is not interrupted', async () => {
  const sends = (state: string) =>
    Array.from({ length: 20 }, (_, i) => `${100_000 * (i + 1)},send,-,1,,,,${state}`);
  const send = (state: string) => run([bound(1), ...sends(state)]);
  const running = await send('running');
  const blocked = await send('blocked');
  const { machine } = scenarioOf(DEFAULT_NAMES);
  const later = blocked('delivery_p50_cycles')! - running('delivery_p50_cycles')!;
  assert.ok(later > machine.cstateExitCycles, `${later}`);
  assert.ok(blocked('upcall_p50_cycles')! < running('upcall_p50_cycles')!);
});

test('halving the gaps halves the span, and more idle ports make binds dearer', async () => {
  const rows = [bound(1), ...Array.from({ length: 50 }, (_, i) => `${100_000 * i},send,-,1,,,,running`)];
  const slow = await run(rows);
  const fast = await run(rows, { set: ['gapPermille=500'] });
  assert.ok(Math.abs(fast('span_cycles')! / slow('span_cycles')! - 0.5) < 0.01);
  const bind = ['0,bind,0,1,0,unbound,filter,'];
  const few = await run(bind, { strategy: 'linear', set: ['population=50'] });
  const many = await run(bind, { strategy: 'linear', set: ['population=500'] });
  assert.ok(many('find_max_cycles')! > few('find_max_cycles')! + 500);
  assert.ok(many('bind_max_cycles')! > few('bind_max_cycles')!, "Xen's own port search grows too");
});

test('too many ports are refused with the line that binds them', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => bound(i + 1));
  await assert.rejects(run(rows, { set: ['population=3950'] }), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.match(
      error.message,
      /:151: found 4096 ports bound at once \(3950 of them idle\), expected at most 4095/,
    );
    return true;
  });
});

test('rows that bind before time starts cannot follow others', async () => {
  await assert.rejects(
    run(['0,bind,0,1,0,virq,filter,', bound(2)]),
    /found a row of kind bound, expected none after/,
  );
});
