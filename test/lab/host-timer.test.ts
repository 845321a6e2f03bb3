/** The APIC timer of a pCPU is one register: what was set before is forgotten. Who may share a pCPU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { Vcpus } from '../../src/lab/vcpus.ts';
import { UserError } from '../../src/model/errors.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();

function fresh(set: readonly string[], scheduler = 'credit2', vcpus = 1): Vcpus {
  return new Vcpus(scenarioOf({ ...DEFAULT_NAMES, scheduler, set }), vcpus);
}

test('only the last setting of a timer interrupts', () => {
  const vcpus = fresh([]);
  const start = vcpus.startTime();
  const { xen } = vcpus.guest;
  const exits = (until: number) => {
    vcpus.engine.runTo(start + until);
    return xen.stats.exits_interrupt;
  };
  vcpus.hardware.timer(xen.pcpus[0]!, start + 1_000);
  vcpus.hardware.timer(xen.pcpus[0]!, start + 50_000);
  assert.equal(exits(49_999), 0);
  assert.equal(exits(90_000), 1);
  vcpus.hardware.timer(xen.pcpus[0]!, start + 100_000);
  vcpus.hardware.timer(xen.pcpus[0]!, Number.POSITIVE_INFINITY);
  assert.equal(exits(200_000), 1);
});

test('credit2 gives a vCPU that never rests and one beside it half of a pCPU each', async () => {
  // Two hundred handlers of a million cycles: half of the pCPU makes that twice as long, give or take a slice of 10 ms.
  const rows = Array.from({ length: 200 }, (_, i) => bound(i + 1));
  for (let i = 1; i <= 200; i++) rows.push(`${50_000_000 + i},send,-,${i},,,,`);
  const path = fileIn(folder, 'busy.trace', traceText(rows));
  const ends = async (...set: string[]) => {
    const scenario = scenarioOf({ ...DEFAULT_NAMES, set: ['filterCycles=1000000', 'senders=16', ...set] });
    const { result } = await runFile(path, scenario);
    const of = (column: string) => numberOf(result, column)!;
    assert.equal(of('delivered'), 200);
    return { max: of('delivery_max_cycles'), exits: of('exits_interrupt'), switches: of('switches') };
  };
  const alone = await ends();
  const shared = await ends('hogs=1');
  const slice = 10_000_000 * 4;
  assert.ok(Math.abs(shared.max - 2 * alone.max) < 3 * slice, `${shared.max} for ${alone.max}`);
  // Each slice ends once: a timer that was set again does not fire twice.
  assert.ok(
    shared.exits - alone.exits <= shared.switches,
    `${shared.exits} exits, ${shared.switches} switches`,
  );
});

test('the null scheduler is refused where vCPUs would share a pCPU', () => {
  for (const set of [['hogs=1'], ['pcpus=1']]) {
    const wrong = () => fresh(set, 'null', 2);
    assert.throws(wrong, (e) => e instanceof UserError && e.exit === 2 && /null scheduler/.test(e.message));
  }
  assert.doesNotThrow(() => fresh(['pcpus=1'], 'null'));
});
