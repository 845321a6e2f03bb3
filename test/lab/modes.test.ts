/** Every bundled recording on other consumers and other ways to deliver: conserved, and served somewhere. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { RECORDINGS, recordingFile } from '../../src/lab/scenarios.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { ROOT } from '../support/root.ts';

/** A consumer for each of the ways: local APIC with and without APICv, callback vector, GSI, INTx. */
const WAYS = [
  ['freebsd-c', 'lapic', 'skylake-sp'],
  ['linux-2l', 'lapic', 'zen5'],
  ['linux-fifo', 'vector', 'zen5'],
  ['freebsd-c', 'gsi', 'skylake-sp'],
  ['linux-2l', 'intx', 'sandy-bridge-en'],
] as const;

for (const name of RECORDINGS) {
  test(`${name}: three consumers, five ways to deliver`, async () => {
    const sends = new Set<number>();
    for (const [guest, delivery, machine] of WAYS) {
      const scenario = scenarioOf({ ...DEFAULT_NAMES, guest, delivery, machine });
      // Conservation is asserted by the run itself.
      const { result } = await runFile(join(ROOT, 'traces', recordingFile(name)), scenario);
      const of = (column: string) => numberOf(result, column)!;
      sends.add(of('sends') + of('dropped') + of('late_sends'));
      assert.ok(of('upcalls') > 0 && of('delivered') > 0, `${guest} ${delivery}`);
      const exits = of('exits_window') + of('exits_eoi');
      if (delivery === 'lapic' && machine === 'skylake-sp') assert.equal(exits, 0);
      else assert.ok(exits >= of('upcalls'), `${guest} ${delivery}: ${exits}`);
    }
    assert.equal(sends.size, 1, `${[...sends]}`);
  });
}
