/**
 * Nothing that is kept grows with the number of sends: five times as many leave a run that is as large. Everything
 * that can be reached is counted, in a snapshot of the heap; code and what the compilers keep are not.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { getHeapSnapshot } from 'node:v8';
import { type Run, replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { synthHeader, synthRows } from '../../src/trace/synth/synth.ts';
import { writeTrace } from '../../src/trace/writer.ts';
import { temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();
const SENDS = 2000;
const MORE = 10_000;

async function run(sends: number): Promise<Run> {
  const options = { kind: 'poisson', sends, vcpus: 16, seed: 1, ports: 64, meanGapNanos: 20_000 };
  const path = join(folder, 'synth.trace');
  await writeTrace(path, synthHeader(options), synthRows(options));
  return replay(await openTrace(path), path, scenarioOf({ ...DEFAULT_NAMES, set: ['senders=4'] }));
}

interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] } };
  readonly nodes: number[];
}

/** Bytes of data that can be reached, and how many pieces. */
async function reachable(): Promise<{ bytes: number; pieces: number }> {
  const chunks: Buffer[] = [];
  for await (const chunk of getHeapSnapshot() as Readable) chunks.push(Buffer.from(chunk));
  const { snapshot, nodes } = JSON.parse(Buffer.concat(chunks).toString()) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const type = fields.indexOf('type');
  const size = fields.indexOf('self_size');
  const data = new Set(
    ['array', 'object', 'number', 'bigint', 'native'].map((name) => types[0].indexOf(name)),
  );
  let bytes = 0;
  let pieces = 0;
  for (let i = 0; i < nodes.length; i += fields.length) {
    if (!data.has(nodes[i + type]!)) continue;
    bytes += nodes[i + size]!;
    pieces++;
  }
  return { bytes, pieces };
}

/** What a run delivered, and what can be reached while it is there. */
async function kept(sends: number): Promise<{ delivered: number; bytes: number; pieces: number }> {
  const { vcpus } = await run(sends);
  const size = await reachable();
  return { delivered: vcpus.stats.counts.delivered, ...size };
}

test('a run with five times the sends keeps no more', async () => {
  // What is made once and for all is there before anything is counted.
  await kept(MORE);
  const few = await kept(SENDS);
  const many = await kept(MORE);
  const more = many.delivered - few.delivered;
  assert.ok(few.delivered > 0 && many.delivered > 4 * few.delivered);
  assert.ok(many.bytes - few.bytes < more, `${many.bytes - few.bytes} bytes for ${more} events`);
  assert.ok(many.pieces - few.pieces < more / 50, `${many.pieces - few.pieces} pieces for ${more} events`);
});
