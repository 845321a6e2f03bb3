/** What only the command line may touch: the package's folder, its version, git, the streams. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Provenance, sha256 } from '../report/sidecar.ts';
import type { Input } from '../trace/input.ts';

/** Folder of the package: the nearest one above this file with a package.json. */
export const PACKAGE_ROOT = packageRoot();

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Version of the program. */
export const VERSION: string = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version;

/** Path of a bundled trace. */
export function bundled(file: string): string {
  return join(PACKAGE_ROOT, 'traces', file);
}

/**
 * Where results of this command line are from.
 *
 * @param from paths of files, or inputs that have been read
 */
export function provenance(command: readonly string[], from: ReadonlyArray<string | Input>): Provenance {
  const inputs: Record<string, string> = {};
  for (const input of from) {
    if (typeof input === 'string') inputs[shortName(input)] = sha256(readFileSync(input));
    else inputs[shortName(input.path)] = input.sha256;
  }
  return { tool: 'upcall', version: VERSION, ...revision(), command, inputs };
}

/** Bundled files are named from the package, so that its folder is not in the result. */
function shortName(file: string): string {
  return file.startsWith(PACKAGE_ROOT) ? file.slice(PACKAGE_ROOT.length + 1) : file;
}

function revision(): { revision: string | null; dirty: boolean | null } {
  if (!existsSync(join(PACKAGE_ROOT, '.git'))) return { revision: null, dirty: null };
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', PACKAGE_ROOT, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    return { revision: git('rev-parse', 'HEAD').trim(), dirty: git('status', '--porcelain').trim() !== '' };
  } catch {
    return { revision: null, dirty: null };
  }
}
