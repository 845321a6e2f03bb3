/** Other code between two operations: more of it costs more, none of it nothing, and every row says which. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORKLOADS } from '../../src/lab/pressure.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, guessedNumbers, POLLUTED_STATES, scenarioOf } from '../../src/lab/scenario.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { bound, fileIn, temporaryFolder, traceText } from '../support/files.ts';

const folder = temporaryFolder();

async function p50(cache: string, gapNanos: number): Promise<number> {
  const rows = [
    bound(3),
    ...Array.from({ length: 60 }, (_, i) => `${(i + 1) * gapNanos},send,-,3,,,,running`),
  ];
  const path = fileIn(folder, `${cache}-${gapNanos}.trace`, traceText(rows));
  const { result } = await runFile(path, scenarioOf({ ...DEFAULT_NAMES, cache }));
  return numberOf(result, 'upcall_p50_cycles')!;
}

test('a heavier workload makes an upcall dearer, from warm up to more than l2-cold', async () => {
  const costs: number[] = [await p50('warm', 1_000_000)];
  for (const cache of POLLUTED_STATES) costs.push(await p50(cache, 1_000_000));
  assert.deepEqual(
    costs,
    [...costs].sort((a, b) => a - b),
  );
  assert.ok(costs[0]! < costs[2]! && costs[2]! < costs[3]!, String(costs));
  assert.ok(
    costs[4]! > (await p50('l2-cold', 1_000_000)),
    'instructions, translations and predictors go too',
  );
});

test('what other code evicts grows with the gap, and is nothing without a gap', async () => {
  const costs: number[] = [];
  for (const gap of [10_000, 100_000, 1_000_000]) costs.push(await p50('polluted(light)', gap));
  assert.ok(costs[0]! < costs[2]!, String(costs));
  assert.ok(costs[0]! <= costs[1]! && costs[1]! <= costs[2]!);
});

test('workloads are guessed to the last number, and counted so', () => {
  const plain = guessedNumbers(scenarioOf(DEFAULT_NAMES)).kernel;
  for (const { name, values } of WORKLOADS) {
    const polluted = guessedNumbers(scenarioOf({ ...DEFAULT_NAMES, cache: `polluted(${name})` }));
    assert.equal(polluted.kernel - plain, Object.keys(values).length);
  }
});
