/** The machines as data: every number sourced, in range and usable at both ends; sizes as in the fact sheet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differingNumbers, machineDiffTable } from '../../src/lab/machine-diff.ts';
import { flipsOf, withNumber } from '../../src/lab/sensitivity.ts';
import type { Sourced } from '../../src/model/params.ts';
import { MACHINE, type Machine } from '../../src/x86/machine.ts';
import { MACHINES, machineByName } from '../../src/x86/machines/catalogue.ts';
import { benchOf } from '../support/core.ts';

/** Sizes of L1I, L1D, L2 and of an L3 domain in KiB, as in the fact sheet. */
const CACHE_KIB: Record<string, [l1i: number, l1d: number, l2: number, l3: number]> = {
  zen2: [32, 32, 512, 16 * 1024],
  zen3: [32, 32, 512, 32 * 1024],
  zen4: [32, 32, 1024, 32 * 1024],
  zen5: [32, 48, 1024, 32 * 1024],
  'sandy-bridge-en': [32, 32, 256, 20 * 1024],
  'skylake-sp': [32, 32, 1024, 22 * 1024],
  'ice-lake-sp': [32, 48, 1280, 42 * 1024],
  // 105 MiB in the sheet: the nearest that a power of two of sets and at most 32 ways make.
  'sapphire-rapids': [32, 48, 2048, 104 * 1024],
};

/** Numbers in which an ablation differs from its parent, and no others. */
const ABLATIONS: Record<string, [parent: string, ...numbers: string[]]> = {
  'zen5-no-prefetch': ['zen5', 'stridePrefetch', 'streamPrefetch'],
  'zen4-srso': ['zen4', 'safeReturnCycles'],
  'skylake-sp-pti': ['skylake-sp', 'ptiCycles'],
  'skylake-sp-retpoline': ['skylake-sp', 'retpolineCycles'],
  'skylake-sp-ibrs': ['skylake-sp', 'specCtrlCycles', 'rsbFillCycles'],
  'skylake-sp-mds': ['skylake-sp', 'verwCycles'],
  'skylake-sp-ibpb': ['skylake-sp', 'ibpbCycles'],
  'skylake-sp-mitigated': [
    'skylake-sp',
    'retpolineCycles',
    'ptiCycles',
    'specCtrlCycles',
    'rsbFillCycles',
    'verwCycles',
    'ibpbCycles',
  ],
  'skylake-sp-no-prefetch': ['skylake-sp', 'adjacentPrefetch', 'stridePrefetch', 'streamPrefetch'],
  'sapphire-rapids-ibrs': ['sapphire-rapids', 'specCtrlCycles'],
  'sapphire-rapids-bhb': ['sapphire-rapids', 'bhbClearCycles'],
};

const kib = (sets: number, ways: number) => (sets * ways * 64) / 1024;
const lines = (x: number) => Number.isInteger(Math.log2(x));

function usable(machine: Machine, what: string): void {
  const { l1iSets, l1dSets, l2Sets, l3Sets } = machine.n;
  assert.ok([l1iSets, l1dSets, l2Sets, l3Sets].every(lines), `${what}: sets are powers of two`);
}

test('the list is complete: makers from oldest to newest, then ablations', () => {
  assert.deepEqual(
    MACHINES.map((m) => m.name),
    [...Object.keys(CACHE_KIB), ...Object.keys(ABLATIONS)],
  );
});

for (const machine of MACHINES) {
  test(`${machine.name}: builds, and every number has a source, a unit and a range that is legal`, () => {
    benchOf(machine).cycles((core) => core.alu(0));
    usable(machine, machine.name);
    for (const [name, spec] of Object.entries(MACHINE)) {
      const v: Sourced = machine.values[name as keyof typeof MACHINE];
      const what = `${machine.name} ${name}`;
      assert.ok(v.source.trim().length > 3, what);
      assert.ok([v.low, v.value, v.high].every(Number.isSafeInteger), what);
      assert.ok(spec.min <= v.low && v.low <= v.value && v.value <= v.high && v.high <= spec.max, what);
    }
    for (const { parameter, value } of flipsOf(machine)) {
      const flipped = withNumber(machine, parameter, value);
      assert.deepEqual(differingNumbers(machine, flipped), [parameter]);
      usable(flipped, `${machine.name} ${parameter}=${value}`);
    }
  });
}

for (const [name, sizes] of Object.entries(CACHE_KIB)) {
  test(`${name}: caches are as large as in the fact sheet`, () => {
    const { n } = machineByName(name);
    const found = [
      kib(n.l1iSets, n.l1iWays),
      kib(n.l1dSets, n.l1dWays),
      kib(n.l2Sets, n.l2Ways),
      kib(n.l3Sets, n.l3Ways),
    ];
    assert.deepEqual(found, sizes);
  });
}

test('only zen5 has measured numbers', () => {
  for (const machine of MACHINES) {
    const measured = Object.values<Sourced>(machine.values).some((v) => v.confidence === 'measured');
    assert.equal(measured, machine.name.startsWith('zen5'), machine.name);
  }
});

test('no machine differs from itself, and the difference is the same both ways', () => {
  for (const { name } of MACHINES) assert.deepEqual(machineDiffTable(name, name).rows, []);
  const there = machineDiffTable('zen4', 'zen5').rows;
  const back = machineDiffTable('zen5', 'zen4').rows;
  assert.ok(there.length > 20);
  assert.deepEqual(
    there.map(([, a, b, name, x, y, unit, p, q, what]) => [b, a, name, y, x, unit, q, p, what]),
    back.map((row) => row.slice(1)),
  );
});

for (const [name, [parent, ...numbers]] of Object.entries(ABLATIONS)) {
  test(`${name} differs from ${parent} exactly in what its name says`, () => {
    const [a, b] = [machineByName(parent), machineByName(name)];
    assert.deepEqual(differingNumbers(a, b), numbers);
    const rest = Object.keys(MACHINE).filter((n) => !n.endsWith('Prefetch') && !numbers.includes(n));
    for (const n of rest as Array<keyof typeof MACHINE>) assert.equal(b.values[n], a.values[n]);
  });
}
