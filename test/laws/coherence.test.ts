/** Laws of lines that several cores hold. */
import assert from 'node:assert/strict';
import { ModelBug } from '../../src/model/errors.ts';
import { Uncore } from '../../src/x86/coherence.ts';
import { Core, NOW } from '../../src/x86/core.ts';
import { Memory } from '../../src/x86/memory.ts';
import { type Bench, benchOf } from '../support/core.ts';
import { law, machine } from './covered.ts';

const CLOCK = {
  clockHz: 1e9,
  dramNanos: 600,
  l1Cycles: 4,
  l3Cycles: 48,
  lockCycles: 20,
  lockLatencyCycles: 20,
};

/** Another core does something to the line; its earlier stores have drained. */
function onOther(bench: Bench, code: (core: Core) => void): void {
  bench.other.begin(bench.other.now + 10_000);
  code(bench.other);
}

law(['transferNanos'], 'a line another core has modified comes from it, to read and to write', () => {
  for (const transferNanos of [35, 90]) {
    const bench = benchOf(machine({ ...CLOCK, transferNanos }));
    const { core, other, uncore, data } = bench;
    const line = data >>> 6;
    const load = () => bench.cycles((c) => c.load64(data, NOW), false);
    const lock = () => bench.cycles((c) => c.lockAdd32(data, 1, NOW), false);
    load();
    assert.equal(load(), 1 + 4);
    onOther(bench, (c) => c.store64(data, 1, 0, NOW));
    assert.equal(uncore.owner[line], other.caches.core);
    assert.equal(core.caches.l1d.has(line), false, 'the copy is gone');
    assert.equal(load(), 1 + transferNanos);
    assert.equal(uncore.owner[line], -1, 'both hold it now');
    assert.equal(load(), 1 + 4);
    assert.equal(lock(), 1 + transferNanos, 'to write it, the other copy must go');
    assert.equal(uncore.owner[line], core.caches.core);
    assert.equal(other.caches.l1d.has(line), false);
    assert.equal(lock(), 1 + 20);
    onOther(bench, (c) => c.load64(data, NOW));
    assert.equal(uncore.owner[line], -1, 'a reader takes the right to write away');
    assert.equal(load(), 1 + 4, 'not the copy');
    assert.equal(lock(), 1 + transferNanos);
  }
});

law(['transferNanos'], 'a line that another core alone has, unmodified, comes from it too', () => {
  for (const transferNanos of [35, 90]) {
    const bench = benchOf(machine({ ...CLOCK, transferNanos }));
    const load = () => bench.cycles((c) => c.load64(bench.data, NOW), false);
    onOther(bench, (c) => c.load64(bench.data, NOW));
    assert.equal(load(), 1 + transferNanos);
  }
});

law([], 'two cores that write one line send it back and forth; two lines stay put', () => {
  const bench = benchOf(machine({ ...CLOCK, transferNanos: 90 }));
  const write = (where: number) => {
    onOther(bench, (core) => core.lockAdd32(bench.data, 1, NOW));
    return bench.cycles((c) => c.lockAdd32(where, 1, NOW), false);
  };
  write(bench.data + 4096);
  assert.equal(write(bench.data + 4096), 1 + 20);
  assert.equal(write(bench.data + 32), 1 + 90);
  assert.equal(write(bench.data + 32), 1 + 90);
  assert.equal(bench.core.lo, 2);
});

law([], 'a line that is shared and leaves one core is still held by the others', () => {
  const bench = benchOf(machine({ ...CLOCK, transferNanos: 90 }));
  const lock = () => bench.cycles((c) => c.lockAdd32(bench.data, 1, NOW), false);
  onOther(bench, (c) => c.load64(bench.data, NOW));
  bench.cycles((c) => c.load64(bench.data, NOW), false);
  bench.other.caches.spillToL3(() => false);
  assert.equal(lock(), 1 + 48, 'nobody else has it: only the right to write is missing');
  onOther(bench, (c) => c.load64(bench.data, NOW));
  bench.core.caches.spillToL3(() => false);
  assert.equal(lock(), 1 + 90);
  assert.equal(bench.other.caches.l1d.has(bench.data >>> 6), false);
});

law([], '96 cores share a line, a write takes every other copy away, and there is no 97th', () => {
  const bench = benchOf(machine({ ...CLOCK, transferNanos: 90, l1dSets: 1, l2Sets: 1, l1iSets: 1 }));
  const { core, memory, uncore, horizon, data } = bench;
  const cores = [core, bench.other];
  const join = () => new Core(core.machine, memory, uncore, horizon);
  while (cores.length < 96) cores.push(join());
  assert.throws(join, ModelBug);
  const line = data >>> 6;
  const holders = () => cores.filter((c) => c.caches.l1d.has(line) && c.caches.l2.has(line)).length;
  for (const writer of [0, 31, 32, 63, 64, 70, 95]) {
    for (const c of cores) {
      c.begin(c.now);
      c.load64(data, NOW);
    }
    assert.equal(holders(), 96);
    assert.equal(uncore.owner[line], -1);
    const c = cores[writer]!;
    c.begin(c.now + 1000);
    c.mark();
    c.lockAdd32(data, 1, NOW);
    assert.equal(c.spent(), 1 + 90);
    assert.equal(holders(), 1, `core ${writer} has the only copy`);
    assert.equal(uncore.owner[line], writer);
    c.begin(c.now + 1000);
    c.lockAdd32(data, 1, NOW);
    assert.equal(c.spent(), 1 + 20);
  }
});

/** Three cores on two sockets, and the cycles of a load or a locked add by one of them beyond its dispatch. */
function twoSockets(remoteDramNanos: number, remoteTransferNanos: number) {
  const numbers = { remoteDramNanos, remoteTransferNanos, transferNanos: 35, dramNanos: 100 };
  const m = machine({ ...CLOCK, ...numbers });
  const memory = new Memory(16);
  const uncore = new Uncore(m, memory, 2);
  const data = memory.place('law data', 8192, 4096);
  const horizon = { cycle: Number.POSITIVE_INFINITY };
  const cores = [0, 0, 1].map((socket) => new Core(m, memory, uncore, horizon, socket));
  const cost = (core: number, code: (core: Core) => void) => {
    const c = cores[core]!;
    c.begin(c.now + 10_000);
    code(c);
    return c.spent() - 1;
  };
  const load = (core: number, addr = data) => cost(core, (c) => c.load64(addr, NOW));
  const lock = (core: number, addr = data) => cost(core, (c) => c.lockAdd32(addr, 1, NOW));
  // The code is in every L1I.
  for (const core of [0, 1, 2]) load(core, data + 4096 + 64 * core);
  return { load, lock, data };
}

law(['remoteDramNanos'], 'memory is on the first socket; the second pays the way there', () => {
  for (const remoteDramNanos of [200, 275]) {
    const { load, data } = twoSockets(remoteDramNanos, 180);
    assert.deepEqual([load(0), load(2, data + 64), load(2, data + 64)], [100, remoteDramNanos, 4]);
  }
});

law(['remoteTransferNanos'], 'a line from the other socket pays the way, to read and to write', () => {
  for (const remoteTransferNanos of [150, 180]) {
    const { load, lock } = twoSockets(275, remoteTransferNanos);
    lock(0);
    assert.deepEqual([load(2), load(2)], [remoteTransferNanos, 4]);
    assert.deepEqual([lock(0), lock(0)], [remoteTransferNanos, 20], 'the other copy must go');
    assert.deepEqual([lock(2), lock(0), lock(1)], [remoteTransferNanos, remoteTransferNanos, 35]);
  }
});
