/**
 * The bytes of an input as they were before it was compressed: plain, gzip or xz, told by the first bytes and not by
 * the name. The only import of xz-decompress (WebAssembly, no native code).
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import xz from 'xz-decompress';
import type { Input } from './input.ts';

/** How an input is compressed. */
export type Compression = 'plain' | 'gzip' | 'xz';

/** First bytes of a compressed file. Sources: RFC 1952 section 2.3.1; the .xz file format 1.2.1, section 2.1.1.1. */
const MAGIC: ReadonlyArray<readonly [Compression, readonly number[]]> = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
const LONGEST_MAGIC = 6;

/** An input being read. */
export interface Decompressed {
  readonly compression: Compression;
  /** The decompressed bytes, block by block; whoever iterates gets the errors of a damaged file as they are. */
  readonly blocks: AsyncIterable<Buffer>;
  /** Reads what stands behind the compressed data: no content, but part of what the file's checksum is of. */
  drain(): Promise<void>;
}

/** How a file is compressed, by its first bytes. */
export function compressionOf(head: Buffer): Compression {
  return MAGIC.find(([, magic]) => magic.every((b, i) => head[i] === b))?.[0] ?? 'plain';
}

/**
 * Opens an input for one reading; a UserError (exit 6) when it cannot be opened. Bounded memory.
 *
 * @param hashed whether the input's `sha256` will be asked for
 */
export async function decompressed(input: Input, hashed = true): Promise<Decompressed> {
  const bytes = input.bytes(hashed);
  const head = await beginning(bytes);
  const compression = compressionOf(head);
  const all = resumed(head, bytes);
  const blocks = compression === 'gzip' ? gunzip(all) : compression === 'xz' ? unxz(all) : all;
  const drain = async () => {
    while ((await bytes.next()).done !== true);
  };
  return { compression, blocks, drain };
}

/** The first bytes, as many as a magic has unless there are fewer; a pipe may deliver them one by one. */
async function beginning(bytes: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < LONGEST_MAGIC) {
    const next = await bytes.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

/** All bytes, those of the beginning again; a reader that stops early leaves the rest where it is. */
async function* resumed(head: Buffer, bytes: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) yield next.value;
}

/** A gunzip stream that fails when its input does; errors reach whoever iterates it. */
function gunzip(bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const stream = createGunzip();
  pipeline(Readable.from(bytes, { objectMode: false }), stream, () => {});
  return stream;
}

/** What the decoder's return codes mean. Source: `enum xz_ret` of XZ Embedded, which xz-decompress wraps. */
const XZ_ERRORS: Readonly<Record<string, string>> = {
  '3': 'no memory for the xz dictionary',
  '4': 'an xz dictionary that is too large',
  '5': 'no xz data',
  '6': 'xz options that XZ Embedded does not know',
  '7': 'damaged xz data',
  '8': 'xz data that end too early',
};

/** Ends when the xz stream that is beginning has its decoder. */
let xzBegins: Promise<unknown> = Promise.resolve();

/**
 * Begins an xz stream with a decoder of its own. xz-decompress 0.2.3 keeps one decoder for all, and lets a stream begin only when
 * the one before has ended: whoever reads two files in turn, as `trace merge` does, would wait for ever. Its lock is taken away
 * and its decoder forgotten before each stream, so that it makes a new one; streams begin one after the other.
 */
async function beginXz(source: ReadableStream<Uint8Array>): Promise<XzReading> {
  const before = xzBegins;
  let begun = () => {};
  xzBegins = new Promise<void>((resolve) => {
    begun = resolve;
  });
  await before;
  Object.assign(xz.XzReadableStream, {
    _contextMutex: { acquire: async () => {}, release: () => {} },
    _moduleInstance: undefined,
    _moduleInstancePromise: undefined,
  });
  const reader = new xz.XzReadableStream(source).getReader();
  const first = reader.read();
  await first.catch(() => {});
  begun();
  return { reader, first };
}

/** A stream whose first block has been asked for. */
interface XzReading {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly first: ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>;
}

/** An xz stream; the decoder is asked for the next block only when the last has been taken. */
export async function* unxz(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = ReadableStream.from(bytes) as ReadableStream<Uint8Array>;
  const { reader, first } = await beginXz(source);
  try {
    for (let reading = first; ; reading = reader.read()) {
      const next = await reading.catch((error: unknown) => {
        const code = /error code (\d+)$/.exec(error instanceof Error ? error.message : '')?.[1];
        throw code === undefined ? error : new Error(XZ_ERRORS[code] ?? `xz error ${code}`);
      });
      if (next.done) return;
      const { buffer, byteOffset, byteLength } = next.value;
      yield Buffer.from(buffer, byteOffset, byteLength);
    }
  } finally {
    // One that is given up, as a beginning is, frees its memory.
    await reader.cancel().catch(() => {});
  }
}
