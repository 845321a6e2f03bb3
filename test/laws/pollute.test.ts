/** Laws of foreign code that displaces what the modelled code left behind. */
import assert from 'node:assert/strict';
import { Cache } from '../../src/x86/cache.ts';
import { type Core, NOW } from '../../src/x86/core.ts';
import { TEXT_BASE } from '../../src/x86/sites.ts';
import { vmExit } from '../../src/xen/vmexit.ts';
import { benchOf, OTHER, SITE } from '../support/core.ts';
import { law, machine } from './covered.ts';
import { host, pcpuOf } from './host.ts';
import { chase } from './measure.ts';

/** How many of its own lines a full cache still has after so many foreign ones. */
function left(sets: number, ways: number, foreign: readonly number[]): number {
  const cache = new Cache(sets, ways);
  for (let line = 0; line < sets; line++) cache.insert(line, 0);
  for (const lines of foreign) cache.pollute(lines);
  let n = 0;
  for (let line = 0; line < sets; line++) {
    const here = cache.has(line);
    assert.equal(cache.find(line) >= 0, here);
    assert.equal(cache.displaced === line, !here);
    if (here) n++;
  }
  return n;
}

law([], 'a line is displaced after as many foreign lines a set as the set has ways, never before', () => {
  for (const [sets, ways] of [
    [1, 1],
    [16, 4],
    [64, 12],
    [1024, 16],
  ] as const) {
    assert.equal(left(sets, ways, [sets * ways - 1]), sets, `${sets} x ${ways}: none before`);
    const half = Math.floor((sets * ways) / 2);
    assert.equal(left(sets, ways, [half, half - 1]), sets, 'in two pieces');
    // The sets get theirs one after another, so the last line goes with the last line of the next round.
    assert.equal(left(sets, ways, [sets * (ways + 1)]), 0, `${sets} x ${ways}: all gone`);
    const between = left(sets, ways, [sets * ways + sets / 2]);
    if (sets >= 16) assert.ok(between > 0 && between < sets, `some gone in between: ${between}`);
  }
});

law([], 'a line that is used in between counts from its last use', () => {
  const cache = new Cache(16, 4);
  for (let line = 0; line < 16; line++) cache.insert(line, 0);
  for (let round = 0; round < 10; round++) {
    cache.pollute(16 * 4 - 1);
    assert.ok(cache.find(3) >= 0, `round ${round}`);
  }
  assert.ok(cache.find(4) < 0);
});

/** A piece of everything a core remembers. */
function mix(core: Core, data: number): void {
  core.at(SITE);
  for (let i = 0; i < 12; i++) {
    core.branch(i % 3 === 0, core.load64(data + 4096 * i, NOW));
    core.store64(data + 64 * i, 0, 0, NOW);
  }
  core.indirectCall(OTHER, NOW);
  core.at(OTHER);
  core.lockAdd32(data, 1, NOW);
  core.ret();
  core.at(SITE);
  core.alu(NOW);
}

law([], 'pollution by nothing changes no cycle of what follows', () => {
  const numbers = {
    stridePrefetch: 8,
    l1dSets: 8,
    dtlbEntries: 4,
    stlbCycles: 7,
    decodeWidth: 2,
    btbMissCycles: 9,
  };
  const [plain, polluted] = [benchOf(machine(numbers)), benchOf(machine(numbers))];
  for (let i = 0; i < 20; i++) {
    polluted.core.pollute(0, 0, 0);
    assert.equal(
      polluted.cycles((core) => mix(core, polluted.data), false),
      plain.cycles((core) => mix(core, plain.data), false),
      `run ${i}`,
    );
  }
  assert.equal(polluted.core.timing.hex, plain.core.timing.hex);
});

law([], 'foreign lines, pages and branches cost what they displace', () => {
  const numbers = { l1Cycles: 4, l2Cycles: 14, l3Cycles: 48, dtlbEntries: 16, stlbCycles: 7, walkCycles: 60 };
  const after = (dataLines: number, pages: number) => {
    const bench = benchOf(machine(numbers));
    const load = () => bench.cycles((core) => chase(core, [bench.data]), false);
    load();
    bench.core.pollute(dataLines, 0, pages);
    return load() - 1;
  };
  const m = machine(numbers).n;
  assert.equal(after(0, 0), 4);
  assert.equal(after(m.l1dSets * (m.l1dWays + 1), 0), 14, 'L1D');
  assert.equal(after(m.l2Sets * (m.l2Ways + 1), 0), 48, 'L2: the line is in L3 now');
  assert.equal(after(0, m.dtlbEntries + 1), 4 + 7, 'the data TLB');
  assert.equal(
    after(0, m.stlbEntries + m.stlbEntries / m.stlbWays),
    4 + 2 * (7 + 60),
    'both levels, for code and data',
  );
});

/** What an exit that displaces so many lines leaves: cycles of a load that hit L1D before, and lines of text in L1I. */
function afterExit(exitDataLines: number, exitCodeLines: number): { load: number; text: number } {
  const small = {
    l1dSets: 8,
    l1dWays: 4,
    l1iSets: 8,
    l1iWays: 4,
    l2LineHalfCycles: 0,
    storeAddressCycles: 1,
  };
  const bench = host({ ...small, l1Cycles: 4, l2Cycles: 14, exitDataLines, exitCodeLines });
  const { xen, memory, cores } = bench.guest;
  const core = cores[0]!;
  const data = memory.place('a line of the law', 64, 64);
  function* load() {
    core.load64(data, NOW);
  }
  bench.measure(load());
  const hit = bench.measure(load());
  // The eight lines at the start of the text, one in each set.
  const first = TEXT_BASE >>> 6;
  for (let line = first; line < first + 8; line++) core.caches.fetch(line, core.now);
  const kept = () =>
    Array.from({ length: 8 }, (_, i) => first + i).filter((l) => core.caches.l1i.has(l)).length;
  assert.equal(kept(), 8);
  vmExit(xen, pcpuOf(bench), 'exits_hypercall');
  const text = kept();
  return { load: bench.measure(load()) - hit, text };
}

law(
  ['exitDataLines', 'exitCodeLines'],
  'an exit displaces lines once it brings as many as a cache holds',
  () => {
    assert.deepEqual(afterExit(31, 31), { load: 0, text: 8 }, 'a line less than L1D and L1I hold');
    assert.equal(afterExit(40, 0).load, 14 - 4, 'a round more: the line is in L2');
    const half = afterExit(0, 36).text;
    assert.ok(half > 0 && half < 8, `in between some lines are gone: ${half} are left`);
    assert.equal(afterExit(0, 40).text, 0);
    assert.equal(afterExit(0, 40).load, 0, 'code displaces no data from L1D');
    assert.equal(afterExit(40, 0).text, 8, 'nor data code from L1I');
  },
);
