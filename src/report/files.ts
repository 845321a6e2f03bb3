/** Writes reports: first all of them under temporary names, then all renamed, so that none is ever half-written. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Exit, UserError } from '../model/errors.ts';
import type { Table } from '../model/table.ts';
import { formatCsv } from './csv.ts';
import { formatSidecar, type Provenance } from './sidecar.ts';

/** Makes sure a directory exists and can be written; a UserError (exit 2) if not. */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    const probe = join(directory, '.upcall-write-test');
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/** Writes each table as `name.csv` with its sidecar `name.json`. */
export function writeReports(
  directory: string,
  tables: ReadonlyArray<readonly [name: string, table: Table]>,
  provenance: Provenance,
): void {
  const contents: Array<[string, string]> = [];
  for (const [name, table] of tables) {
    const csv = formatCsv(table);
    contents.push([`${name}.csv`, csv], [`${name}.json`, formatSidecar(table, csv, provenance)]);
  }
  writeFiles(directory, contents);
}

/** Writes several files into a directory, all or none. */
export function writeFiles(
  directory: string,
  contents: ReadonlyArray<readonly [name: string, text: string]>,
): void {
  const partial = (name: string) => join(directory, `.${name}.partial`);
  try {
    mkdirSync(directory, { recursive: true });
    for (const [name, text] of contents) writeFileSync(partial(name), text, { flush: true });
    for (const [name] of contents) renameSync(partial(name), join(directory, name));
  } catch (error) {
    for (const [name] of contents) removeQuietly(partial(name));
    throw cannotWrite(directory, error);
  }
}

/** The first failure is what the user needs to hear of; a partial file that cannot be removed is not. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was written there.
  }
}

function cannotWrite(directory: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError('cannot-write', Exit.usage, `cannot write reports there: ${reason}`, {
    file: directory,
  });
}
