/**
 * Each machine with each guest and each cache state runs a short trace to its end, with the strategies that are
 * compared by default; the standard machine with all.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMPARED_STRATEGIES, findsIsrcs, NAMES } from '../../src/lab/catalogue.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { microFile } from '../../src/lab/scenarios.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { ROOT } from '../support/root.ts';

for (const machine of NAMES.machine) {
  const strategies = machine === DEFAULT_NAMES.machine ? NAMES.strategy : COMPARED_STRATEGIES;
  for (const guest of NAMES.guest) {
    for (const strategy of findsIsrcs(guest) ? strategies : ['own']) {
      test(`${machine}, ${guest}, ${strategy}`, async () => {
        for (const cache of NAMES.cache) {
          for (const user of [0, 1]) {
            const set = [`interruptedUser=${user}`];
            const scenario = scenarioOf({ machine, guest, strategy, cache, set });
            const { result } = await runFile(join(ROOT, 'traces', microFile('bind-unbind')), scenario);
            assert.deepEqual(
              ['binds', 'unbinds', 'delivered', 'lost', 'still_pending'].map((c) => numberOf(result, c)),
              [5, 2, 4, 0, 0],
            );
          }
        }
      });
    }
  }
}
