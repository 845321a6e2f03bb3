/** The sweep over all flips, on several threads, and its report. */
import type { Cell, Column, Table } from '../../model/table.ts';
import { ratio, sortRows, text } from '../../model/table.ts';
import { inWorkers } from '../in-workers.ts';
import { type Answer, answersOf, type Flip, flipsOf } from './sensitivity.ts';
import { type CrossoverSpec, checkSpec, scenarioFor } from './spec.ts';
import { PARAMETERS, parametersOf } from './tables.ts';

/** Flips that one job tries: few, so that no thread is left with much when the others are done. */
const FLIPS_A_JOB = 8;

/** Some flips of one spec: plain data for a worker. */
export interface SensitivityJob {
  readonly spec: CrossoverSpec;
  readonly flips: readonly Flip[];
  readonly base: readonly Answer[];
}

/** The answers of each flip of a job. */
export function answerFlips({ spec, flips, base }: SensitivityJob): Answer[][] {
  return flips.map((flip) => answersOf(spec, flip, base));
}

const SCHEMA = 'upcall.crossover-sensitivity/1.0';

const KEYS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  ...PARAMETERS,
  text('answer', 'a break-even point, or the share of the search in a bind'),
];

const COLUMNS: readonly Column[] = [
  ...KEYS,
  text('validation', 'whether cycles of this machine were compared with silicon'),
  text('unit', 'unit of the answer'),
  ratio('value', 'see unit', 'neutral', 'the answer of the machine; empty for never', 1),
  ratio('least', 'see unit', 'neutral', 'least with any one number at an end of its range', 1),
  text('least_by', 'the number that makes it so; empty where none moves it'),
  ratio('greatest', 'see unit', 'neutral', 'greatest with any one number at an end of its range', 1),
  text('greatest_by', 'the number that makes it so; empty where none moves it'),
  text('never_by', 'numbers with which there is no such point'),
];

/** The sweep of all specs; parameters as in `crossoverTables`. */
export async function sensitivityOf(specs: readonly CrossoverSpec[], workers: number): Promise<Table> {
  for (const spec of specs) checkSpec(spec);
  const jobs = specs.flatMap((spec): SensitivityJob[] => {
    const base = answersOf(spec, '');
    const flips = flipsOf(spec);
    const starts = Array.from({ length: Math.ceil(flips.length / FLIPS_A_JOB) }, (_, i) => i * FLIPS_A_JOB);
    return starts.map((i) => ({ spec, flips: flips.slice(i, i + FLIPS_A_JOB), base }));
  });
  const entry = new URL('./sensitivity-worker.js', import.meta.url);
  const answers = await inWorkers<SensitivityJob, Answer[][]>(entry, jobs, workers);
  const rows = specs.flatMap((spec) => {
    const own = jobs.map((job, i) => ({ job, answers: answers[i]! })).filter(({ job }) => job.spec === spec);
    const { base } = own[0]!.job;
    const flips = own.flatMap(({ job, answers: of }) =>
      job.flips.map((flip, i) => ({ flip, answers: of[i]! })),
    );
    return base.map((answer, i) =>
      rowOf(
        spec,
        answer,
        flips.map((f) => [f.flip, f.answers[i]!.value]),
      ),
    );
  });
  return sensitivityTable(rows);
}

/** The table of some rows. */
export function sensitivityTable(rows: ReadonlyArray<readonly Cell[]>): Table {
  return { schema: SCHEMA, columns: COLUMNS, keys: KEYS.length, rows: sortRows(rows, KEYS.length) };
}

function rowOf(
  spec: CrossoverSpec,
  { cache, name, unit, value }: Answer,
  flips: ReadonlyArray<readonly [Flip, number | null]>,
): Cell[] {
  const scenario = scenarioFor(spec, spec.strategies[0]!);
  let [least, leastBy, greatest, greatestBy] = [value, '', value, ''];
  const never: Flip[] = [];
  for (const [flip, is] of flips) {
    if (is === null) {
      if (value !== null) never.push(flip);
    } else {
      if (least === null || is < least) [least, leastBy] = [is, flip];
      if (greatest === null || is > greatest) [greatest, greatestBy] = [is, flip];
    }
  }
  const parameters = parametersOf(spec, scenario, cache);
  const range = [value, least, leastBy, greatest, greatestBy, never.join(' ')];
  return [SCHEMA, ...parameters, name, scenario.machine.validation, unit, ...range];
}
