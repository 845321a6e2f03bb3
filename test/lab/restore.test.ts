/** Domains that are suspended and restored: what goes on, what is gone, and that nothing is lost uncounted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { UserError } from '../../src/model/errors.ts';
import { fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();
let serial = 0;

async function run(rows: string[], names: Partial<ScenarioNames> = {}) {
  const path = fileIn(folder, `t${serial++}.trace`, traceText(rows));
  const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, ...names }));
  return (column: string) => numberOf(result, column);
}

const GUESTS = ['freebsd-a', 'freebsd-c'];
const VIRQ = '0,bound,-,1,0,virq,filter,';
const IPI = '0,bound,-,2,1,ipi,filter,';
const DISK = '0,bound,-,3,0,interdomain,ithread,';
const USER = '0,bound,-,4,1,unbound,user,';

for (const guest of GUESTS) {
  test(`${guest}: VIRQs and IPIs are served after a restore as before`, async () => {
    const before = ['1000,send,-,1,,,,', '90000,send,0,2,,,,'];
    const after = ['900000,send,-,1,,,,', '990000,send,0,2,,,,'];
    const of = await run([VIRQ, IPI, DISK, ...before, '200000,restore,1,,,,,', ...after], { guest });
    assert.deepEqual([of('sends'), of('delivered'), of('cancelled')], [4, 4, 0]);
    assert.equal(of('unmasks'), 2 + 0, 'one for each that is bound again; DISK had no event');
  });

  test(`${guest}: events that wait behind a mask are gone with their channel, and counted`, async () => {
    const rows = [USER, '1000,send,-,4,,,,', '90000,send,-,4,,,,', '200000,restore,0,,,,,'];
    const of = await run(rows, { guest });
    assert.deepEqual([of('sends'), of('delivered'), of('cancelled'), of('still_pending')], [2, 1, 1, 0]);
  });

  test(`${guest}: a driver gets its port back, and the user of the evtchn device too`, async () => {
    const again = ['3,0,interdomain,ithread,', '4,1,unbound,user,'];
    const rows = [
      ...[VIRQ, DISK, USER, '1000,send,-,4,,,,', '200000,restore,0,,,,,'],
      ...['900000,unbind,0,3,,,,', '900001,unbind,1,4,,,,'],
      ...again.map((tail) => `950000,bind,0,${tail}`),
      ...['999000,send,-,3,,,,', '1200000,send,-,4,,,,', '1300000,unmask,1,4,,,,', '1400000,send,-,4,,,,'],
    ];
    const of = await run(rows, { guest });
    assert.deepEqual([of('binds'), of('unbinds'), of('isrcs'), of('lost')], [2, 2, 3, 0]);
    // One of the interdomain channel's own.
    assert.equal(of('sends'), 5);
    assert.equal(of('delivered'), of('sends')! - of('coalesced')!);
  });

  test(`${guest}: a vCPU that is preempted, halted or woken for it does not stand in its way`, async () => {
    const rows = [
      ...[VIRQ, IPI, '100,halt,0,,,,,', '200,preempt,1,,,,,', '100000,restore,0,,,,,'],
      ...['600000,resume,1,,,,,', '900000,send,0,2,,,,', '990000,send,-,1,,,,'],
    ];
    const of = await run(rows, { guest });
    assert.deepEqual([of('delivered'), of('early_resumes')], [2, 1]);
  });
}

test('random loads with restores are conserved, whatever is under way', async () => {
  const step = fc.record({
    gap: fc.nat(20_000),
    what: fc.constantFrom(
      'send',
      'send',
      'send',
      'self',
      'toggle',
      'toggle',
      'unmask',
      'restore',
      'halt',
      'preempt',
    ),
    port: fc.integer({ min: 1, max: 9 }),
    vcpu: fc.nat(1),
    handler: fc.constantFrom('filter', 'ithread', 'user'),
    channel: fc.constantFrom('virq', 'ipi', 'unbound', 'interdomain'),
  });
  let restores = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 80 }),
      fc.constantFrom(...GUESTS),
      fc.constantFrom('linear', 'slist'),
      async (steps, guest, strategy) => {
        const ports = new Map<number, string>();
        const preempted = new Set<number>();
        const rows: string[] = [];
        let time = 0;
        for (const s of steps) {
          time += s.gap;
          const state = ports.get(s.port);
          const live = state !== undefined && state !== 'gone';
          if (s.what === 'restore') {
            rows.push(`${time},restore,${s.vcpu},,,,,`);
            for (const [port, channel] of ports) {
              if (channel !== 'virq' && channel !== 'ipi') ports.set(port, 'gone');
            }
            restores++;
          } else if (s.what === 'halt') rows.push(`${time},halt,${s.vcpu},,,,,`);
          else if (s.what === 'preempt') {
            rows.push(`${time},${preempted.has(s.vcpu) ? 'resume' : 'preempt'},${s.vcpu},,,,,`);
            if (!preempted.delete(s.vcpu)) preempted.add(s.vcpu);
          } else if (state !== undefined && (s.what === 'toggle' || !live)) {
            ports.delete(s.port);
            rows.push(`${time},unbind,${s.vcpu},${s.port},,,,`);
          } else if (!live) {
            // An IPI goes to its vCPU's filter.
            const handler = s.channel === 'ipi' ? 'filter' : s.handler;
            ports.set(s.port, s.channel);
            rows.push(`${time},bind,${s.vcpu},${s.port},${1 - s.vcpu},${s.channel},${handler},`);
          } else if (s.what === 'unmask') rows.push(`${time},unmask,${s.vcpu},${s.port},,,,`);
          else rows.push(`${time},send,${s.what === 'self' ? s.vcpu : '-'},${s.port},,,,`);
        }
        const of = await run(rows, { guest, strategy });
        const ended = ['delivered', 'coalesced', 'cancelled', 'lost', 'still_pending'];
        assert.equal(
          of('sends'),
          ended.reduce((n, column) => n + of(column)!, 0),
        );
      },
    ),
    { seed: 31, numRuns: 60 },
  );
  assert.ok(restores > 100, `${restores} restores`);
});

test('guests and loads without a resume are refused in words', async () => {
  const rows = [VIRQ, '1000,restore,0,,,,,'];
  for (const guest of ['linux-2l', 'linux-fifo', 'freebsd-fifo']) {
    await assert.rejects(run(rows, { guest }), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, new RegExp(`${guest}: .* not modelled; .* freebsd-a or freebsd-c`));
      assert.equal(error.exit, 2);
      return true;
    });
  }
  await assert.rejects(run(rows, { set: ['population=3'] }), /population: idle ports have no driver/);
});
