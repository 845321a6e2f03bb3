/**
 * Unmasking without Xen: what it saves, when Xen is asked all the same, and that an event which comes at any step
 * of it is signalled.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { GENERATIONS } from '../../src/intr/generations.ts';
import { HandlerKind } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { recordingFile } from '../../src/lab/scenarios.ts';
import { numberOf } from '../../src/lab/tables.ts';
import type { Ready } from '../../src/model/units.ts';
import type { Core } from '../../src/x86/core.ts';
import { ChannelKind, VCPU_INFO } from '../../src/xen/abi.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const FREEBSDS = GENERATIONS.filter((g) => g.unmasks.length > 1).map((g) => g.name);

async function run(path: string, guest: string, unmask: string) {
  const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, guest, unmask }));
  return (column: string) => numberOf(result, column)!;
}

for (const guest of FREEBSDS) {
  test(`${guest}: a recording with ithreads needs a hypercall less for each of their runs`, async () => {
    const path = join(ROOT, 'traces', recordingFile('a-2l.disk'));
    const was = await run(path, guest, 'hypercall');
    const is = await run(path, guest, 'local');
    const runs = was('ithread_runs');
    assert.ok(runs > 500 && was('unmasks') >= runs, `${was('unmasks')} unmasks in ${runs} runs`);
    assert.equal(is('delivered'), was('delivered'));
    assert.ok(is('unmasks') < runs / 100, `${is('unmasks')} unmasks`);
    assert.equal(was('exits_hypercall') - is('exits_hypercall'), was('unmasks') - is('unmasks'));
    assert.ok(is('guest_cycles') < was('guest_cycles'));
  });

  test(`${guest}: Xen is asked for a port that is pending, and for another vCPU's where the ABI needs it`, async () => {
    // The second event comes while the first is with the user; then vCPU 0 or 1 unmasks, port 1 is vCPU 1's.
    const rows = (second: boolean, by: number) => [
      bound(1, 1, 'user'),
      '100000,send,-,1,,,,running',
      ...(second ? ['200000,send,-,1,,,,running'] : []),
      `300000,unmask,${by},1,,,,`,
      ...(second ? ['400000,unmask,1,1,,,,'] : []),
    ];
    const asked: Array<[number, number]> = [];
    for (const [i, [second, by]] of (
      [
        [false, 1],
        [true, 1],
        [false, 0],
      ] as const
    ).entries()) {
      const path = fileIn(folder, `${guest}${i}.trace`, traceText(rows(second, by)));
      const is = await run(path, guest, 'local');
      asked.push([is('delivered'), is('unmasks')]);
    }
    const foreign = guest === 'freebsd-fifo' ? 0 : 1;
    assert.deepEqual(asked, [
      [1, 0],
      [2, 1],
      [1, foreign],
    ]);
  });
}

/** A guest whose port 1 is served by a process, and another domain that sends to it. */
function host(guest: string, unmask?: string) {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest, unmask }), 1, 1);
  const { kernel, channels, memory, hvm, cores } = bench.guest;
  const { info } = hvm.domain.virtualCpus[0]!;
  const [core, sender] = cores as [Core, Core];
  /** Upcalls while one is asked for; returns how many events they served. */
  const serve = () => {
    bench.order.length = 0;
    while ((memory.peek32(info + VCPU_INFO.upcallPending) & 0xff) !== 0) bench.run(kernel.upcall(0, false));
    return bench.order.length;
  };
  core.begin(0);
  sender.begin(0);
  const port = bench.run(kernel.bind(0, ChannelKind.interdomain, HandlerKind.user, 0));
  const send = () => bench.run(channels.send(sender, port));
  // An interdomain channel starts pending.
  assert.equal(serve(), 1);
  /** An event in front of step `at` of the user's unmask; returns whether there is such a step, and what was served. */
  const round = (at: number): { steps: boolean; served: number } => {
    bench.horizon.cycle = 0;
    const work = kernel.userUnmasks(0, port);
    let step = 0;
    if (at === 0) send();
    for (; work.next().done !== true; step++) if (step + 1 === at) send();
    if (at > step) send();
    bench.horizon.cycle = Number.POSITIVE_INFINITY;
    return { steps: at <= step, served: serve() };
  };
  return { core, round, port };
}

function lost(guest: string, unmask?: string, spoil: (core: Core) => void = () => {}): number[] {
  const { core, round } = host(guest, unmask);
  spoil(core);
  const steps: number[] = [];
  for (let at = 0; ; at++) {
    const { steps: more, served } = round(at);
    if (served !== 1) steps.push(at);
    if (served !== 1) return steps;
    if (more) continue;
    assert.ok(at > 2, `${at} steps`);
    return steps;
  }
}

for (const guest of GENERATIONS) {
  for (const unmask of guest.unmasks) {
    test(`${guest.name}, ${unmask}: an event at any step of an unmask is signalled, once`, () => {
      assert.deepEqual(lost(guest.name, unmask), []);
    });
  }
}

test('the test above notices an unmask that forgets to look at the pending bit', () => {
  const forgets = (core: Core) => {
    core.bitTest = (_base: number, _bit: number, dep: Ready) => {
      core.lo = 0;
      return dep;
    };
  };
  assert.equal(lost('freebsd-c', 'local', forgets).length, 1);
});
