/**
 * Every strategy of the table keeps the contract (test/contract): a million operations each without charging cycles,
 * fewer with; and none hands out more isrcs than there can be.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListedStrategy, STRATEGIES, strategyByName } from '../../src/intr/alloc/strategies.ts';
import { mayCreate } from '../../src/intr/alloc-isrc.ts';
import { GENERATION_A, GENERATION_C } from '../../src/intr/source-files.ts';
import { findCycles } from '../../src/lab/break-even.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { UserError } from '../../src/model/errors.ts';
import { PORTS } from '../../src/xen/abi.ts';
import { Contract, holdTo } from '../contract/contract.ts';

const MILLION = 1_000_000;
const SOME = 30_000;
const CHARGED = 2000;
const SEED = 11;

for (const strategy of STRATEGIES) {
  test(`${strategy.name} on freebsd-c: ${MILLION} operations`, () => {
    holdTo(strategy, 'freebsd-c', MILLION, SEED);
  });
  for (const guest of ['freebsd-a', 'freebsd-fifo']) {
    test(`${strategy.name} on ${guest}: ${SOME} operations`, () => {
      holdTo(strategy, guest, SOME, SEED + 1);
    });
  }
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    test(`${strategy.name} on ${guest}, with cycles charged: the same isrcs`, () => {
      holdTo(strategy, guest, CHARGED, SEED + 2, true);
    });
  }
}

/** Binds as many ports as there are, and gives all back, on the first vCPU. */
function fill(strategy: ListedStrategy): Contract {
  const contract = new Contract(strategy, 'freebsd-c');
  for (let port = 1; port < PORTS; port++) contract.take(0, port);
  assert.equal(contract.created, PORTS - 1);
  for (let port = 1; port < PORTS; port++) contract.give(0, port);
  return contract;
}

for (const strategy of STRATEGIES) {
  const reaches = strategy.order !== 'lifo by cpu';
  test(`${strategy.name}: 4,095 ports, ${reaches ? 'and again from another vCPU' : 'but not from another vCPU'}`, () => {
    const contract = fill(strategy);
    const again = () => {
      for (let port = 1; port < PORTS; port++) contract.take(1, port);
    };
    if (reaches) again();
    else assert.throws(again, UserError);
    assert.equal(contract.created, reaches ? PORTS - 1 : PORTS);
  });
}

test('linear on freebsd-c is B5: the same cycles as linear-arch; on freebsd-a the second lock is the difference', () => {
  const cost = (guest: string, name: string, n: number, cache: 'warm' | 'cold') =>
    findCycles(scenarioOf({ ...DEFAULT_NAMES, guest }), strategyByName(name), n, cache);
  for (const n of [1, 16, 100]) {
    for (const cache of ['warm', 'cold'] as const) {
      assert.equal(cost('freebsd-c', 'linear-arch', n, cache), cost('freebsd-c', 'linear', n, cache));
      assert.ok(cost('freebsd-a', 'linear-arch', n, cache) > cost('freebsd-a', 'linear', n, cache));
    }
  }
});

test("A's limit is off by one, C's is not, and nobody gets past the table", () => {
  assert.deepEqual(
    [PORTS - 1, PORTS, PORTS + 1].map((n) => mayCreate(GENERATION_A, n)),
    [true, true, false],
  );
  assert.deepEqual(
    [PORTS - 1, PORTS].map((n) => mayCreate(GENERATION_C, n)),
    [true, false],
  );
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    const { os } = new Contract(STRATEGIES[0]!, guest);
    for (let i = 0; i < PORTS; i++) os.table.claim();
    assert.throws(() => os.table.claim(), /4096 were created, the most there can be/);
  }
});

test('the contract notices a strategy that does not keep it', () => {
  const broken = (order: ListedStrategy['order']) => ({ ...STRATEGIES[1]!, order });
  assert.equal(STRATEGIES[1]!.name, 'slist');
  for (const order of ['lowest', 'fifo', 'rotor', 'port'] as const) {
    assert.throws(
      () => holdTo(broken(order), 'freebsd-c', SOME, SEED),
      /the one that is due|if and only if/,
      order,
    );
  }
});
