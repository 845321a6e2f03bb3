/** Every parameter of a machine that the core uses is named by at least one law. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { MACHINE } from '../../src/x86/machine.ts';
import { covered, listOnly } from './covered.ts';

/** Parameters of transitions and of Xen, each one number the core is told to spend: no law of the core. */
const TRANSITIONS = [
  'iretKernelCycles',
  'iretUserCycles',
  'hypercallCycles',
  'evtchnSendCycles',
  'evtchnOpCycles',
  'evtchnBucketCycles',
  'externalInterruptCycles',
  'eventInjectionCycles',
  'eoiCycles',
  'ipiFlightNanos',
  'haltWakeNanos',
];

test('every parameter has a law, or a reason why it has none', async () => {
  listOnly();
  const here = import.meta.dirname;
  const files = readdirSync(here).filter((name) => name.endsWith('.test.js') && name !== 'covered.test.js');
  assert.ok(files.length >= 10);
  for (const name of files.sort()) await import(pathToFileURL(join(here, name)).href);
  const excused = new Set(TRANSITIONS);
  const without = Object.keys(MACHINE).filter((name) => !covered.has(name) && !excused.has(name));
  assert.deepEqual(without, [], 'parameters without a law');
  const both = [...excused].filter((name) => covered.has(name) || !Object.hasOwn(MACHINE, name));
  assert.deepEqual(both, [], 'excused, yet covered or not declared');
});
