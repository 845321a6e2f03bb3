/** The readers that are fuzzed: what inputs are made from, and what reading one to its end is. */
import assert from 'node:assert/strict';
import { checked } from '../../src/trace/checked.ts';
import type { TraceFormat } from '../../src/trace/format.ts';
import { detect, FORMATS } from '../../src/trace/formats.ts';
import { Input } from '../../src/trace/input.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { NO_SNAPSHOT, readSnapshot } from '../../src/trace/snapshot.ts';
import { rowOf, type Trace } from '../../src/trace/table.ts';
import { formatHeader, formatRow } from '../../src/trace/text-encoder.ts';
import { Tolerance } from '../../src/trace/tolerance.ts';
import { LSEVTCHN_SAMPLE, PROC_INTERRUPTS_SAMPLE } from '../support/samples.ts';
import { NAME } from './judge.ts';
import type { Seeds } from './mutations.ts';
import { SEEDS } from './seeds.ts';

/** What was bound before, for every second conversion. */
const BEFORE = await readSnapshot(
  new Input('before', false, Buffer.from(PROC_INTERRUPTS_SAMPLE + LSEVTCHN_SAMPLE)),
  0,
);

/** One reader. */
export interface Target extends Seeds {
  readonly name: string;
  /** Reads an input to its end, and checks that the result adds up. */
  read(input: Input, i: number): Promise<void>;
}

/** Faults tolerated in every fourth input, so that what comes behind the first is read too. */
const SOME = 1000;
/** Every so many inputs that is read is also turned into a table. */
const CONVERTED = 8;

function formatTarget(name: string, text: boolean): Target {
  const format = FORMATS.find((f) => f.name === name)!;
  const seeds = SEEDS[name]!;
  return {
    name,
    text,
    ...seeds,
    read: async (input, i) => {
      const tolerance = i % 4 === 1 ? Tolerance.count(SOME) : Tolerance.strict();
      const info = await format.info(input, tolerance);
      let sum = 0;
      for (const n of info.events.values()) sum += n;
      if (info.format === 'xentrace') assert.ok(sum <= info.records);
      else assert.equal(sum, info.records);
      if (format.rows !== undefined && (text || format.isTable) && i % CONVERTED === 0)
        await convert(format, input, i);
    },
  };
}

/** A conversion must give a table that reads back as it is. */
async function convert(format: TraceFormat, input: Input, i: number): Promise<void> {
  const snapshot = i % (2 * CONVERTED) === 0 ? NO_SNAPSHOT : BEFORE;
  const options = { name: 'fuzzed', domain: 0, clockHz: 1_000_000_000, ...snapshot };
  const tolerance = i % (4 * CONVERTED) < 2 * CONVERTED ? Tolerance.strict() : Tolerance.count(SOME);
  const trace = await format.rows!(input, options, tolerance);
  const rows: string[] = [];
  for await (const some of checked(trace, NAME)) for (const row of some) rows.push(formatRow(row));
  const text = `${formatHeader(trace.header)}${rows.map((row) => `${row}\n`).join('')}# end rows=${rows.length}\n`;
  assert.deepEqual(await rowsOf(await openTrace(new Input('converted', false, Buffer.from(text)))), rows);
}

async function rowsOf(trace: Trace): Promise<string[]> {
  const rows: string[] = [];
  for await (const batch of trace.batches) {
    for (let i = 0; i < batch.length; i++) rows.push(formatRow(rowOf(batch, i)));
  }
  return rows;
}

const SNAPSHOT: Target = {
  name: 'snapshot',
  text: true,
  ...SEEDS.snapshot!,
  read: async (input, i) => {
    const { bindings, interrupts } = await readSnapshot(input, i % 2);
    assert.ok(bindings.length + interrupts.length > 0);
  },
};

/** Compressed files of several formats, each read as whatever it is taken for. */
const COMPRESSED: Target = {
  name: 'compressed',
  text: false,
  ...SEEDS.compressed!,
  read: async (input) => {
    const format = await detect(input);
    const info = await format.info(input, Tolerance.strict());
    assert.ok(info.records >= 0);
  },
};

/** Every reader, by name. */
export const TARGETS: readonly Target[] = [
  formatTarget('ftrace', true),
  formatTarget('trace-cmd', true),
  formatTarget('perf-script', true),
  formatTarget('ktrdump', true),
  formatTarget('dtrace', true),
  SNAPSHOT,
  formatTarget('upcall-trace', true),
  formatTarget('upcall-trace-csv', true),
  formatTarget('upcall-trace-jsonl', true),
  formatTarget('upcall-trace-binary', false),
  formatTarget('xentrace', false),
  COMPRESSED,
];
