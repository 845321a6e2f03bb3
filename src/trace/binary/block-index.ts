/** INDX, where each block is and which times it has, and DONE, which says that the file is whole. */
import { DONE_BYTES } from './layout.ts';
import { EncodingFault, VarintReader, VarintWriter } from './varint.ts';

/** One block in the index. */
export interface BlockPlace {
  /** Offset of its section. */
  readonly byte: number;
  /** Its rows, without those of its state. */
  readonly rows: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

/** INDX as bytes: offsets and times as differences to what came before. */
export function encodeIndex(blocks: readonly BlockPlace[]): Buffer {
  const out = new VarintWriter();
  out.integer(blocks.length);
  let byte = 0;
  let time = 0;
  for (const b of blocks) {
    out.integer(b.byte - byte);
    out.integer(b.rows);
    out.integer(b.firstTime - time);
    out.integer(b.lastTime - b.firstTime);
    byte = b.byte;
    time = b.lastTime;
  }
  return Buffer.from(out.written);
}

/** The blocks in INDX one by one, however many it says there are; an `EncodingFault` for anything else. */
export function* decodeIndex(payload: Buffer): Generator<BlockPlace> {
  const input = new VarintReader(payload);
  const most = Number.MAX_SAFE_INTEGER;
  let byte = 0;
  let time = 0;
  for (let left = input.integer(payload.length, 'a number of blocks'); left > 0; left--) {
    byte += input.integer(most - byte, 'an offset');
    const rows = input.integer(most, 'a number of rows');
    const firstTime = time + input.integer(most - time, 'a first time');
    time = firstTime + input.integer(most - firstTime, 'a last time');
    yield { byte, rows, firstTime, lastTime: time };
  }
  input.end('the index');
}

/** DONE, read. */
export interface Done {
  readonly indexByte: number;
  readonly rows: number;
  readonly sha256: Buffer;
}

/** DONE as bytes. */
export function encodeDone({ indexByte, rows, sha256 }: Done): Buffer {
  const bytes = Buffer.alloc(DONE_BYTES);
  bytes.writeBigUInt64LE(BigInt(indexByte), 0);
  bytes.writeBigUInt64LE(BigInt(rows), 8);
  bytes.set(sha256, 16);
  return bytes;
}

/** DONE read; an `EncodingFault` for anything else. */
export function decodeDone(payload: Buffer): Done {
  if (payload.length !== DONE_BYTES)
    throw new EncodingFault(0, `${payload.length} bytes`, `${DONE_BYTES} in DONE`);
  return {
    indexByte: Number(payload.readBigUInt64LE(0)),
    rows: Number(payload.readBigUInt64LE(8)),
    sha256: payload.subarray(16),
  };
}
