/** Temporary folders and trace files for tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { COLUMNS, MAGIC, VERSION } from '../../src/trace/table.ts';

/** A folder that is gone when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'upcall-test-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a text and returns its path. */
export function fileIn(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A trace table with these rows and a right trailer, unless parts of it are replaced. */
export function traceText(
  rows: readonly string[],
  parts: { header?: string; trailer?: string } = {},
): string {
  const header =
    parts.header ?? `${MAGIC} ${VERSION}\n# name: test\n# clock_hz: 1000000000\n# vcpus: 2\n${COLUMNS}\n`;
  const trailer = parts.trailer ?? `# end rows=${rows.length}\n`;
  return header + rows.map((row) => `${row}\n`).join('') + trailer;
}

/** A port bound before time starts. */
export function bound(port: number, vcpu = 0, handler = 'filter'): string {
  return `0,bound,-,${port},${vcpu},unbound,${handler},`;
}
