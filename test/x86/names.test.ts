/** Names of cache lines: what was placed on them, where it begins, and the functions of a line of text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from '../../src/x86/memory.ts';
import { arrayNamer, nameLine, structNamer, wordNamer } from '../../src/x86/names.ts';
import { SITE_ADDRESS } from '../../src/x86/sites.ts';
import { OTHER, SITE } from '../support/core.ts';

test('a region without a namer is named by its offsets', () => {
  const memory = new Memory(16);
  const at = memory.place('table', 200, 64) >>> 6;
  assert.deepEqual(nameLine(memory, at), { object: 'table', fields: '' });
  assert.deepEqual(nameLine(memory, at + 3), { object: 'table + 0xc0', fields: '' });
  assert.deepEqual(nameLine(memory, at + 4), { object: '(nothing placed)', fields: '' });
});

test('a line names the fields that begin on it, and both objects that share it', () => {
  const memory = new Memory(16);
  const one = structNamer('struct one', [
    [72, 'late'],
    [0, 'first'],
    [8, 'second'],
  ]);
  const two = structNamer('struct two', [
    [0, 'lock'],
    [60, 'far'],
  ]);
  const at = memory.place('one', 88, 64, one) >>> 6;
  memory.place('two', 64, 8, two);
  memory.place('three', 8, 8);
  assert.deepEqual(nameLine(memory, at), { object: 'struct one', fields: 'first, second' });
  assert.deepEqual(nameLine(memory, at + 1), {
    object: 'struct one + 0x40; struct two',
    fields: 'late; lock',
  });
  assert.deepEqual(nameLine(memory, at + 2), { object: 'struct two + 0x28; three', fields: 'far' });
});

test('elements of an array have names of their own, words are named together', () => {
  const memory = new Memory(16);
  const array = arrayNamer(
    48,
    (i) => `item ${i}`,
    (i) => [[40, `end of ${i}`]],
  );
  const items = memory.place('items', 48 * 3, 64, array) >>> 6;
  assert.deepEqual(nameLine(memory, items), { object: 'item 0; item 1', fields: 'end of 0' });
  assert.deepEqual(nameLine(memory, items + 1), {
    object: 'item 1 + 0x10; item 2',
    fields: 'end of 1',
  });
  const words = wordNamer('words', 8, (first, last) => `${first} to ${last}`);
  const at = memory.place('words', 8 * 10, 64, words) >>> 6;
  assert.equal(nameLine(memory, at).fields, '0 to 7');
  assert.deepEqual(nameLine(memory, at + 1), { object: 'words + 0x40', fields: '8 to 9' });
});

test('a line of text names its functions', () => {
  const memory = new Memory(16);
  for (const site of [SITE, OTHER]) {
    const { object, fields } = nameLine(memory, SITE_ADDRESS[site]! >>> 6);
    assert.match(object, /^text of .*test\/laws\.c/);
    assert.match(fields, /\blaw\b/);
  }
});
