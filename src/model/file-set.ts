/**
 * Files that come into being together: each is written under a temporary name, then all are put in place, or none
 * is and what was there before stays. A symbolic link is followed; what is there and is no regular file is refused.
 *
 * Here and not in `report`, because traces are written in the same way. Left out: a crash between two renames.
 */
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Beginning of the names of temporary folders; a random ending follows. */
export const STAGE_PREFIX = '.upcall-';

/** A file of the set. */
interface Entry {
  readonly target: string;
  /** Where its new content is; undefined for a file that goes. */
  readonly temporary: string | undefined;
  /** Where what was there before stands until all is done. */
  readonly before: string;
}

/** One set. Errors are plain ones, in the words of the system or one line of ours. */
export class FileSet {
  /** Temporary folders by the folder whose files they hold: a file is renamed within one file system only. */
  readonly #stages = new Map<string, string>();
  readonly #entries: Entry[] = [];

  /** Announces a file; returns the path to write its content to before `publish`. */
  add(path: string): string {
    const { target, stage, n } = this.#announced(path);
    const temporary = join(stage, `new-${n}`);
    this.#entries.push({ target, temporary, before: join(stage, `old-${n}`) });
    return temporary;
  }

  /** Announces that a file goes when the others come. */
  remove(path: string): void {
    const { target, stage, n } = this.#announced(path);
    this.#entries.push({ target, temporary: undefined, before: join(stage, `old-${n}`) });
  }

  /** Puts every file in place. When one cannot be, those before it are taken back and the error is thrown. */
  publish(): void {
    const done: Entry[] = [];
    try {
      if (this.#entries.length > 1) for (const entry of this.#entries) keep(entry);
      for (const entry of this.#entries) {
        if (entry.temporary === undefined) rmSync(entry.target);
        else renameSync(entry.temporary, entry.target);
        done.push(entry);
      }
    } catch (error) {
      this.#takeBack(done, error);
      this.discard();
      throw error;
    }
    this.discard();
  }

  /** Forgets the set and whatever was written for it. */
  discard(): void {
    for (const stage of this.#stages.values()) removeQuietly(stage);
    this.#stages.clear();
    this.#entries.length = 0;
  }

  #takeBack(done: readonly Entry[], cause: unknown): void {
    try {
      for (const entry of [...done].reverse()) restore(entry);
    } catch (error) {
      const folders = [...this.#stages.values()].join(', ');
      this.#stages.clear();
      const [first, second] = [cause, error].map((e) => (e instanceof Error ? e.message : String(e)));
      throw new Error(`${first}; then ${second}: what was there before is in ${folders}`);
    }
  }

  #announced(path: string): { target: string; stage: string; n: number } {
    const target = placeOf(path);
    if (this.#entries.some((e) => e.target === target)) throw new Error(`${target} would be written twice`);
    const folder = dirname(target);
    let stage = this.#stages.get(folder);
    if (stage === undefined) {
      stage = mkdtempSync(join(folder, STAGE_PREFIX));
      this.#stages.set(folder, stage);
    }
    return { target, stage, n: this.#entries.length };
  }
}

/** The file that a path names once its links are followed; an error if something else is there. */
function placeOf(path: string): string {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined) {
    if (!there.isFile())
      throw new Error(`${path} is ${kindOf(there)}, expected a regular file or a new name`);
    return realpathSync(path);
  }
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return path;
  return placeOf(resolve(realpathSync(dirname(path)), readlinkSync(path)));
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** A second name for what is there; a copy where the file system knows no second names. */
function keep({ target, before }: Entry): void {
  if (!existsSync(target)) return;
  try {
    linkSync(target, before);
  } catch {
    copyFileSync(target, before);
  }
}

function restore({ target, before }: Entry): void {
  if (existsSync(before)) renameSync(before, target);
  else rmSync(target, { force: true });
}

/** What is left in a temporary folder harms nobody; the failure before it is what the user must hear of. */
function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // The file system is gone or read-only by now.
  }
}
