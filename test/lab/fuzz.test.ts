/**
 * Random loads over everything a trace can say and a scenario can choose. The replay itself asserts conservation
 * of sends and credits; here it must also end with every recorded port on a channel and an isrc of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STRATEGIES } from '../../src/intr/alloc/strategies.ts';
import { GENERATIONS } from '../../src/intr/generations.ts';
import { replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Vcpus } from '../../src/lab/vcpus.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { COLUMNS, MAGIC, VERSION } from '../../src/trace/table.ts';
import { SHARED_INFO } from '../../src/xen/abi.ts';
import { DELIVERY_MODES } from '../../src/xen/delivery-mode.ts';
import { SCHEDULERS } from '../../src/xen/sched/catalogue.ts';
import { fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();
let serial = 0;

const handler = fc.constantFrom('filter', 'ithread', 'user');
const channel = fc.constantFrom('interdomain', 'unbound', 'virq', 'ipi');
const ofPorts = ['send', 'send', 'send', 'send', 'send', 'unbind', 'move', 'unmask', 'unmask', 'priority'];
const ofVcpus = ['halt', 'halt', 'wake', 'exit', 'interrupt', 'toggle', 'toggle'];
const what = fc.constantFrom(...ofPorts, ...ofPorts, ...ofVcpus);
const step = fc.record({
  gap: fc.nat(100),
  what,
  port: fc.nat(10),
  by: fc.nat(5),
  to: fc.nat(5),
  handler,
  channel,
});
const load = fc.record({
  vcpus: fc.integer({ min: 1, max: 6 }),
  stretch: fc.constantFrom(1, 10, 100),
  boundFirst: fc.nat(11),
  steps: fc.array(step, { maxLength: 150 }),
});
const names = fc.record({
  guest: fc.constantFrom(...GENERATIONS.map(({ name }) => name)),
  delivery: fc.constantFrom(...DELIVERY_MODES.map(({ name }) => name)),
  scheduler: fc.constantFrom(...SCHEDULERS),
  strategy: fc.constantFrom(...STRATEGIES.map(({ name }) => name)),
  machine: fc.constantFrom('zen5', 'skylake-sp'),
  cache: fc.constantFrom('warm', 'l2-cold', 'cold'),
  interruptedUser: fc.nat(1),
  senders: fc.integer({ min: 1, max: 4 }),
  filterCycles: fc.constantFrom(0, 5000),
  /** Shared pCPUs are for credit2 only: with the null scheduler all but one vCPU of each wait for ever. */
  pcpus: fc.constantFrom(0, 0, 0, 1, 2),
});
type Load = typeof load extends fc.Arbitrary<infer T> ? T : never;
type Step = Load['steps'][number];

/** Kind of a row about a vCPU: each of them is preempted and resumed in turn. */
function kindOf(s: Step, vcpu: number, preempted: Set<number>): string {
  if (s.what !== 'toggle') return s.what;
  if (preempted.delete(vcpu)) return 'resume';
  preempted.add(vcpu);
  return 'preempt';
}

/** The rows of a load: a port that is not bound is bound whenever it is named. */
function rowsOf({ vcpus, stretch, boundFirst, steps }: Load) {
  const rows: string[] = [];
  const live = new Set<number>();
  const preempted = new Set<number>();
  for (let port = 1; port <= boundFirst; port++) {
    live.add(port);
    rows.push(`0,bound,-,${port},${port % vcpus},interdomain,filter,`);
  }
  let time = 0;
  for (const s of steps) {
    time += s.gap * stretch;
    const port = s.port + 1;
    const by = s.by % vcpus;
    if (ofVcpus.includes(s.what)) rows.push(`${time},${kindOf(s, by, preempted)},${by},,,,,`);
    else if (!live.has(port)) {
      live.add(port);
      rows.push(`${time},bind,${by},${port},${s.to % vcpus},${s.channel},${s.handler},`);
    } else if (s.what === 'unbind') {
      live.delete(port);
      rows.push(`${time},unbind,${by},${port},,,,`);
    } else if (s.what === 'move') rows.push(`${time},move,${by},${port},${s.to % vcpus},,,`);
    else if (s.what === 'unmask') rows.push(`${time},unmask,${by},${port},,,,`);
    else if (s.what === 'priority') rows.push(`${time},priority,${by},${port},${s.gap % 16},,,`);
    else
      rows.push(
        `${time},send,${s.to % 2 === 0 ? '-' : by},${port},,,,${s.gap % 3 === 0 ? 'blocked' : 'running'}`,
      );
  }
  return { rows, live };
}

/** Every port has an isrc of its own; with the 2-level ABI every other one is masked. */
function assertIsrcs(vcpus: Vcpus, ports: ReadonlySet<number>): void {
  const { domain, memory } = vcpus.guest;
  const { os } = vcpus.guest.freeBsd;
  const isrcs = new Set<number>();
  for (const port of ports) {
    const isrc = memory.peek32(os.image.portToIsrc + 8 * port);
    assert.ok(isrc !== 0, `port ${port} is served`);
    assert.equal(memory.peek32(isrc + os.generation.isrc.port), port, 'the isrc knows its port');
    isrcs.add(isrc);
  }
  assert.equal(isrcs.size, ports.size);
  if (vcpus.guest.fifo !== undefined) return;
  for (let port = 1; port < 40; port++) {
    const masked =
      (memory.peek32(domain.sharedInfo + SHARED_INFO.mask + (port >>> 5) * 4) >>> (port & 31)) & 1;
    if (memory.peek32(os.image.portToIsrc + 8 * port) === 0) assert.equal(masked, 1, 'a free port is masked');
  }
}

test('random traces on random scenarios end with every bound port on a channel and a source of its own', async () => {
  await fc.assert(
    fc.asyncProperty(load, names, async (trace, chosen) => {
      const { interruptedUser, senders, filterCycles, pcpus, strategy, ...rest } = chosen;
      const set = [
        `interruptedUser=${interruptedUser}`,
        `senders=${senders}`,
        `pcpus=${rest.scheduler === 'null' ? 0 : pcpus}`,
        ...(rest.guest.startsWith('freebsd') ? [`filterCycles=${filterCycles}`] : []),
      ];
      const { rows, live } = rowsOf(trace);
      const header = `${MAGIC} ${VERSION}\n# name: fuzz\n# clock_hz: 1000000000\n# vcpus: ${trace.vcpus}\n${COLUMNS}\n`;
      const path = fileIn(folder, `f${serial++}.trace`, traceText(rows, { header }));
      const isFreeBsd = scenarioOf({ ...DEFAULT_NAMES, guest: rest.guest }).generation.findsIsrcs;
      const scenario = scenarioOf({ ...DEFAULT_NAMES, ...rest, ...(isFreeBsd ? { strategy } : {}), set });
      const { vcpus } = await replay(await openTrace(path), path, scenario);
      const channels = new Set<number>();
      for (const recorded of live) {
        const port = vcpus.ports.model(recorded);
        assert.ok(port > 0, `recorded port ${recorded} is bound`);
        assert.equal(vcpus.ports.recorded(port), recorded);
        channels.add(port);
      }
      assert.equal(channels.size, live.size);
      if (isFreeBsd) assertIsrcs(vcpus, channels);
    }),
    { seed: 41, numRuns: 120 },
  );
});
