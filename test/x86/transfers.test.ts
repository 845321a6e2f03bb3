/** Transfers by line: exact counts and cycles of small games between two, three and four cores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBug } from '../../src/model/errors.ts';
import { RandomStream } from '../../src/model/random.ts';
import { Uncore } from '../../src/x86/coherence.ts';
import { Core, NOW } from '../../src/x86/core.ts';
import { Memory } from '../../src/x86/memory.ts';
import { REMOTE, Transfer, Transfers } from '../../src/x86/transfers.ts';
import { lawMachine } from '../support/core.ts';

const machine = lawMachine();
const NEAR = machine.transferCycles;
const FAR = machine.remoteTransferCycles;

/** Cores on the sockets given, and what they do to a line of their own choice, one after another. */
function game(sockets: readonly number[]) {
  const memory = new Memory(16);
  const uncore = new Uncore(machine, memory, Math.max(...sockets) + 1);
  const data = memory.place('data', 4096, 4096);
  const horizon = { cycle: Number.POSITIVE_INFINITY };
  const cores = sockets.map((socket) => new Core(machine, memory, uncore, horizon, socket));
  const alone = (core: number, code: (c: Core) => void) => {
    const c = cores[core]!;
    c.begin(c.now + 5000);
    code(c);
  };
  const load = (core: number, addr = data) => alone(core, (c) => c.load64(addr, NOW));
  const store = (core: number, addr = data) => alone(core, (c) => c.store64(addr, 1, 0, NOW));
  const add = (core: number, addr = data) => alone(core, (c) => c.add64(addr, 1, NOW));
  // The lines of the code are where they stay.
  cores.forEach((_, core) => {
    load(core, data + 2048 + 64 * core);
  });
  uncore.transfers.reset();
  return { load, store, add, data, cores, transfers: uncore.transfers };
}

/** What was counted on a line: reads, writes, those of the other socket, cycles. */
function on(transfers: Transfers, addr: number): number[] {
  const found = transfers.lines().find((l) => l.line === addr >>> 6);
  return found === undefined ? [] : [found.reads, found.writes, found.remote, found.cycles];
}

test('two cores that store to one line in turn: every store but the first takes it', () => {
  const { store, data, transfers } = game([0, 0]);
  for (let i = 0; i < 10; i++) store(i % 2);
  assert.deepEqual(on(transfers, data), [0, 9, 0, 9 * NEAR]);
  assert.deepEqual([transfers.total, transfers.totalCycles], [9, 9 * NEAR]);
});

test('two cores that count in one line: a read that takes it, then the right to write', () => {
  const { add, data, transfers } = game([0, 0]);
  for (let i = 0; i < 10; i++) add(i % 2, data + 8 * (i % 2));
  assert.deepEqual(on(transfers, data), [9, 9, 0, 18 * NEAR]);
});

test('a core that reads what another has written takes it once, until the other writes again', () => {
  const { load, store, data, transfers } = game([0, 0]);
  store(0);
  for (let i = 0; i < 5; i++) load(1);
  assert.deepEqual(on(transfers, data), [1, 0, 0, NEAR]);
  store(0);
  assert.deepEqual(on(transfers, data), [1, 1, 0, 2 * NEAR], 'the copy must go');
  load(1);
  assert.deepEqual(on(transfers, data), [2, 1, 0, 3 * NEAR]);
});

test('three cores: a third reader is served by the L3, and a write takes all copies in one transfer', () => {
  const { load, store, data, transfers } = game([0, 0, 0]);
  store(0);
  load(1);
  load(2);
  assert.deepEqual(on(transfers, data), [1, 0, 0, NEAR]);
  store(1);
  assert.deepEqual(on(transfers, data), [1, 1, 0, 2 * NEAR]);
  for (const core of [2, 0, 1, 2, 0]) store(core);
  assert.deepEqual(on(transfers, data), [1, 6, 0, 7 * NEAR]);
});

test('lines that one core has for itself, or that all only read, are not counted again', () => {
  const { load, store, data, transfers } = game([0, 0]);
  for (let i = 0; i < 6; i++) store(i % 2, data + 64 * (i % 2));
  assert.deepEqual(transfers.lines(), []);
  load(0, data + 256);
  for (let i = 0; i < 6; i++) load(i % 2, data + 256);
  assert.deepEqual(on(transfers, data + 256), [1, 0, 0, NEAR], 'the second core took it from the first');
});

test('two sockets: what crosses is counted apart and costs what the way costs', () => {
  const { load, store, data, transfers } = game([0, 0, 1, 1]);
  store(0);
  store(1);
  assert.deepEqual(on(transfers, data), [0, 1, 0, NEAR]);
  store(2);
  load(1);
  assert.deepEqual(on(transfers, data), [1, 2, 2, NEAR + 2 * FAR]);
  store(2);
  store(3);
  assert.deepEqual(on(transfers, data), [1, 4, 3, 2 * NEAR + 3 * FAR]);
});

test("a line in the other socket's L3 crosses too, to be read and to be written", () => {
  const { load, store, data, cores, transfers } = game([0, 1]);
  for (const access of [load, store]) {
    store(0);
    transfers.reset();
    cores[0]!.caches.spillToL3(() => false);
    access(1);
    const expected = access === load ? [1, 0, 1, FAR] : [0, 1, 1, FAR];
    assert.deepEqual(on(transfers, data), expected);
  }
});

test('lines are sorted by cycles, then by address, and sum to what was charged in all', () => {
  const { store, data, transfers } = game([0, 0]);
  for (let i = 0; i < 4; i++) for (const line of [3, 1]) store(i % 2, data + 64 * line);
  for (let i = 0; i < 6; i++) store(i % 2, data + 64 * 5);
  const lines = transfers.lines();
  assert.deepEqual(
    lines.map((l) => [l.line - (data >>> 6), l.cycles]),
    [
      [5, 5 * NEAR],
      [1, 3 * NEAR],
      [3, 3 * NEAR],
    ],
  );
  assert.equal(transfers.totalCycles, 11 * NEAR);
  transfers.add(data >>> 6, Transfer.read);
  assert.throws(() => transfers.lines(), ModelBug, 'counted on a line, charged to nobody');
  transfers.reset();
  assert.deepEqual([transfers.lines(), transfers.total, transfers.totalCycles], [[], 0, 0]);
  transfers.total++;
  assert.throws(() => transfers.lines(), ModelBug, 'charged, but on no line');
});

test('the cycles counted are those that the cores waited for, where nothing else was to do', () => {
  const { cores, store, data, transfers } = game([0, 0]);
  const load = () => {
    const c = cores[1]!;
    c.begin(c.now + 5000);
    c.load64(data, NOW);
    return c.spent();
  };
  let waited = 0;
  for (let i = 0; i < 5; i++) {
    store(0);
    const first = load();
    waited += first - load() + machine.n.l1Cycles;
  }
  const { reads, writes, cycles } = transfers.lines()[0]!;
  assert.deepEqual([reads, writes], [5, 4]);
  assert.equal(waited, cycles - 4 * NEAR, 'the stores drain while nobody waits');
});

test('the table of lines grows and loses nothing', () => {
  const transfers = new Transfers(machine);
  const expected = new Map<number, number>();
  const random = new RandomStream(1, 'lines');
  for (let i = 0; i < 20_000; i++) {
    const line = random.below(5000) * 64;
    expected.set(line, (expected.get(line) ?? 0) + 1);
    transfers.total++;
    transfers.totalCycles += transfers.add(line, i % 2 === 0 ? Transfer.read : Transfer.write | REMOTE);
  }
  const lines = transfers.lines();
  assert.equal(lines.length, expected.size);
  for (const l of lines) assert.equal(l.reads + l.writes, expected.get(l.line));
  assert.equal(transfers.totalCycles, 10_000 * (NEAR + FAR));
});
