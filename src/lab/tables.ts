/** The reports of a run as tables: runs, stages, hist. Their columns are the contract of docs/contracts.md. */
import { ModelBug } from '../model/errors.ts';
import { fingerprintOf } from '../model/fingerprint.ts';
import type { StatSpecs } from '../model/stats.ts';
import { type Cell, type Column, integer, ratio, sortRows, type Table, text } from '../model/table.ts';
import { CAUSE_COUNT, CAUSES } from '../x86/cause.ts';
import { SITES } from '../x86/sites.ts';
import { EVTCHN_STATS, XEN_STATS } from '../xen/stats.ts';
import { OPERATIONS } from './accounts.ts';
import { lineRows } from './lines.ts';
import type { Run } from './replay.ts';
import { KEYS, keysOf } from './run-keys.ts';
import { RUN_HISTOGRAMS, RUN_STATS, type RunHistogram } from './run-stats.ts';
import { guessedNumbers, modelFingerprint } from './scenario.ts';

const HISTOGRAMS = Object.keys(RUN_HISTOGRAMS) as RunHistogram[];

function statColumns(specs: StatSpecs): Column[] {
  return Object.entries(specs).map(([name, s]) => integer(name, s.unit, s.direction, s.what));
}

const RUN_COLUMNS: readonly Column[] = [
  ...KEYS,
  text('status', 'ok: the run ended and every assertion held'),
  text('validation', 'whether cycles of this machine were compared with silicon'),
  integer('guessed_numbers', 'numbers', 'lower', 'machine and kernel numbers that nobody could source'),
  integer('trace_version', '', 'neutral', 'version of the trace format'),
  text('events_fingerprint', 'what was served, where, in which order'),
  text('uops_fingerprint', 'the stream of micro-ops'),
  text('timing_fingerprint', 'when each micro-op finished'),
  text('model_fingerprint', 'every number of machine and kernel'),
  integer('rows', 'rows', 'neutral', 'rows of the trace'),
  integer('vcpus', 'vcpus', 'neutral', 'vCPUs of the guest'),
  integer(
    'isrcs',
    'isrcs',
    'lower',
    'isrcs created, or interrupt numbers used at once, the ones before the trace included',
  ),
  integer('span_cycles', 'cycles', 'neutral', 'modelled time from the first row to the last thing done'),
  integer('guest_cycles', 'cycles', 'lower', 'cycles of the guest in all operations'),
  integer('sender_cycles', 'cycles', 'lower', 'cycles of other domains to send'),
  integer('uops', 'uops', 'neutral', 'micro-ops of guest and senders'),
  integer('instructions', 'instructions', 'neutral', 'instructions of guest and senders'),
  ...statColumns(RUN_STATS),
  ...statColumns(EVTCHN_STATS),
  ...statColumns(XEN_STATS),
  integer('still_pending', 'events', 'neutral', 'events pending at the end'),
  ...HISTOGRAMS.flatMap((h) => [
    integer(`${h}_count`, 'operations', 'neutral', `number of operations: ${RUN_HISTOGRAMS[h]}`),
    ratio(`${h}_mean_cycles`, 'cycles', 'lower', `mean: ${RUN_HISTOGRAMS[h]}`, 1),
    integer(`${h}_p50_cycles`, 'cycles', 'lower', `median by nearest rank: ${RUN_HISTOGRAMS[h]}`),
    integer(`${h}_p99_cycles`, 'cycles', 'lower', `99th percentile by nearest rank: ${RUN_HISTOGRAMS[h]}`),
    integer(`${h}_max_cycles`, 'cycles', 'lower', `greatest: ${RUN_HISTOGRAMS[h]}`),
  ]),
];

const STAGE_COLUMNS: readonly Column[] = [
  ...KEYS,
  text(
    'operation',
    'upcall, ithread, bind, unbind, move, send, unmask, priority, restore, xen, or sender for other domains',
  ),
  text('file', 'C file'),
  text('function', 'C function'),
  text('stage', 'what is done there; the letter and number are the row of the fact sheet'),
  text('cause', 'why retirement had to wait'),
  integer('cycles', 'cycles', 'lower', 'cycles credited to this place and cause'),
];

/** Places of columns in `stages`. */
export const STAGE_OPERATION = KEYS.length;
export const STAGE_FUNCTION = KEYS.length + 2;
export const STAGE_CAUSE = KEYS.length + 4;
export const STAGE_CYCLES = KEYS.length + 5;

const HIST_COLUMNS: readonly Column[] = [
  ...KEYS,
  text('metric', 'which distribution'),
  integer('low_cycles', 'cycles', 'neutral', 'least value of the bucket'),
  integer('high_cycles', 'cycles', 'neutral', 'greatest value of the bucket'),
  integer('count', 'operations', 'neutral', 'values in the bucket'),
];

/** What is kept of a run: its rows in the tables. The guest itself, with its memory, is let go. */
export interface RunResult {
  readonly run: readonly Cell[];
  readonly stages: ReadonlyArray<readonly Cell[]>;
  readonly hist: ReadonlyArray<readonly Cell[]>;
  readonly lines: ReadonlyArray<readonly Cell[]>;
}

/** The rows of a run. */
export function resultOf(run: Run): RunResult {
  return {
    run: runRow('upcall.runs/2.0', run),
    stages: stageRows(run),
    hist: histRows(run),
    lines: lineRows(run),
  };
}

/** A number of a run by the name of its column in `runs`; null where it is not available. */
export function numberOf(result: RunResult, column: string): number | null {
  const cell = result.run[RUN_COLUMNS.findIndex((c) => c.name === column)];
  if (cell === undefined) throw new ModelBug('no such column', { column });
  return typeof cell === 'number' ? cell : null;
}

/** One row for each run. */
export function runsTable(results: readonly RunResult[]): Table {
  const rows = sortRows(
    results.map((r) => r.run),
    KEYS.length,
  );
  return { schema: 'upcall.runs/2.0', columns: RUN_COLUMNS, keys: KEYS.length, rows };
}

/** Every credited cycle, by operation, place and cause. */
export function stagesTable(results: readonly RunResult[]): Table {
  const keys = STAGE_COLUMNS.length - 1;
  const rows = sortRows(
    results.flatMap((r) => r.stages),
    keys,
  );
  return { schema: 'upcall.stages/2.0', columns: STAGE_COLUMNS, keys, rows };
}

/** The distributions in coarse buckets. */
export function histTable(results: readonly RunResult[]): Table {
  const keys = KEYS.length + 2;
  const rows = sortRows(
    results.flatMap((r) => r.hist),
    keys,
  );
  return { schema: 'upcall.hist/2.0', columns: HIST_COLUMNS, keys, rows };
}

function runRow(schema: string, run: Run): Cell[] {
  const { vcpus, scenario } = run;
  const { guest, stats } = vcpus;
  const sum = (f: (core: (typeof guest.cores)[number]) => number) =>
    guest.cores.reduce((n, c) => n + f(c), 0);
  const guesses = guessedNumbers(scenario);
  const senders = guest.cores.slice(-guest.senders.length).reduce((n, c) => n + c.credited, 0);
  return [
    ...keysOf(schema, run),
    'ok',
    scenario.machine.validation,
    guesses.machine + guesses.kernel,
    run.trace.version,
    vcpus.history.hex,
    fingerprintOf(guest.cores.map((c) => c.stream.hex)),
    fingerprintOf(guest.cores.map((c) => c.timing.hex)),
    modelFingerprint(scenario),
    run.rows,
    guest.cpus.length,
    guest.kernel.sources,
    run.spanCycles,
    sum((c) => c.credited) - senders,
    senders,
    sum((c) => c.uopCount),
    sum((c) => c.instructionCount),
    ...Object.values(stats.counts),
    ...Object.values(guest.channels.stats),
    ...Object.values(guest.xen.stats),
    vcpus.stillPending(),
    ...HISTOGRAMS.flatMap((name) => {
      const h = stats.histograms[name];
      if (h.count === 0) return [0, null, null, null, null];
      return [h.count, h.sum / h.count, h.percentile(50)!, h.percentile(99)!, h.max];
    }),
  ];
}

function stageRows(run: Run): Cell[][] {
  const keys = keysOf('upcall.stages/2.0', run);
  const rows: Cell[][] = [];
  for (const operation of OPERATIONS) {
    if (operation === 'setup') continue;
    const account = run.vcpus.accounts[operation];
    for (let i = 0; i < account.length; i++) {
      const cycles = account[i]!;
      if (cycles === 0) continue;
      const { file, fn, what } = SITES[Math.floor(i / CAUSE_COUNT)]!;
      rows.push([...keys, operation, file, fn, what, CAUSES[i % CAUSE_COUNT]![0], cycles]);
    }
  }
  return rows;
}

function histRows(run: Run): Cell[][] {
  const keys = keysOf('upcall.hist/2.0', run);
  return HISTOGRAMS.flatMap((name) =>
    run.vcpus.stats.histograms[name].buckets().map((b) => [...keys, name, ...b]),
  );
}
