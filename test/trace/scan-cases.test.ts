/** The cases of `scan --file`: what is read, and that no part of a file passes for the whole. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readScanCases } from '../../src/trace/scan-cases.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';

const folder = temporaryFolder();
const whole = readFileSync(join(ROOT, 'test/fixtures/scan-orders-dev.csv'), 'utf8').split('\n', 4).join('\n');
const text = `${whole}\n`;

test('a file cut anywhere but at the end of a case is refused with file and line', async () => {
  let read = 0;
  for (let length = 1; length < text.length; length++) {
    const path = fileIn(folder, 'cut', text.slice(0, length));
    if (text[length - 1] === '\n' && length > text.indexOf('\n') + 1) {
      read = (await readScanCases(path)).length;
    } else {
      const line = text[length - 1] === '\n' ? 2 : text.slice(0, length).split('\n').length;
      await assert.rejects(readScanCases(path), new RegExp(`cut:${line}: found `));
    }
  }
  assert.equal(read, 2);
});

test('columns behind the required ones may be there or not, lines may end in CRLF, blank lines count', async () => {
  const header = 'id,generation,last_l1,last_l2,selector,pending,masked,not_enabled,unbound,arrivals';
  const row = 'a,freebsd-c,1,2,ff,3 4,5,,,1:9 2:10';
  const read = (content: string) => readScanCases(fileIn(folder, 'cases', content));
  const [first, second] = await read(`${header},extra\r\n${row}\r\n\r\n${row},x,y\r\n`);
  assert.deepEqual([first!.line, second!.line], [2, 4]);
  const { id, lastL1, lastL2, selectorLo, pending, masked, notEnabled, arrivals } = first!;
  assert.deepEqual(
    [id, lastL1, lastL2, selectorLo, pending, masked, notEnabled],
    ['a', 1, 2, 255, [3, 4], [5], []],
  );
  assert.deepEqual(arrivals, [
    { during: 1, port: 9 },
    { during: 2, port: 10 },
  ]);
  await assert.rejects(
    read(`${header}\n\n${row.replace(',1:9 2:10', '')}\n`),
    /cases:3: found 9 columns, expected 10/,
  );
});
