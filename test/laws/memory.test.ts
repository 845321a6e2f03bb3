/** Laws of the memory hierarchy: latencies by level, replacement, ownership between cores. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Cache } from '../../src/x86/cache.ts';
import { CAUSE_COUNT, Cause } from '../../src/x86/cause.ts';
import { NOW } from '../../src/x86/core.ts';
import { benchOf, lawMachine, SITE } from '../support/core.ts';

test('a load from each level costs the latency of that level, and is credited to it', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  const { core } = bench;
  const load = () => bench.cycles((c) => c.load64(bench.data, NOW), false);
  const credited = (cause: number) => core.credits[SITE * CAUSE_COUNT + cause]!;
  const dram = load();
  const l1 = load();
  assert.equal(dram - l1, machine.dramCycles - machine.n.l1Cycles);
  assert.ok(credited(Cause.dram) > 0 && credited(Cause.l3) === 0);
  core.caches.spillToL3(() => false);
  assert.equal(load() - l1, machine.n.l3Cycles - machine.n.l1Cycles);
  assert.ok(credited(Cause.l3) > 0);
  core.caches.l1d.remove(bench.data >>> 6);
  assert.equal(load() - l1, machine.n.l2Cycles - machine.n.l1Cycles);
  assert.ok(credited(Cause.l2) > 0);
});

test('a line in flight is waited for, not missed again', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  const once = bench.cycles((c) => c.load64(bench.data, NOW), false);
  bench.core.caches.spillToMemory(() => false);
  bench.uncore.l3.clear();
  const twice = bench.cycles((c) => {
    c.load64(bench.data, NOW);
    c.load64(bench.data + 8, NOW);
  }, false);
  assert.ok(twice <= once + 1);
});

test('reading a line another core has modified costs the transfer, writing it too, and it is then owned', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  const { core, other, uncore } = bench;
  const line = bench.data >>> 6;
  const l1 = (() => {
    bench.cycles((c) => c.load64(bench.data, NOW), false);
    return bench.cycles((c) => c.load64(bench.data, NOW), false);
  })();
  other.begin(other.now);
  other.store64(bench.data, 1, 0, NOW);
  assert.equal(uncore.owner[line], other.caches.core);
  assert.equal(core.caches.l1d.has(line), false, 'the copy is gone');
  assert.equal(
    bench.cycles((c) => c.load64(bench.data, NOW), false) - l1,
    machine.transferCycles - machine.n.l1Cycles,
  );
  assert.equal(uncore.owner[line], -1, 'both hold it now');
  const lock = bench.cycles((c) => c.lockAdd32(bench.data, 1, NOW), false);
  assert.equal(uncore.owner[line], core.caches.core);
  const again = bench.cycles((c) => c.lockAdd32(bench.data, 1, NOW), false);
  assert.equal(lock - again, machine.transferCycles - machine.n.lockCycles);
});

test('two cores that write one line send it back and forth; two lines stay put', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  const { core, other } = bench;
  const write = (where: number) => {
    other.begin(other.now);
    other.lockAdd32(bench.data, 1, NOW);
    return bench.cycles((c) => c.lockAdd32(where, 1, NOW), false);
  };
  write(bench.data + 4096);
  const apart = write(bench.data + 4096);
  const shared = write(bench.data + 32);
  assert.equal(apart, machine.n.lockCycles + 1);
  assert.equal(shared, machine.transferCycles + 1);
  assert.equal(core.lo, 1);
});

test('a set keeps the ways used last', () => {
  const lines = fc.array(fc.nat(23), { maxLength: 200 });
  fc.assert(
    fc.property(lines, (accesses) => {
      const cache = new Cache(2, 4);
      const model: number[][] = [[], []];
      for (const line of accesses) {
        const set = model[line & 1]!;
        const hit = set.includes(line);
        assert.equal(cache.find(line) >= 0, hit);
        if (hit) set.splice(set.indexOf(line), 1);
        else {
          const victim = cache.insert(line, 0);
          assert.equal(victim, set.length === 4 ? set[0] : -1);
          if (set.length === 4) set.shift();
        }
        set.push(line);
      }
    }),
    { seed: 4, numRuns: 300 },
  );
});

test('what leaves the L2 is found in the L3', () => {
  const machine = lawMachine({ l2Sets: 2, l2Ways: 2, l1dSets: 1, l1dWays: 2 });
  const bench = benchOf(machine);
  for (let i = 0; i < 5; i++) bench.cycles((c) => c.load64(bench.data + 128 * i, NOW), false);
  assert.equal(bench.uncore.l3.has(bench.data >>> 6), true);
  assert.equal(bench.core.caches.l2.has(bench.data >>> 6), false);
  assert.equal(bench.uncore.owner[bench.data >>> 6], -1);
});

test('instruction lines miss too: a first call pays for its code', () => {
  const machine = lawMachine();
  const bench = benchOf(machine);
  bench.core.caches.spillToL3(() => false);
  const cold = bench.cycles((c) => {
    c.at(SITE);
    c.free(16);
  }, false);
  const warm = bench.cycles((c) => {
    c.at(SITE);
    c.free(16);
  }, false);
  assert.ok(cold - warm >= machine.n.l3Cycles - 1, `${cold} against ${warm}`);
});
