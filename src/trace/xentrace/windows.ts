/**
 * A recording as its windows: what xentrace copied out of one pCPU's buffer at one time. Each begins with a record that
 * names the pCPU and the length.
 */
import { traceError, UserError, type Where } from '../../model/errors.ts';
import { decompressed } from '../decompressed.ts';
import type { Input } from '../input.ts';
import { hex } from './record.ts';
import { WordSource, type Words } from './words.ts';

/** First word of a window: event 0x1f003 with two extra words and no TSC. Source: struct cpu_change_record of xentrace.c. */
export const CPU_CHANGE = 0x2001_f003;
const SWAPPED = 0x03f0_0120;
export const HEADER_BYTES = 12;

/** Limits that no recording exceeds: pCPUs of a host, and bytes of a window (`xentrace -S` counts 4-KiB pages). */
const MAX_CPUS = 4096;
const MAX_WINDOW = 1 << 29;

/** A window of one pCPU. */
export interface Window {
  readonly cpu: number;
  readonly words: Words;
  /** Offset of the body in the decompressed recording. */
  readonly byte: number;
  /** Bytes that the recording does not have to the window's end. */
  readonly missing: number;
  /** Where an offset is, for errors. */
  readonly where: (byte: number) => Where;
  /** Lets the words be used again. */
  readonly release: () => void;
}

/** What is told of something that is wrong; it throws the error, or returns when it is to be passed over. */
export type OnFault = (error: UserError) => void;

/**
 * The windows in file order. Throws a UserError (exit 6) that names the byte when the file cannot be opened, is
 * damaged, or is no recording of xentrace; a recording that ends within a window gives what there is of it.
 *
 * @param onFault is told of bytes that begin no window; if it returns, they are skipped up to the next that do
 * @param hashed whether the input's `sha256` will be asked for
 */
export async function* windows(input: Input, onFault: OnFault, hashed: boolean): AsyncGenerator<Window> {
  let file = input.path;
  const where = (byte: number): Where => ({ file, byte });
  let source: WordSource | undefined;
  try {
    const { compression, blocks, drain } = await decompressed(input, hashed);
    if (compression !== 'plain') file = `${input.path} (decompressed)`;
    const words = new WordSource(blocks[Symbol.asyncIterator]());
    source = words;
    for (;;) {
      const found = await nextHead(words, where, onFault);
      if (found === undefined) break;
      const { cpu, size } = found;
      const byte = words.taken;
      const body = await words.take(size);
      const release = () => words.give(body.data);
      yield { cpu, words: body, byte, missing: size - body.bytes, where, release };
      if (body.bytes < size) break;
    }
    if (words.taken === 0) throw traceError({ file: input.path }, 'an empty file', 'a recording of xentrace');
    await drain();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw traceError(where(source?.taken ?? 0), reason, 'a complete recording: plain, gzip or xz');
  } finally {
    input.close();
  }
}

/** pCPU and length of the next window; none at the end. */
async function nextHead(
  source: WordSource,
  where: (byte: number) => Where,
  onFault: OnFault,
): Promise<{ cpu: number; size: number } | undefined> {
  const at = source.taken;
  const head = await source.take(HEADER_BYTES);
  source.give(head.data);
  if (head.bytes === 0) return undefined;
  const fault = faultOf(head, at, where);
  if (fault === undefined) return { cpu: head.data[1]!, size: head.data[2]! };
  onFault(fault);
  // Word by word until three of them could begin a window.
  const last = Uint32Array.from(head.data.subarray(0, 3));
  for (let got = head; got.bytes > 0; ) {
    got = await source.take(4);
    source.give(got.data);
    if (got.bytes < 4) return undefined;
    last.copyWithin(0, 1);
    last[2] = got.data[0]!;
    const words = { data: last, length: 3, bytes: HEADER_BYTES };
    if (faultOf(words, 0, where) === undefined) return { cpu: last[1]!, size: last[2]! };
  }
  return undefined;
}

/** What is wrong with the 12 bytes before a window, if something is. */
function faultOf(head: Words, at: number, where: (byte: number) => Where): UserError | undefined {
  const [first, cpu, size] = head.data as unknown as [number, number, number];
  if (head.bytes >= 4 && first === SWAPPED) {
    return traceError(where(at), 'a recording in big endian', 'one in little endian, as x86 writes it');
  }
  if (head.bytes >= 4 && first !== CPU_CHANGE) {
    return traceError(
      where(at),
      hex(first),
      `${hex(CPU_CHANGE)}, which begins a window of xentrace's output`,
    );
  }
  if (head.bytes < HEADER_BYTES) {
    return traceError(
      where(at),
      `${head.bytes} bytes at the end`,
      `${HEADER_BYTES} bytes that begin a window`,
    );
  }
  if (cpu >= MAX_CPUS) return traceError(where(at + 4), `pCPU ${cpu}`, `one below ${MAX_CPUS}`);
  if (size === 0 || size > MAX_WINDOW || size % 4 !== 0) {
    return traceError(where(at + 8), `a window of ${size} bytes`, `a multiple of 4 up to ${MAX_WINDOW}`);
  }
  return undefined;
}
