/** Writes reports: first all of them under temporary names, then all renamed, so that none is ever half-written. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Exit, UserError } from '../model/errors.ts';
import { FileSet, STAGE_PREFIX } from '../model/file-set.ts';
import type { Table } from '../model/table.ts';
import { formatCsv } from './csv.ts';
import { formatSidecar, type Provenance, parseSidecar, sha256 } from './sidecar.ts';

/** Tables by the names of their files without ending. */
export type NamedTables = ReadonlyArray<readonly [name: string, table: Table]>;

/** Files by name. */
export type NamedTexts = ReadonlyArray<readonly [name: string, text: string]>;

/** Makes sure a directory exists and can be written; a UserError (exit 2) if not. */
export function prepareDirectory(directory: string): void {
  try {
    makeDirectory(directory);
    rmdirSync(mkdtempSync(join(directory, STAGE_PREFIX)));
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/** Each table as `name.csv` with its sidecar `name.json`. */
export function reportTexts(tables: NamedTables, provenance: Provenance): NamedTexts {
  return tables.flatMap(([name, table]) => {
    const csv = formatCsv(table);
    return [[`${name}.csv`, csv] as const, [`${name}.json`, formatSidecar(table, csv, provenance)] as const];
  });
}

/**
 * Writes the reports of a command into a directory, and removes those that an earlier command wrote together with
 * one that is replaced now: they would stand beside numbers they do not belong to.
 *
 * @returns names of the files removed
 */
export function writeReports(
  directory: string,
  tables: NamedTables,
  provenance: Provenance,
  texts: NamedTexts = [],
): string[] {
  const names = tables.map(([name]) => name);
  let removed: string[];
  try {
    makeDirectory(directory);
    removed = leftBehind(directory, names).flatMap((name) => [`${name}.csv`, `${name}.json`]);
  } catch (error) {
    throw cannotWrite(directory, error);
  }
  writeFiles(directory, [...reportTexts(tables, provenance), ...texts], removed);
  return removed;
}

/** Writes several files into a directory and removes others from it, all or nothing. */
export function writeFiles(directory: string, contents: NamedTexts, removed: readonly string[] = []): void {
  const files = new FileSet();
  try {
    makeDirectory(directory);
    for (const [name, text] of contents) {
      writeFileSync(files.add(join(directory, name)), text, { flush: true });
    }
    for (const name of removed) files.remove(join(directory, name));
    files.publish();
  } catch (error) {
    files.discard();
    throw cannotWrite(directory, error);
  }
}

/** Makes a directory and those above it, one by one: Node's own way never ends where one cannot come into being. */
function makeDirectory(directory: string): void {
  const there = statSync(directory, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) return;
  if (there !== undefined) throw new Error('it is no folder');
  if (dirname(directory) !== directory) makeDirectory(dirname(directory));
  try {
    mkdirSync(directory);
  } catch (error) {
    // Another command may have made it meanwhile.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/** Reports in a directory, unchanged since, that were written together with one of `names` and are none of them. */
function leftBehind(directory: string, names: readonly string[]): string[] {
  const known = readdirSync(directory)
    .filter((file) => file.endsWith('.csv'))
    .sort()
    .flatMap((file) => knownReport(directory, file.slice(0, -'.csv'.length)));
  const origins = new Set(known.filter((r) => names.includes(r.name)).map((r) => r.origin));
  return known
    .filter((r) => !names.includes(r.name) && origins.has(r.origin) && r.unchanged)
    .map((r) => r.name);
}

/** A report of ours in a directory; nothing if the files of that name are not a report and its sidecar. */
function knownReport(
  directory: string,
  name: string,
): Array<{ name: string; origin: string; unchanged: boolean }> {
  const [csv, sidecar] = [join(directory, `${name}.csv`), join(directory, `${name}.json`)];
  if (!isRegular(csv) || !isRegular(sidecar)) return [];
  try {
    const report = parseSidecar(readFileSync(sidecar, 'utf8'));
    if (report === undefined) return [];
    return [{ name, origin: report.origin, unchanged: sha256(readFileSync(csv)) === report.sha256 }];
  } catch {
    // What this user may not read is not what this user wrote.
    return [];
  }
}

/** Whether a regular file is there, and not a link to one. */
function isRegular(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function cannotWrite(directory: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError('cannot-write', Exit.usage, `cannot write reports there: ${reason}`, {
    file: directory,
  });
}
