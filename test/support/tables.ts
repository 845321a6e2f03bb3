/** Trace tables for tests: made, written and read. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../src/model/random.ts';
import { BinaryTableEncoder } from '../../src/trace/binary/encoder.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { RowCheck } from '../../src/trace/row-check.ts';
import {
  CHANNELS,
  EXTERNAL,
  HANDLERS,
  KINDS,
  Kind,
  namesNoPort,
  PRIORITIES,
  rowAt,
  rowOf,
  TARGETS,
  type TraceHeader,
  type TraceRow,
  VERSION,
  writtenTo,
} from '../../src/trace/table.ts';
import { writeTrace } from '../../src/trace/writer.ts';

/** A table in memory. */
export interface Table {
  readonly header: TraceHeader;
  readonly rows: readonly TraceRow[];
}

/** A header for tests. */
export function headerFor(vcpus = 4): TraceHeader {
  return { version: VERSION, name: 'test', clockHz: 1e9, vcpus, notes: [['shows', 'a test']] };
}

/** A table by chance: every kind of row, in an order that is allowed. @param rows how many are tried */
export function tableByChance(random: RandomStream, rows: number, ports = 40, vcpus = 4): Table {
  const check = new RowCheck(vcpus);
  const kept: TraceRow[] = [];
  const add = (row: TraceRow) => {
    if (check.take(row) === undefined) kept.push(row);
  };
  for (let port = 1; port <= ports; port += 1 + random.below(3))
    add(rowLike(random, 0, Kind.bound, port, vcpus));
  let time = 0;
  for (let i = 0; i < rows; i++) {
    if (random.below(3) > 0) time += random.below(100_000);
    if (random.below(200) === 0) time += 2 ** 40;
    const kind = 1 + random.below(KINDS.length - 1);
    add(rowLike(random, time, kind, 1 + random.below(ports), vcpus));
  }
  return { header: headerFor(vcpus), rows: kept };
}

/** A row of a kind with every field that its kind can have, as it is written. */
function rowLike(random: RandomStream, time: number, kind: number, port: number, vcpus: number): TraceRow {
  const binds = kind === Kind.bound || kind === Kind.bind;
  const external = kind === Kind.bound || (kind === Kind.send && random.below(2) === 0);
  const row: TraceRow = {
    ...rowAt(time, kind),
    by: external ? EXTERNAL : random.below(vcpus),
    port: namesNoPort(kind) ? 0 : port,
    to: kind === Kind.priority ? random.below(PRIORITIES) : random.below(vcpus),
    channel: binds ? 1 + random.below(CHANNELS.length - 1) : 0,
    handler: binds ? 1 + random.below(HANDLERS.length - 1) : 0,
    target: kind === Kind.send ? random.below(TARGETS.length) : 0,
  };
  return { ...row, to: writtenTo(row) };
}

/** A small table that has every kind. */
export function everyKind(): Table {
  return tableByChance(new RandomStream(5, 'every kind'), 300, 8, 3);
}

/** Reads a file whole. */
export async function readTable(path: string): Promise<Table> {
  const { header, batches } = await openTrace(path);
  const rows: TraceRow[] = [];
  for await (const batch of batches) for (let i = 0; i < batch.length; i++) rows.push(rowOf(batch, i));
  return { header, rows };
}

/** The bytes of a table in binary. */
export function binaryBytes({ header, rows }: Table): Buffer {
  const bytes: Uint8Array[] = [];
  const encoder = new BinaryTableEncoder(header, (some) => bytes.push(some));
  for (const row of rows) encoder.row(row);
  encoder.end();
  return Buffer.concat(bytes);
}

/** The bytes of a table in the form that a name's ending says. */
export async function writtenBytes(name: string, { header, rows }: Table): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'upcall-table-'));
  try {
    await writeTrace(join(folder, name), header, rows);
    return readFileSync(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
