/** Two sockets: who pays the way between them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Uncore } from '../../src/x86/coherence.ts';
import { Core, NOW } from '../../src/x86/core.ts';
import { Memory } from '../../src/x86/memory.ts';
import { lawMachine } from '../support/core.ts';

const machine = lawMachine();

function bench() {
  const memory = new Memory(16);
  const uncore = new Uncore(machine, memory, 2);
  const horizon = { cycle: Number.POSITIVE_INFINITY };
  const data = memory.place('data', 4096, 4096);
  const cores = [0, 0, 1, 1].map((socket) => new Core(machine, memory, uncore, horizon, socket));
  /** Cycles of a load by a core beyond one that hits. */
  const load = (core: number, addr = data) => {
    const c = cores[core]!;
    const once = () => {
      c.begin(c.now + 5000);
      c.load64(addr, NOW);
      return c.spent();
    };
    const first = once();
    return first - once() + machine.n.l1Cycles;
  };
  const store = (core: number, addr = data) => {
    const c = cores[core]!;
    c.begin(c.now + 5000);
    c.store64(addr, 1, 0, NOW);
  };
  // The code of the loads is in every L1I.
  for (const core of [0, 1, 2, 3]) load(core, data + 2048 + 64 * core);
  return { load, store, cores, uncore, data };
}

test('memory is on the first socket: the second pays the way there', () => {
  const b = bench();
  assert.equal(b.load(0), machine.dramCycles);
  assert.equal(b.load(2, b.data + 512), machine.remoteDramCycles);
});

test('a line another core has modified comes at the price of the distance', () => {
  const b = bench();
  b.store(0);
  assert.equal(b.load(1), machine.transferCycles);
  b.store(0);
  assert.equal(b.load(2), machine.remoteTransferCycles);
});

test('a reader takes a shared line from the nearest holder', () => {
  const b = bench();
  b.store(0);
  b.load(2);
  assert.equal(b.load(3), machine.transferCycles, 'from core 2');
});

test('writing takes the line from everybody, and the other L3 forgets it', () => {
  const b = bench();
  b.store(2);
  b.load(0);
  b.cores[2]!.caches.spillToL3(() => false);
  assert.equal(b.uncore.l3s[1]!.has(b.data >>> 6), true);
  b.store(0);
  assert.equal(b.uncore.l3s[1]!.has(b.data >>> 6), false);
  assert.equal(b.load(2), machine.remoteTransferCycles);
});
