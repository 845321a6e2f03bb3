/** docs/trace-table.md: its example is what the program reads and, as long as it is of this version, writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAGIC_BYTES, SECTION_HEAD, SECTION_TAIL } from '../../src/trace/binary/layout.ts';
import { VERSION } from '../../src/trace/table.ts';
import { partsOf } from '../fuzz/binary-frame.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';
import { ROOT } from '../support/root.ts';
import { readTable, writtenBytes } from '../support/tables.ts';

const folder = temporaryFolder();
const page = readFileSync(join(ROOT, 'docs/trace-table.md'), 'utf8');

/** The first block of a kind in the section with the example. */
function block(kind: string): string {
  const example = page.slice(page.indexOf('### Example'));
  return new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(example)![1]!;
}

/** The bytes of the example; every line is checked to begin with their offset. */
function bytes(): Buffer {
  const all: number[] = [];
  for (const line of block('hex').trim().split('\n')) {
    const [offset, ...pairs] = line.split(/:? +/);
    assert.equal(Number.parseInt(offset!, 16), all.length, line);
    all.push(...pairs.map((pair) => Number.parseInt(pair, 16)));
  }
  return Buffer.from(all);
}

test('the bytes of the example are its table', async () => {
  const text = await readTable(fileIn(folder, 'example.trace', block('text')));
  const file = bytes();
  assert.deepEqual(await readTable(fileIn(folder, 'example.utt', file)), text);
  assert.ok(page.includes(`these ${file.length} bytes`));
  if (text.header.version === VERSION) assert.deepEqual(await writtenBytes('a.utt', text), file);
});

test('the sections are where the page says', () => {
  let at = MAGIC_BYTES.length;
  for (const { tag, payload } of partsOf(bytes())) {
    assert.ok(page.includes(`| ${at} | \`${tag}\` | ${payload.length} bytes |`), `${tag} at ${at}`);
    at += SECTION_HEAD + payload.length + SECTION_TAIL;
  }
});
