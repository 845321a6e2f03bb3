/**
 * Cuts a piece out of a recording at record boundaries: `node build/test/support/cut-recording.js IN FROM TO OUT`, FROM and
 * TO in ticks since the recording's first record. The piece has one window for each pCPU and is compressed with gzip.
 */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Input } from '../../src/trace/input.ts';
import { eachRecord } from '../../src/trace/xentrace/merge.ts';
import { recordBytes, windowBytes } from './xentrace-file.ts';

const [file, from, to, out] = process.argv.slice(2);
if (out === undefined) {
  process.stderr.write('cut-recording: expected IN FROM TO OUT\n');
  process.exitCode = 2;
} else {
  const pieces = new Map<number, Buffer[]>();
  await eachRecord(new Input(file!), (r, tick) => {
    if (tick < Number(from) || tick >= Number(to)) return;
    const tsc = r.timed ? (BigInt(r.tscHigh) << 32n) | BigInt(r.tscLow) : undefined;
    const piece = pieces.get(r.cpu) ?? [];
    pieces.set(r.cpu, piece);
    piece.push(recordBytes(r.event, r.words(), tsc));
  });
  const windows = [...pieces].sort(([a], [b]) => a - b).map(([cpu, piece]) => windowBytes(cpu, piece));
  writeFileSync(out, gzipSync(Buffer.concat(windows), { level: 9 }));
}
