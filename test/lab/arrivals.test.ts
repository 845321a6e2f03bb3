/**
 * An event that comes while the scan runs is seen by exactly those reads of the pending word that issue after its
 * bit was set. FreeBSD reads the word again for every port, so a port between the one that is served and the next
 * one that waits is served between them; Linux takes one snapshot of the word, so it comes behind both.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { Vcpus } from '../../src/lab/vcpus.ts';
import type { Cycle, Port } from '../../src/model/units.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { COLUMNS } from '../../src/trace/table.ts';
import type { Core } from '../../src/x86/core.ts';
import { SHARED_INFO } from '../../src/xen/abi.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();
/** Both are sent before the upcall; the one between them at any time. */
const [FIRST, BETWEEN, LAST] = [1, 2, 3];
const START = 100_000;

interface Seen {
  /** Reads of the pending word by the scan, in the order in which they were made, and whether they have the bit. */
  readonly reads: Array<{ readonly cycle: Cycle; readonly bit: boolean; readonly cleared: boolean }>;
  /** When the bit was set, and how many reads had been made by then. */
  set: { readonly cycle: Cycle; readonly after: number } | undefined;
  readonly order: Port[];
  upcalls: number;
}

/** Watches the pending word of the first 64 ports from outside. */
function watch(vcpus: Vcpus, seen: Seen): void {
  const { guest } = vcpus;
  const word = guest.domain.sharedInfo + SHARED_INFO.pending;
  const port = vcpus.ports.model(BETWEEN);
  const issue = (core: Core, dep: number) => {
    const { resumeCycle } = core;
    core.behind(dep);
    const cycle = core.resumeCycle;
    core.resumeCycle = resumeCycle;
    return cycle;
  };
  for (const name of ['load64', 'operand64'] as const) {
    const core = guest.cores[0]!;
    const inner = core[name];
    core[name] = (addr, dep) => {
      if (addr === word) {
        const bit = ((guest.memory.peek32(word) >>> port) & 1) === 1;
        seen.reads.push({ cycle: issue(core, dep), bit, cleared: seen.order.includes(BETWEEN) });
      }
      return inner.call(core, addr, dep);
    };
  }
  for (const core of guest.cores.slice(1)) {
    const inner = core.lockBitSet;
    core.lockBitSet = (base, bit, dep) => {
      if (base === word && bit === port) seen.set = { cycle: issue(core, dep), after: seen.reads.length };
      return inner.call(core, base, bit, dep);
    };
  }
  const { handled } = vcpus;
  vcpus.handled = (served, fresh, core) => {
    seen.order.push(vcpus.ports.recorded(served));
    handled.call(vcpus, served, fresh, core);
  };
}

async function run(guest: string, delay: number): Promise<Seen> {
  const scenario = scenarioOf({ ...DEFAULT_NAMES, guest });
  const clock = scenario.machine.n.clockHz;
  const header = `# upcall-trace 1\n# name: arrivals\n# clock_hz: ${clock}\n# vcpus: 1\n${COLUMNS}\n`;
  const send = (port: number, at: number) => `${at},send,-,${port},,,,running`;
  const rows = [FIRST, BETWEEN, LAST].map((port) => bound(port!));
  rows.push(send(FIRST!, START), send(LAST!, START), send(BETWEEN!, START + delay));
  const path = fileIn(folder, 'arrivals.trace', traceText(rows, { header }));
  const seen: Seen = { reads: [], set: undefined, order: [], upcalls: 0 };
  const { startTime } = Vcpus.prototype;
  Vcpus.prototype.startTime = function () {
    const start = startTime.call(this);
    watch(this, seen);
    return start;
  };
  try {
    const { vcpus } = await replay(await openTrace(path), path, scenario);
    seen.upcalls = vcpus.stats.counts.upcalls;
  } finally {
    Vcpus.prototype.startTime = startTime;
  }
  return seen;
}

for (const guest of ['freebsd-a', 'freebsd-c', 'linux-2l']) {
  test(`${guest}: an arrival at any cycle around each read of the scan`, async () => {
    const far = await run(guest, 200_000);
    const offset = far.set!.cycle - 200_000;
    const scan = far.reads.filter(({ cycle }) => cycle < far.set!.cycle);
    const delays = new Set<number>();
    for (const { cycle } of scan) for (let d = -40; d <= 40; d += 2) delays.add(cycle - offset + d);
    const firstReads = new Set<number>();
    for (const delay of delays) {
      if (delay < 0) continue;
      const { reads, set, order, upcalls } = await run(guest, delay);
      const after = set!.after;
      firstReads.add(after);
      // In order of cycles, as they were made.
      for (const [i, { cycle, bit, cleared }] of reads.entries()) {
        if (i < after) assert.ok(cycle <= set!.cycle && !bit, `read ${i} of ${delay}`);
        else assert.ok(cycle >= set!.cycle && (bit || cleared), `read ${i} of ${delay}`);
      }
      const last = guest.startsWith('linux') ? 0 : 1;
      const between = after <= last;
      assert.deepEqual(
        order,
        between ? [FIRST, BETWEEN, LAST] : [FIRST, LAST, BETWEEN],
        `${delay}, ${after}`,
      );
      assert.ok(upcalls <= 2);
    }
    // In front of the first read, between any two, and behind the last.
    for (let i = 0; i <= scan.length; i++) assert.ok(firstReads.has(i), `none in front of read ${i}`);
    assert.ok(scan.length > 1);
  });
}
