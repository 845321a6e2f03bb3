/**
 * `npm run bench xentrace`: how fast and in how much memory a recording of 1 GiB is read, beside Debian's `xenalyze --summary`
 * on the same file in the same run. The file is a piece of a recording again and again, each copy later by the length
 * of the piece, which begins and ends with the same vCPUs running and asleep.
 *
 * Both are processes of their own and take turns; times are CPU times, which a busy machine moves less. `xenalyze` is
 * looked for in PATH, or is what XENALYZE names.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { alignedLines } from '../src/report/text.ts';
import { Input } from '../src/trace/input.ts';
import { Tolerance } from '../src/trace/tolerance.ts';
import { XENTRACE } from '../src/trace/xentrace/format.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PIECE = join(ROOT, 'test/recordings/a4-fifo.ipi.cut.xentrace.gz');
const SIZE = 2 ** 30;
const ROUNDS = 3;
/** What is asked of the reader. */
const MOST_MEBIBYTES = 200;
const LEAST_SHARE = 0.5;
/** Ticks between the last record of a copy and the first of the next. */
const PAUSE = 1000n;

/** One measurement of one program. */
interface Measured {
  readonly cpuSeconds: number;
  /** 0 if not known. */
  readonly peakMebibytes: number;
  readonly records: number;
}

/** Offsets of the TSCs of a recording, and the first and the last of them. */
function tscsOf(bytes: Buffer): { offsets: number[]; first: bigint; last: bigint } {
  const offsets: number[] = [];
  let first = 2n ** 64n;
  let last = 0n;
  for (let at = 0; at < bytes.length; ) {
    const head = bytes.readUInt32LE(at);
    const timed = head >>> 31 === 1;
    if (timed) {
      const tsc = bytes.readBigUInt64LE(at + 4);
      offsets.push(at + 4);
      if (tsc < first) first = tsc;
      if (tsc > last) last = tsc;
    }
    at += 4 + (timed ? 8 : 0) + 4 * ((head >>> 28) & 7);
  }
  return { offsets, first, last };
}

/** Writes copies of the piece until the file has `size` bytes or a little more. */
function repeat(path: string, size: number): void {
  const bytes = gunzipSync(readFileSync(PIECE));
  const { offsets, first, last } = tscsOf(bytes);
  const file = openSync(path, 'w');
  for (let written = 0; written < size; written += bytes.length) {
    writeSync(file, bytes);
    for (const at of offsets) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at) + (last - first + PAUSE), at);
  }
  closeSync(file);
}

/** Reads a recording as `upcall trace info` does, in this process, and prints what it took. */
async function readHere(path: string): Promise<void> {
  const before = process.cpuUsage();
  const info = await XENTRACE.info(new Input(path), Tolerance.strict());
  const { user, system } = process.cpuUsage(before);
  const measured: Measured = {
    cpuSeconds: (user + system) / 1e6,
    peakMebibytes: process.resourceUsage().maxRSS / 1024,
    records: info.records,
  };
  process.stdout.write(JSON.stringify(measured));
}

function readThere(path: string): Measured {
  const args = [fileURLToPath(import.meta.url), '--read', path];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

/** CPU time of `xenalyze --summary`, from what the shell says of its children; undefined if there is none. */
function xenalyze(path: string): Measured | undefined {
  const program = process.env.XENALYZE ?? 'xenalyze';
  const script = '"$0" --cpu-hz 1000000000 --summary "$1" > /dev/null 2>&1 || exit 1; times';
  const { status, stdout } = spawnSync('sh', ['-c', script, program, path], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const children = [...stdout.split('\n')[1]!.matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = children.reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  return { cpuSeconds, peakMebibytes: 0, records: 0 };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Measures, prints, and says whether the bar is held. */
export function benchXentrace(report: (line: string) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'upcall-bench-'));
  try {
    const path = join(folder, 'large.xentrace');
    repeat(path, SIZE);
    const ours: Measured[] = [];
    const theirs: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(readThere(path));
      const there = xenalyze(path);
      if (there !== undefined) theirs.push(there);
      report(`round ${round + 1} of ${ROUNDS}`);
    }
    return textOf(ours, theirs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function textOf(ours: readonly Measured[], theirs: readonly Measured[]): string {
  const seconds = median(ours.map((m) => m.cpuSeconds));
  const peak = Math.max(...ours.map((m) => m.peakMebibytes));
  const { records } = ours[0]!;
  const line = (name: string, s: number, memory: string) => [
    name,
    s.toFixed(2),
    (records / 1e6 / s).toFixed(1),
    (SIZE / 2 ** 20 / s).toFixed(0),
    memory,
  ];
  const rows = [
    ['1 GiB of xentrace', 'CPU s', 'M records/s', 'MiB/s', 'peak MiB'],
    line('upcall trace info', seconds, peak.toFixed(0)),
  ];
  const notes = [
    `memory: ${peak.toFixed(0)} MiB, ${peak < MOST_MEBIBYTES ? 'under' : 'NOT under'} ${MOST_MEBIBYTES}`,
  ];
  if (theirs.length === 0)
    notes.push('xenalyze: not measured, it is not there (xen-utils-common; XENALYZE names another)');
  else {
    const there = median(theirs.map((m) => m.cpuSeconds));
    rows.push(line('xenalyze --summary', there, '-'));
    const share = there / seconds;
    const held = share >= LEAST_SHARE ? 'at least' : 'LESS THAN';
    notes.push(`speed: ${share.toFixed(2)} of xenalyze's, ${held} ${LEAST_SHARE}`);
  }
  const table = alignedLines(rows, [false, true, true, true, true]);
  return `${table}${notes.join('\n')}\n`;
}

if (process.argv[2] === '--read') await readHere(process.argv[3]!);
