/**
 * A file as the user names it: read as a stream, by a path or from standard input ("-"). A regular file is opened
 * again for every reading; standard input, a pipe or a device can be read once, so its bytes are kept if they are
 * needed again.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, open, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { Exit, ModelBug, UserError } from '../model/errors.ts';

/** Names of standard input. By a path it could not be opened where it is a socket. */
const STANDARD_INPUT = ['-', '/dev/stdin', '/dev/fd/0'];
const BLOCK = 1 << 18;

const openFile = promisify(open);

/** One input of a command. */
export class Input {
  readonly path: string;
  /** Whether it can be read any number of times at no cost. */
  readonly isFile: boolean;
  readonly #again: boolean;
  #kept: Buffer[] | undefined;
  #stream: Readable | undefined;
  #sha256: string | undefined;
  /** What of a stream was looked at before it is read, and where the stream goes on. */
  #peeked: Buffer[] = [];
  #rest: AsyncIterator<unknown> | undefined;

  /**
   * @param again whether it will be read more than once
   * @param bytes all of it, if it is in memory already; `path` is then only its name
   */
  constructor(path: string, again = false, bytes?: Buffer) {
    this.path = path;
    this.isFile = bytes === undefined && !STANDARD_INPUT.includes(path) && isRegular(path);
    this.#again = again;
    if (bytes !== undefined) this.#kept = [bytes];
  }

  /** SHA-256 of all bytes, known once they have been read to the end. */
  get sha256(): string {
    if (this.#kept !== undefined) this.#sha256 ??= hashOf(this.#kept);
    if (this.#sha256 === undefined)
      throw new ModelBug('an input was not read to its end', { path: this.path });
    return this.#sha256;
  }

  /**
   * All bytes, block by block; a UserError (exit 6) when the file cannot be opened.
   *
   * @param hashed whether `sha256` will be asked for; it takes a fifth of the time of a fast reader
   */
  async *bytes(hashed = true): AsyncGenerator<Buffer> {
    if (this.#kept !== undefined) {
      yield* this.#kept;
      return;
    }
    const hash = hashed && this.#sha256 === undefined ? createHash('sha256') : undefined;
    const kept: Buffer[] | undefined = this.#again && !this.isFile ? [] : undefined;
    for await (const bytes of this.#blocks()) {
      hash?.update(bytes);
      kept?.push(bytes);
      yield bytes;
    }
    if (hash !== undefined) this.#sha256 = hash.digest('hex');
    this.#kept = kept;
  }

  /** The first blocks for whoever wants to know what this is; `bytes` gives them again. */
  async *peek(): AsyncGenerator<Buffer> {
    if (this.#kept !== undefined) {
      yield* this.#kept;
      return;
    }
    if (this.isFile) {
      yield* this.#blocks();
      return;
    }
    yield* this.#peeked;
    this.#rest ??= (await this.#open())[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#rest.next();
      if (next.done === true) return;
      this.#peeked.push(next.value as Buffer);
      yield next.value as Buffer;
    }
  }

  async *#blocks(): AsyncGenerator<Buffer> {
    const rest = this.#rest ?? (await this.#open())[Symbol.asyncIterator]();
    const peeked = this.#peeked;
    this.#rest = undefined;
    this.#peeked = [];
    yield* peeked;
    try {
      for (let next = await rest.next(); next.done !== true; next = await rest.next())
        yield next.value as Buffer;
    } finally {
      await rest.return?.();
    }
  }

  async #open(): Promise<Readable> {
    if (this.#stream !== undefined && !this.isFile)
      throw new ModelBug('a stream was read twice', { path: this.path });
    this.#stream = STANDARD_INPUT.includes(this.path) ? process.stdin : await opened(this.path);
    return this.#stream;
  }

  /** Ends a reading before its time, even one that waits for a slow writer. */
  close(): void {
    this.#stream?.destroy();
  }
}

function hashOf(blocks: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const block of blocks) hash.update(block);
  return hash.digest('hex');
}

/** Whether a regular file is there; what cannot be looked at is told when it is opened. */
function isRegular(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Opened once only: whoever writes into a pipe would take a second opening for the end. */
async function opened(path: string): Promise<Readable> {
  let fd: number | undefined;
  try {
    fd = await openFile(path, 'r');
    const there = fstatSync(fd);
    if (there.isDirectory()) throw new Error('it is a directory');
    // Waiting for a file cannot be given up, waiting for a pipe can, if it is treated as what it is.
    if (there.isFIFO()) return new Socket({ fd, readable: true, writable: false });
    return createReadStream(path, { fd, highWaterMark: BLOCK });
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('cannot-open', Exit.badTrace, `cannot open the file: ${reason}`, { file: path });
  }
}
