/** One contract for every strategy, against a plain oracle; and the order in which each hands isrcs out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRATEGIES, type Strategy } from '../../src/intr/alloc/strategies.ts';
import { runAlone } from '../../src/intr/os.ts';
import { createIsrcs } from '../../src/intr/populate.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { RandomStream } from '../../src/model/random.ts';

/** Which of the unused isrcs must come back; undefined where the contract leaves it open. */
const ORDER: Record<string, (unused: readonly number[]) => number> = {
  linear: (unused) => Math.min(...unused),
  bitmap: (unused) => Math.min(...unused),
  slist: (unused) => unused[unused.length - 1]!,
};

const POPULATION = 300;
const OPERATIONS = 6000;

function contract(strategy: Strategy, guest: string): void {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest, strategy: strategy.name }));
  const { os, cpus } = bench.guest.freeBsd;
  const cpu = cpus[0]!;
  const isrcs = createIsrcs(os, cpu, POPULATION);
  const indexOf = new Map(isrcs.map((isrc, i) => [isrc, i]));
  const random = new RandomStream(11, `${strategy.name} ${guest}`);
  const live = new Set(isrcs.keys());
  /** Unused isrcs by index, in the order of their release. */
  const unused: number[] = [];
  const release = (index: number) => {
    runAlone(os.generation.putBack(os, cpu, isrcs[index]!));
    live.delete(index);
    unused.push(index);
  };
  const alloc = () => {
    cpu.core.begin(cpu.core.now);
    cpu.core.call();
    const isrc = runAlone(os.generation.find(os, cpu));
    if (unused.length === 0) {
      assert.equal(isrc, 0, 'nothing is unused');
      return;
    }
    const index = indexOf.get(isrc);
    assert.ok(index !== undefined, 'an isrc that exists');
    assert.ok(!live.has(index), 'never a live one');
    const expected = ORDER[strategy.name];
    if (expected !== undefined) assert.equal(index, expected(unused));
    unused.splice(unused.indexOf(index), 1);
    live.add(index);
  };
  alloc();
  for (let i = 0; i < OPERATIONS; i++) {
    const grow = random.below(100) < (i % 2000 < 1000 ? 45 : 55);
    if (grow || live.size === 0) alloc();
    else release([...live][random.below(live.size)]!);
  }
  while (unused.length > 0) alloc();
  alloc();
  assert.equal(live.size, POPULATION, 'none leaked');
}

for (const strategy of STRATEGIES) {
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    test(`${strategy.name} on ${guest} keeps the contract`, () => contract(strategy, guest));
  }
}

test('every strategy has an order to be held to', () => {
  for (const { name } of STRATEGIES) assert.ok(ORDER[name] !== undefined, name);
});
