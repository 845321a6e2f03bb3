/**
 * A text file as a stream of lines in bounded memory: plain or gzip (told by its first bytes, not by its name),
 * from a path or from standard input ("-").
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Exit, traceError, UserError } from '../model/errors.ts';

/** Longest line accepted, bytes; a longer one means that the file is not what it should be. */
const MAX_LINE = 65_536;

/**
 * Lines of a file without their line ends, in blocks of some thousand, so that a reader waits once a block.
 * Throws a UserError (exit 6) when the file cannot be opened, is empty, is not text, or its compression is
 * damaged.
 */
export async function* readLineBlocks(path: string): AsyncGenerator<string[]> {
  let rest = '';
  let lines = 0;
  for await (const chunk of chunks(path)) {
    const block = (rest + chunk).split('\n');
    rest = block.pop()!;
    lines += block.length;
    if (rest.length > MAX_LINE) {
      throw traceError(
        { file: path, line: lines + 1 },
        `a line of over ${MAX_LINE} characters`,
        'lines of text',
      );
    }
    if (block.length > 0) yield block.map(withoutReturn);
  }
  if (rest !== '') yield [withoutReturn(rest)];
  else if (lines === 0) throw traceError({ file: path }, 'an empty file', 'a trace');
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** Decoded text of a file, chunk by chunk. */
async function* chunks(path: string): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : openFile(path);
  const source = path !== '-' && isGzip(path) ? gunzip(input) : input;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  try {
    for await (const chunk of source) {
      const buffer = chunk as Buffer;
      const zero = buffer.indexOf(0);
      if (zero >= 0) throw traceError({ file: path, byte: bytes + zero }, 'a zero byte', 'text');
      bytes += buffer.length;
      yield decoder.decode(buffer, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw traceError({ file: path, byte: bytes }, reason, 'a complete text or gzip file in UTF-8');
  }
}

function openFile(path: string): NodeJS.ReadableStream {
  try {
    if (statSync(path).isDirectory()) throw new Error('it is a directory');
    closeSync(openSync(path, 'r'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('cannot-open', Exit.badTrace, `cannot open the file: ${reason}`, { file: path });
  }
  return createReadStream(path, { highWaterMark: 1 << 18 });
}

function isGzip(path: string): boolean {
  const head = Buffer.alloc(2);
  const fd = openSync(path, 'r');
  try {
    return readSync(fd, head, 0, 2, 0) === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    closeSync(fd);
  }
}

/** A gunzip stream that fails when its input does; errors reach whoever iterates it. */
function gunzip(input: NodeJS.ReadableStream): NodeJS.ReadableStream {
  const stream = createGunzip();
  pipeline(input, stream, () => {});
  return stream;
}
