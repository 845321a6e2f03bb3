/**
 * A recording as its windows: what xentrace copied out of one pCPU's buffer at one time. Each begins with a record that
 * names the pCPU and the length. One window is in memory at a time; what it may be at most is what one read of
 * Xen's largest buffer can give.
 */
import { traceError, UserError, type Where } from '../../model/errors.ts';
import { decompressed } from '../decompressed.ts';
import type { Input } from '../input.ts';
import { hex } from './record.ts';

/** First word of a window: event 0x1f003 with two extra words and no TSC. Source: struct cpu_change_record of xentrace.c. */
const CPU_CHANGE = 0x2001_f003;
const SWAPPED = 0x03f0_0120;
const HEADER_BYTES = 12;

/** Limits that no recording exceeds: pCPUs of a host, and bytes of a window (`xentrace -S` counts 4-KiB pages). */
const MAX_CPUS = 4096;
const MAX_WINDOW = 1 << 29;

/** A window of one pCPU. */
export interface Window {
  readonly cpu: number;
  readonly body: Buffer;
  /** Offset of the body in the decompressed recording. */
  readonly byte: number;
  /** False when the recording ends before the window does. */
  readonly whole: boolean;
  /** Where an offset is, for errors. */
  readonly where: (byte: number) => Where;
}

/**
 * The windows in file order. Throws a UserError (exit 6) that names the byte when the file cannot be opened, is
 * damaged, or is no recording of xentrace; a recording that ends within a window gives what there is of it.
 */
export async function* windows(input: Input): AsyncGenerator<Window> {
  let at = 0;
  let file = input.path;
  const where = (byte: number): Where => ({ file, byte });
  const source = new ByteQueue();
  try {
    const { compression, blocks, drain } = await decompressed(input);
    if (compression !== 'plain') file = `${input.path} (decompressed)`;
    const iterator = blocks[Symbol.asyncIterator]();
    for (;;) {
      const head = await source.take(HEADER_BYTES, iterator);
      if (head.length === 0) {
        if (at === 0) throw traceError({ file: input.path }, 'an empty file', 'a recording of xentrace');
        break;
      }
      const { cpu, size } = windowOf(head, at, where);
      const byte = at + HEADER_BYTES;
      const body = await source.take(size, iterator);
      yield { cpu, body, byte, whole: body.length === size, where };
      at = byte + body.length;
      if (body.length < size) break;
    }
    await drain();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw traceError(where(at + source.held), reason, 'a complete recording: plain, gzip or xz');
  } finally {
    input.close();
  }
}

/** pCPU and length of the body, from the 12 bytes before it. */
function windowOf(head: Buffer, at: number, where: (byte: number) => Where): { cpu: number; size: number } {
  if (head.length < HEADER_BYTES) {
    throw traceError(
      where(at),
      `${head.length} bytes at the end`,
      `${HEADER_BYTES} bytes that begin a window`,
    );
  }
  const first = head.readUInt32LE(0);
  if (first === SWAPPED) {
    throw traceError(where(at), 'a recording in big endian', 'one in little endian, as x86 writes it');
  }
  if (first !== CPU_CHANGE) {
    throw traceError(where(at), hex(first), `${hex(CPU_CHANGE)}, which begins a window of xentrace's output`);
  }
  const cpu = head.readUInt32LE(4);
  const size = head.readUInt32LE(8);
  if (cpu >= MAX_CPUS) throw traceError(where(at + 4), `pCPU ${cpu}`, `one below ${MAX_CPUS}`);
  if (size === 0 || size > MAX_WINDOW || size % 4 !== 0) {
    throw traceError(where(at + 8), `a window of ${size} bytes`, `a multiple of 4 up to ${MAX_WINDOW}`);
  }
  return { cpu, size };
}

/** Bytes that have come but have not been asked for. */
class ByteQueue {
  #blocks: Buffer[] = [];
  held = 0;

  /** The next `size` bytes, fewer at the end. */
  async take(size: number, from: AsyncIterator<Buffer>): Promise<Buffer> {
    while (this.held < size) {
      const next = await from.next();
      if (next.done === true) break;
      this.#blocks.push(next.value);
      this.held += next.value.length;
    }
    const all = this.#blocks.length === 1 ? this.#blocks[0]! : Buffer.concat(this.#blocks);
    const taken = all.subarray(0, size);
    const rest = all.subarray(taken.length);
    this.#blocks = rest.length > 0 ? [rest] : [];
    this.held = rest.length;
    return taken;
  }
}
