/**
 * Cuts a piece out of a recording at record boundaries: `node build/test/support/cut-recording.js IN FROM TO OUT [ROUND]
 * [PCPU:FROM:TO]`, times in ticks since the recording's first record. The piece has one window for each pCPU, or one in
 * each ROUND ticks, as xentrace would have visited them; records of a pCPU between two times are replaced by one record of
 * lost records. Compressed with gzip if OUT ends in .gz.
 */
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Input } from '../../src/trace/input.ts';
import { Trace } from '../../src/trace/xentrace/events.ts';
import { eachRecord } from '../../src/trace/xentrace/merge.ts';
import { recordBytes, windowBytes } from './xentrace-file.ts';

/** Records of a pCPU that are left out, and what its record of lost records says. */
class Loss {
  readonly #cpu: number;
  readonly #from: number;
  readonly #to: number;
  #count = 0;
  #first = 0n;
  #who = 0;

  constructor(text: string) {
    [this.#cpu, this.#from, this.#to] = text.split(':').map(Number) as [number, number, number];
  }

  /** Whether a record is lost. @param who the vCPU that is current, domain in the low half as Xen writes it */
  takes(cpu: number, tick: number, tsc: bigint | undefined, who: number): boolean {
    if (cpu !== this.#cpu || tick < this.#from || tick >= this.#to) return false;
    if (this.#count === 0 && tsc !== undefined) this.#first = tsc;
    this.#count++;
    this.#who = who;
    return true;
  }

  /** The record of lost records, before the first record behind the loss. */
  endsAt(cpu: number, tsc: bigint | undefined): Buffer | undefined {
    if (cpu !== this.#cpu || this.#count === 0 || tsc === undefined) return undefined;
    const words = [this.#count, this.#who, Number(this.#first & 0xffff_ffffn), Number(this.#first >> 32n)];
    this.#count = 0;
    return recordBytes(Trace.lostRecords, words, tsc - 1n);
  }
}

const [file, from, to, out, round, lost] = process.argv.slice(2);
if (out === undefined) {
  process.stderr.write('cut-recording: expected IN FROM TO OUT [ROUND] [PCPU:FROM:TO]\n');
  process.exitCode = 2;
} else {
  const pieces = new Map<number, Map<number, Buffer[]>>();
  const running = new Map<number, number>();
  const loss = lost === undefined ? undefined : new Loss(lost);
  await eachRecord(new Input(file!), (r, tick) => {
    if ((r.event & 0x0fff_f0ff) === 0x2_1001) {
      const who = r.word(0);
      running.set(r.cpu, ((who & 0xffff) << 16) | (who >>> 16));
    }
    if (tick < Number(from) || tick >= Number(to)) return;
    const tsc = r.timed ? (BigInt(r.tscHigh) << 32n) | BigInt(r.tscLow) : undefined;
    if (loss?.takes(r.cpu, tick, tsc, running.get(r.cpu) ?? 0)) return;
    const number = round === undefined ? 0 : Math.floor((tick - Number(from)) / Number(round));
    const rounds = pieces.get(number) ?? new Map<number, Buffer[]>();
    pieces.set(number, rounds);
    const piece = rounds.get(r.cpu) ?? [];
    rounds.set(r.cpu, piece);
    const record = loss?.endsAt(r.cpu, tsc);
    if (record !== undefined) piece.push(record);
    piece.push(recordBytes(r.event, r.words(), tsc));
  });
  const windows = [...pieces]
    .sort(([a], [b]) => a - b)
    .flatMap(([, rounds]) => [...rounds].sort(([a], [b]) => a - b))
    .map(([cpu, piece]) => windowBytes(cpu, piece));
  const bytes = Buffer.concat(windows);
  writeFileSync(out, out.endsWith('.gz') ? gzipSync(bytes, { level: 9 }) : bytes);
}
