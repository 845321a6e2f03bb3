/** The bundled recordings: they are small enough, say where they are from, and every one replays with nothing lost. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { numberOf, resultOf } from '../../src/lab/tables.ts';
import { batchesOf } from '../../src/trace/batches.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { KINDS, rowOf, type Trace, type TraceRow } from '../../src/trace/table.ts';
import { JOINED, type JoinedRecording, joinedFile } from '../support/joined.ts';
import { ROOT } from '../support/root.ts';

/** Rows of a recording that are replayed here; the shorter ones are replayed whole. */
const MOST_ROWS = 1500;
const MEBIBYTE = 1 << 20;

async function read(path: string): Promise<{ trace: Trace; rows: TraceRow[] }> {
  const trace = await openTrace(path);
  const rows: TraceRow[] = [];
  for await (const batch of trace.batches) for (let i = 0; i < batch.length; i++) rows.push(rowOf(batch, i));
  return { trace, rows };
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

test('all recordings together fit into the repository and the package', () => {
  const bytes = bytesBelow(join(ROOT, 'traces/recorded'));
  assert.ok(bytes < 2 * MEBIBYTE, `${bytes} bytes`);
});

test('of every kind there is one', () => {
  const has = (what: RegExp, abi: JoinedRecording['abi']) =>
    JOINED.some((r) => r.abi === abi && what.test(`${r.name} ${r.what}`));
  for (const what of [/PV dom0/, /hotplug|off line/, /affinity|moved/, /evchurn/, /disk/, /ipi/])
    assert.ok(has(what, '2-level'), String(what));
  for (const what of [/PV dom0/, /PVH dom0/, /PV guest/, /PVH guest/, /boot/, /life/, /attach/, /timer/])
    assert.ok(has(what, 'FIFO'), String(what));
});

for (const recording of JOINED) {
  const { name, domain, traced, abi } = recording;
  test(`${name}: says where it is from, and replays with nothing lost`, async (t) => {
    const { trace, rows } = await read(joinedFile(recording));
    const notes = new Map(trace.header.notes);
    assert.equal(trace.header.name, name);
    assert.match(notes.get('source') ?? '', new RegExp(`domain ${domain}\\b`));
    for (const key of [
      'recorded',
      'abi',
      'host',
      'clock',
      'source_sha256',
      'source_records',
      'xen_records_lost',
    ])
      assert.ok((notes.get(key) ?? '') !== '', key);
    if (traced) {
      assert.match(notes.get('source_sha256_xentrace') ?? '', /^[0-9a-f]{64}$/);
      // Every send that could be matched was, as far as Xen recorded hypercalls.
      const [matched, of] = /^(\d+) of (\d+)$/.exec(notes.get('sends_matched')!)?.slice(1) ?? ['1', '1'];
      assert.ok(Number(matched) >= 0.99 * Number(of), notes.get('sends_matched'));
      assert.ok(Number(notes.get('wakes_unexplained')) <= 0.01 * rows.length, notes.get('wakes_unexplained'));
    }
    const kinds = new Set(rows.map((row) => KINDS[row.kind]));
    assert.ok(kinds.has('halt'));
    if (traced) assert.ok(kinds.has('send') && kinds.has('bound'));
    const some = rows.slice(0, MOST_ROWS);
    const guest = abi === 'FIFO' ? 'freebsd-fifo' : 'freebsd-c';
    const part: Trace = { header: trace.header, batches: batchesOf(some) };
    const run = resultOf(await replay(part, name, scenarioOf({ ...DEFAULT_NAMES, guest })));
    const of = (column: string) => numberOf(run, column)!;
    const parts = ['delivered', 'coalesced', 'cancelled', 'lost', 'unqueued', 'still_pending'];
    assert.equal(
      parts.reduce((n, column) => n + of(column), 0),
      of('sends'),
    );
    assert.deepEqual([of('lost'), of('unqueued')], [0, 0]);
    if (traced) assert.ok(of('delivered') > 0);
    t.diagnostic(`${some.length} of ${rows.length} rows`);
  });
}

test('what the page about traces says of them', () => {
  const page = readFileSync(join(ROOT, 'traces/README.md'), 'utf8');
  for (const { name, what } of JOINED)
    assert.ok(page.includes(`| \`${name}\` |`) && page.includes(what), name);
});
