/** Every parameter of a machine is named by at least one law. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { MACHINE } from '../../src/x86/machine.ts';
import { covered, listOnly } from './covered.ts';

test('every parameter has a law', async () => {
  listOnly();
  const here = import.meta.dirname;
  const files = readdirSync(here).filter((name) => name.endsWith('.test.js') && name !== 'covered.test.js');
  assert.ok(files.length >= 10);
  for (const name of files.sort()) await import(pathToFileURL(join(here, name)).href);
  const without = Object.keys(MACHINE).filter((name) => !covered.has(name));
  assert.deepEqual(without, [], 'parameters without a law');
});
