/**
 * Many vCPUs at once: no access to a shared word is made at an earlier cycle than a conflicting one of another core
 * that was made before it.
 *
 * The cycle of an access is the one at which it can issue, as `Core.behind` computes it, and no earlier than the last
 * one at which its core's program asked whether others come first: x86 lets no younger access take effect before an
 * older one. There is no tolerance. Words of 32 bits are compared; what Xen and the lab keep outside the modelled
 * memory (the mode of a pCPU, credits) is not, and neither is what the hardware does to APIC registers by itself.
 *
 * One thing the lab does in the past, on purpose: a vCPU that a recording found blocked halts when it had nothing more
 * to do, which is known only when the event comes. So recordings are replayed here as if nobody had been blocked.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { GENERATIONS } from '../../src/intr/generations.ts';
import { type Run, replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { recordingFile } from '../../src/lab/scenarios.ts';
import { numberOf, resultOf } from '../../src/lab/tables.ts';
import { Vcpus } from '../../src/lab/vcpus.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { synthHeader, synthRows } from '../../src/trace/synth/synth.ts';
import { writeTrace } from '../../src/trace/writer.ts';
import { Core } from '../../src/x86/core.ts';
import { nameLine } from '../../src/x86/names.ts';
import { AccessOrder } from '../support/access-order.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
/** Of the modelled memory of a guest. */
const MEGABYTES = 32;
/** One for all runs: it is large. */
const order = new AccessOrder(MEGABYTES);

/** Runs a trace with every access watched from its first row on. */
async function watched(path: string, names: Partial<ScenarioNames>): Promise<Run> {
  const scenario = scenarioOf({ ...DEFAULT_NAMES, ...names });
  const { startTime } = Vcpus.prototype;
  Vcpus.prototype.startTime = function () {
    const start = startTime.call(this);
    order.begin();
    return start;
  };
  try {
    return await order.during(async () => replay(await openTrace(path), path, scenario));
  } finally {
    Vcpus.prototype.startTime = startTime;
  }
}

/** The disorders of a run, worst first. */
function disorders(run: Run): string[] {
  return [...order.disorders]
    .sort((a, b) => b.cycles - a.cycles)
    .slice(0, 8)
    .map((d) => {
      const { object, fields } = nameLine(run.vcpus.guest.memory, d.addr >>> 6);
      return `${d.at} (${d.how}): ${d.cycles} cycles in front of ${d.behind}; ${object} ${fields}`;
    });
}

async function synthetic(sends: number, meanGapNanos: number): Promise<string> {
  const options = { kind: 'poisson', sends, vcpus: 64, seed: 1, ports: 128, meanGapNanos };
  const path = join(folder, `synth-${sends}-${meanGapNanos}.trace`);
  await writeTrace(path, synthHeader(options), synthRows(options));
  return path;
}

/** A recording in which every vCPU was awake. */
function awake(name: string): string {
  const text = gunzipSync(readFileSync(join(ROOT, 'traces', recordingFile(name)))).toString();
  return fileIn(folder, `${name}.trace`, text.replaceAll(/,blocked$/gm, ',running'));
}

const SENDERS = 'senders=16';

for (const { name: guest } of GENERATIONS) {
  test(`${guest}: 64 vCPUs on 64 pCPUs, 16 senders`, async () => {
    const path = await synthetic(1000, 10_000);
    const hosts: Array<Partial<ScenarioNames>> = [
      { delivery: 'lapic' },
      { delivery: 'vector' },
      { delivery: 'gsi' },
      { delivery: 'lapic', machine: 'skylake-sp', set: ['sockets=2'] },
    ];
    for (const host of hosts) {
      const run = await watched(path, { ...host, guest, set: [SENDERS, ...(host.set ?? [])] });
      assert.deepEqual(disorders(run), []);
      assert.equal(numberOf(resultOf(run), 'sends'), 1000);
      assert.ok(order.shared > 5000, `${order.shared} of ${order.seen} accesses met another core`);
    }
  });

  test(`${guest}: 64 vCPUs share 16 pCPUs with other domains, and halt`, async () => {
    const path = await synthetic(500, 200_000);
    for (const machine of ['zen5', 'sapphire-rapids']) {
      const set = [SENDERS, 'pcpus=16', 'hogs=4', 'sockets=2'];
      const run = await watched(path, { guest, machine, set });
      assert.deepEqual(disorders(run), []);
      assert.ok(numberOf(resultOf(run), 'switches')! > 500);
      assert.ok(order.shared > 5000, `${order.shared} of ${order.seen} accesses met another core`);
    }
  });

  test(`${guest}: recordings with IPIs, threads, binds and unbinds`, async () => {
    for (const name of ['a-2l.ipi', 'a-2l.disk', 'c-fifo.life']) {
      const run = await watched(awake(name), { guest });
      assert.deepEqual(disorders(run), []);
      assert.ok(order.shared > 100, `${order.shared} of ${order.seen} accesses met another core`);
    }
  });
}

test('the check notices kernels that never let others go first', async () => {
  const path = await synthetic(1000, 10_000);
  const { behind } = Core.prototype;
  Core.prototype.behind = function (dep) {
    behind.call(this, dep);
    return false;
  };
  try {
    await watched(path, { set: [SENDERS] });
    assert.ok(order.disorders.length > 100, `${order.disorders.length} disorders`);
  } finally {
    Reflect.deleteProperty(Core.prototype, 'behind');
  }
});
