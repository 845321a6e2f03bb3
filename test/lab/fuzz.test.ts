/**
 * Random loads over everything a trace can say and a scenario can choose. The replay itself asserts conservation
 * of sends and credits; here it must also end with every recorded port on a channel and an isrc of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { STRATEGIES } from '../../src/intr/alloc/strategies.ts';
import { FreeBsdKernel } from '../../src/intr/freebsd-kernel.ts';
import { GENERATIONS, generationByName } from '../../src/intr/generations.ts';
import { IRQ_DESC, IRQ_INFO } from '../../src/intr/linux/layout.ts';
import { findsIsrcs } from '../../src/lab/catalogue.ts';
import type { Guest } from '../../src/lab/guest.ts';
import { replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { COLUMNS, MAGIC, VERSION } from '../../src/trace/table.ts';
import { SHARED_INFO } from '../../src/xen/abi.ts';
import { EVENT_WORD } from '../../src/xen/abi-fifo.ts';
import { DELIVERY_MODES } from '../../src/xen/delivery-mode.ts';
import { Fifo } from '../../src/xen/fifo.ts';
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
  /** Shared pCPUs are for credit2 only: the null scheduler is refused with them. */
  pcpus: fc.constantFrom(0, 0, 0, 1, 2),
  hogs: fc.constantFrom(0, 0, 0, 1, 3),
  /** Which of the guest's ways to unmask. */
  way: fc.nat(1),
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

/** The port that an isrc, or the irq_info of a descriptor, says it serves. */
function portOf({ kernel, memory }: Guest, source: number): number {
  if (kernel instanceof FreeBsdKernel) return memory.peek32(source + kernel.os.generation.isrc.port);
  return memory.peek32(memory.peek32(source + IRQ_DESC.chipData) + IRQ_INFO.evtchn);
}

/** Whether a port is masked; one without an event word is. */
function isMasked({ channels, domain, memory }: Guest, port: number): boolean {
  if (channels.ops instanceof Fifo) {
    const word = channels.ops.structs.word(port);
    return word === 0 || (memory.peek32(word) & (1 << EVENT_WORD.masked)) !== 0;
  }
  const word = memory.peek32(domain.sharedInfo + SHARED_INFO.mask + (port >>> 5) * 4);
  return ((word >>> (port & 31)) & 1) === 1;
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

test('random traces on random scenarios end with every bound port on a channel and a source of its own', async () => {
  await fc.assert(
    fc.asyncProperty(load, names, async (trace, chosen) => {
      const { interruptedUser, senders, filterCycles, pcpus, hogs, way, strategy: picked, ...rest } = chosen;
      const shared = rest.scheduler === 'null' ? 0 : pcpus;
      const set = [
        `interruptedUser=${interruptedUser}`,
        `senders=${senders}`,
        `hogs=${rest.scheduler === 'null' ? 0 : Math.min(hogs, shared === 0 ? trace.vcpus : shared, trace.vcpus)}`,
        `pcpus=${shared}`,
        ...(rest.guest.startsWith('freebsd') ? [`filterCycles=${filterCycles}`] : []),
      ];
      const { rows, live } = rowsOf(trace);
      const header = `${MAGIC} ${VERSION}\n# name: fuzz\n# clock_hz: 1000000000\n# vcpus: ${trace.vcpus}\n${COLUMNS}\n`;
      const path = fileIn(folder, `f${serial++}.trace`, traceText(rows, { header }));
      const strategy = findsIsrcs(rest.guest) ? picked : undefined;
      const { unmasks } = generationByName(rest.guest);
      const unmask = unmasks[way % unmasks.length];
      const scenario = scenarioOf({ ...DEFAULT_NAMES, ...rest, strategy, unmask, set });
      const { vcpus } = await replay(await openTrace(path), path, scenario);
      const { kernel } = vcpus.guest;
      const channels = new Set<number>();
      const sources = new Set<number>();
      for (const recorded of live) {
        const port = vcpus.ports.model(recorded);
        const source = kernel.sourceOf(port);
        assert.ok(port > 0 && source !== 0, `recorded port ${recorded} is served`);
        assert.equal(vcpus.ports.recorded(port), recorded);
        assert.equal(portOf(vcpus.guest, source), port, 'its source knows its port');
        channels.add(port);
        sources.add(source);
      }
      assert.equal(channels.size, live.size);
      assert.equal(sources.size, live.size);
      for (let port = 1; port < 40; port++) {
        if (kernel.sourceOf(port) === 0) assert.ok(isMasked(vcpus.guest, port), 'a free port is masked');
      }
    }),
    { seed: 41, numRuns: 250 },
  );
});
