/** What a VM exit and its entry come to, machine by machine: the figures they were made of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Cycle } from '../../src/model/units.ts';
import { machineByName } from '../../src/x86/machines/catalogue.ts';
import { DELIVERY_MODES } from '../../src/xen/delivery-mode.ts';
import { nullHypercall } from '../laws/host.ts';

/** Figures of a trivial hypercall that the machines were given (fact sheet on x86 costs, 3d). */
const HYPERCALL: Record<string, Cycle> = {
  zen2: 1500,
  zen3: 1400,
  zen4: 1400,
  zen5: 1400,
  'sandy-bridge-en': 1228,
  'skylake-sp': 1250,
  'ice-lake-sp': 1200,
  'sapphire-rapids': 1300,
};

/** Calls before the first that counts, and those that count: Xen's footprint displaces something now and then. */
const WARM_UP = 100;
const CALLS = 301;

/** Costs of trivial hypercalls one after another, ascending. */
function hypercalls(machine: string, delivery: string = DEFAULT_NAMES.delivery): Cycle[] {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, machine, delivery }));
  const costs: Cycle[] = [];
  for (let i = 0; i < WARM_UP + CALLS; i++) {
    const cost = bench.measure(nullHypercall(bench));
    if (i >= WARM_UP) costs.push(cost);
  }
  return costs.sort((a, b) => a - b);
}

const median = (sorted: readonly Cycle[]) => sorted[sorted.length >> 1]!;
const mean = (values: readonly Cycle[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

for (const [name, figure] of Object.entries(HYPERCALL)) {
  test(`${name}: a trivial hypercall takes the ${figure} cycles its exit and entry were made of`, () => {
    const costs = hypercalls(name);
    const off = median(costs) - figure;
    assert.ok(Math.abs(off) <= 10, `${off} cycles off: what is charged step by step has changed (\`steps\`)`);
    // What Xen displaces comes on top, where the loop of a benchmark would find it in the caches.
    assert.ok(mean(costs) >= figure - 10 && mean(costs) < 1.06 * figure, `mean ${mean(costs)}`);
  });
}

test('the delivery mode moves a trivial hypercall by less than 3 %', () => {
  for (const machine of ['zen5', 'skylake-sp']) {
    for (const { name } of DELIVERY_MODES) {
      const off = median(hypercalls(machine, name)) / HYPERCALL[machine]! - 1;
      assert.ok(Math.abs(off) < 0.03, `${machine} ${name}: ${off}`);
    }
  }
});

/** Numbers of a mitigation that every hypercall pays, and how often. */
const MITIGATED = [
  ['skylake-sp', 'skylake-sp-ibrs'],
  ['skylake-sp', 'skylake-sp-mds'],
  ['skylake-sp', 'skylake-sp-ibpb'],
  ['skylake-sp', 'skylake-sp-mitigated'],
  ['sapphire-rapids', 'sapphire-rapids-ibrs'],
  ['sapphire-rapids', 'sapphire-rapids-bhb'],
  ['zen4', 'zen4-srso'],
] as const;

for (const [parent, name] of MITIGATED) {
  test(`${name}: a trivial hypercall pays what is done at every exit and entry, and nothing else`, () => {
    const { specCtrlCycles, rsbFillCycles, bhbClearCycles, verwCycles } = machineByName(name).n;
    const more = median(hypercalls(name)) - median(hypercalls(parent));
    const numbers = 2 * specCtrlCycles + rsbFillCycles + bhbClearCycles + verwCycles;
    // Beside its number each is an instruction that is fetched and dispatched.
    assert.ok(more >= numbers && more <= numbers + 8, `${more} cycles, the numbers are ${numbers}`);
    if (numbers === 0) assert.equal(more, 0);
  });
}
