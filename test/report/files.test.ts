/** Files are whole or not there, and what was there before is not lost. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileSet } from '../../src/model/file-set.ts';
import { type Table, text } from '../../src/model/table.ts';
import { prepareDirectory, writeFiles, writeReports } from '../../src/report/files.ts';
import { type Provenance, parseSidecar } from '../../src/report/sidecar.ts';
import { fileIn, temporaryFolder } from '../support/files.ts';

const root = temporaryFolder();

function emptyFolder(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  return folder;
}

function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

test('a set that cannot be put in place whole takes back what it did', () => {
  const folder = emptyFolder('restore');
  const names = ['a', 'b', 'new', 'blocked', 'z'];
  fileIn(folder, 'a', 'old a');
  fileIn(folder, 'b', 'old b');
  fileIn(folder, 'gone', 'old gone');
  const files = new FileSet();
  files.remove(join(folder, 'gone'));
  for (const name of names) writeFileSync(files.add(join(folder, name)), `new ${name}`);
  // After the set has looked, so that renaming itself fails.
  mkdirSync(join(folder, 'blocked'));
  assert.throws(() => files.publish(), /EISDIR|ENOTEMPTY|EPERM|EACCES/);
  rmSync(join(folder, 'blocked'), { recursive: true });
  assert.deepEqual(contents(folder), { a: 'old a', b: 'old b', gone: 'old gone' });
});

test('a set comes whole, through links, and leaves nothing else', () => {
  const folder = emptyFolder('publish');
  const elsewhere = emptyFolder('elsewhere');
  fileIn(elsewhere, 'target', 'old');
  symlinkSync('../elsewhere/target', join(folder, 'link'));
  fileIn(folder, 'gone', 'old');
  const files = new FileSet();
  for (const name of ['link', 'new']) writeFileSync(files.add(join(folder, name)), name);
  files.remove(join(folder, 'gone'));
  files.publish();
  assert.deepEqual(contents(folder), { link: 'link', new: 'new' });
  assert.deepEqual(contents(elsewhere), { target: 'link' });
});

test('a target that is a folder is refused before anything is replaced', () => {
  const folder = emptyFolder('targets');
  fileIn(folder, 'a.csv', 'old');
  mkdirSync(join(folder, 'b.csv'));
  const write = () =>
    writeFiles(folder, [
      ['a.csv', 'new'],
      ['b.csv', 'new'],
    ]);
  assert.throws(write, /cannot write reports there: .*b\.csv is a folder, expected a regular file/);
  assert.deepEqual(readdirSync(folder).sort(), ['a.csv', 'b.csv']);
  assert.equal(readFileSync(join(folder, 'a.csv'), 'utf8'), 'old');
});

test('folders are made one by one, and one that cannot be is an error at once', () => {
  prepareDirectory(join(root, 'p/q/r'));
  assert.deepEqual(readdirSync(join(root, 'p/q/r')), []);
  symlinkSync('not/there', join(root, 'lost'));
  for (const path of ['lost', 'lost/a', 'lost/a/b']) {
    assert.throws(() => prepareDirectory(join(root, path)), /cannot write reports there/);
  }
  assert.throws(
    () => prepareDirectory(fileIn(root, 'plain', '')),
    /cannot write reports there: it is no folder/,
  );
});

const table: Table = { schema: 'upcall.test/1.0', columns: [text('schema', 'schema')], keys: 1, rows: [] };
const by = (command: string): Provenance => ({
  tool: 'upcall',
  version: '0',
  revision: null,
  dirty: null,
  command: [command],
  inputs: {},
});

test('reports of an earlier command go when one of them is replaced; nothing else does', () => {
  const folder = emptyFolder('sweep');
  const named = (...names: string[]) => names.map((name) => [name, table] as const);
  writeReports(folder, named('runs', 'compare', 'edited', 'foreign', 'lone'), by('compare'));
  writeReports(folder, named('other'), by('other'));
  fileIn(folder, 'edited.csv', 'changed by hand\n');
  fileIn(folder, 'foreign.json', '{"schema":"upcall.test/1.0","sha256":"0"}\n');
  rmSync(join(folder, 'lone.csv'));
  fileIn(folder, 'notes.csv', 'notes\n');
  const removed = writeReports(folder, named('runs', 'new'), by('replay'));
  assert.deepEqual(removed, ['compare.csv', 'compare.json']);
  const left = ['edited', 'foreign', 'new', 'other', 'runs'].flatMap((name) => [
    `${name}.csv`,
    `${name}.json`,
  ]);
  assert.deepEqual(readdirSync(folder).sort(), [...left, 'lone.json', 'notes.csv'].sort());
  assert.deepEqual(writeReports(folder, named('runs', 'new'), by('replay')), []);
});

test('only what says all of it is a sidecar of ours', () => {
  const provenance = by('x');
  const sidecar = { schema: 'upcall.runs/1.0', sha256: 'f', provenance };
  assert.deepEqual(parseSidecar(JSON.stringify(sidecar)), {
    sha256: 'f',
    origin: JSON.stringify(provenance),
  });
  const others: unknown[] = [
    null,
    7,
    [],
    { ...sidecar, schema: 'theirs/1' },
    { ...sidecar, sha256: 3 },
    { ...sidecar, provenance: null },
    { ...sidecar, provenance: { ...provenance, tool: 'other' } },
  ];
  for (const other of others) assert.equal(parseSidecar(JSON.stringify(other)), undefined);
  assert.equal(parseSidecar('no json'), undefined);
});
