/**
 * How much the main answers depend on each number of a machine: every number is set to the low and the high end
 * of its range, one at a time, and the answers are computed again.
 *
 * Left out: numbers that matter only together, the lumps of kernel code, and what a range does not admit.
 */
import { strategyByName } from '../intr/alloc/strategies.ts';
import { nearestName, usageError } from '../model/errors.ts';
import type { Cycle } from '../model/units.ts';
import { openTrace } from '../trace/reader.ts';
import type { TraceBatch, TraceHeader } from '../trace/table.ts';
import { defineMachine, MACHINE, type Machine } from '../x86/machine.ts';
import { breakEven, findCycles, MOST_ISRCS } from './break-even.ts';
import { replay } from './replay.ts';
import type { Scenario } from './scenario.ts';
import { microFile, recordingFile } from './scenarios.ts';
import { numberOf, resultOf } from './tables.ts';

/** Strategies that are ranked. */
export const RANKED = ['linear', 'slist', 'bitmap'] as const;
/** Populations at which they are ranked, in isrcs, and the one whose cycles are main answers. */
const POPULATIONS = [8, 128, 1024] as const;
const MAIN_POPULATION = 128;
/** States of the data in which they are ranked. */
const CACHES = ['warm', 'cold'] as const;

/** Name of a number of a machine. */
export type Parameter = keyof typeof MACHINE;
/** All of them, in the order in which they are declared. */
const PARAMETERS = Object.keys(MACHINE) as Parameter[];

/** The traces of the two answers that come from a replay of their first rows, below `traces`. */
export const UPCALL_TRACE = recordingFile('a-2l.ipi');
export const BIND_TRACE = microFile('bind-unbind');

/** Rows of a trace that are replayed: enough for a median, few enough for a hundred replays. */
const ROWS = 1000;

/** A main answer: what it is called and what it is counted in. */
export interface Answer {
  readonly name: string;
  readonly unit: string;
  readonly of: (computed: Computed) => number | null;
}

/** The main answers, in the order in which they are printed. */
export const ANSWERS: readonly Answer[] = [
  { name: 'upcall p50', unit: 'cycles', of: (c) => c.upcallP50 },
  { name: 'bind mean', unit: 'cycles', of: (c) => c.bindMean },
  ...CACHES.flatMap((cache) =>
    RANKED.map((strategy) => ({
      name: `find ${strategy} ${MAIN_POPULATION} ${cache}`,
      unit: 'cycles',
      of: (c: Computed) => searchOf(c, cache, MAIN_POPULATION).cycles[RANKED.indexOf(strategy)]!,
    })),
  ),
  { name: 'break-even warm', unit: 'isrcs', of: (c) => c.breakEven },
];

/** Cycles of one search with each of `RANKED` in one state of the caches and at one population. */
export interface Search {
  readonly cache: string;
  readonly isrcs: number;
  readonly cycles: readonly Cycle[];
}

/** Everything computed for one machine. */
export interface Computed {
  readonly upcallP50: number | null;
  readonly bindMean: number | null;
  readonly searches: readonly Search[];
  /** Least number of isrcs at which `linear` costs more than `slist` with warm caches; null if never. */
  readonly breakEven: number | null;
}

/** A number set to an end of its range, and what came of it. */
export interface Flip {
  readonly parameter: Parameter;
  readonly bound: 'low' | 'high';
  readonly value: number;
  readonly computed: Computed;
}

/** A machine as it is, and with each number at each end of its range. */
export interface Sweep {
  readonly scenario: Scenario;
  readonly base: Computed;
  readonly flips: readonly Flip[];
}

/** Numbers by name, in the order in which they are declared; a UserError (exit 2) for a name that is none. */
export function parametersNamed(names: readonly string[]): Parameter[] {
  for (const name of names) {
    if (Object.hasOwn(MACHINE, name)) continue;
    const near = nearestName(name, PARAMETERS);
    throw usageError(`unknown parameter "${name}"${near === undefined ? '' : `, did you mean ${near}?`}`);
  }
  return PARAMETERS.filter((parameter) => names.includes(parameter));
}

/** The ends of the ranges of a machine's numbers that are not their values. */
export function flipsOf(
  machine: Machine,
  parameters: readonly Parameter[] = PARAMETERS,
): Array<Pick<Flip, 'parameter' | 'bound' | 'value'>> {
  return parameters.flatMap((parameter) =>
    (['low', 'high'] as const).flatMap((bound) => {
      const sourced = machine.values[parameter];
      return sourced[bound] === sourced.value ? [] : [{ parameter, bound, value: sourced[bound] }];
    }),
  );
}

/** A machine with one number replaced. */
export function withNumber(machine: Machine, parameter: Parameter, value: number): Machine {
  const { name, title, validation, values } = machine;
  const number = { ...values[parameter], value };
  return defineMachine(name, title, validation, { ...values, [parameter]: number });
}

/**
 * Sweeps numbers of a scenario's machine.
 *
 * @param path turns a file below `traces` into a path
 * @param parameters which numbers; all where none are named
 * @param onFlip told of each number before it is computed
 */
export async function sweep(
  scenario: Scenario,
  path: (file: string) => string,
  parameters?: readonly Parameter[],
  onFlip?: (parameter: Parameter) => void,
): Promise<Sweep> {
  const traces = {
    upcalls: await Beginning.of(path(UPCALL_TRACE)),
    binds: await Beginning.of(path(BIND_TRACE)),
  };
  const base = await compute(scenario, traces);
  const flips: Flip[] = [];
  for (const flip of flipsOf(scenario.machine, parameters)) {
    onFlip?.(flip.parameter);
    const machine = withNumber(scenario.machine, flip.parameter, flip.value);
    flips.push({ ...flip, computed: await compute({ ...scenario, machine }, traces) });
  }
  return { scenario, base, flips };
}

/** The first rows of a trace, read once and replayed often. */
class Beginning {
  readonly #file: string;
  readonly #header: TraceHeader;
  readonly #rows: TraceBatch[] = [];

  private constructor(file: string, header: TraceHeader) {
    this.#file = file;
    this.#header = header;
  }

  /** Reads a file to its end, so that a fault behind the first rows is one here as well. */
  static async of(file: string): Promise<Beginning> {
    const { header, batches } = await openTrace(file);
    const beginning = new Beginning(file, header);
    let left = ROWS;
    for await (const batch of batches) {
      const length = Math.min(left, batch.length);
      // The reader fills the same batch again.
      if (length > 0) beginning.#rows.push(structuredClone({ ...batch, length }));
      left -= length;
    }
    return beginning;
  }

  /** A number of a run by the name of its column in `runs`. */
  async numberOf(scenario: Scenario, column: string): Promise<number | null> {
    const trace = { header: this.#header, batches: this.#batches() };
    return numberOf(resultOf(await replay(trace, this.#file, scenario)), column);
  }

  async *#batches(): AsyncGenerator<TraceBatch> {
    yield* this.#rows;
  }
}

async function compute(
  scenario: Scenario,
  { upcalls, binds }: { upcalls: Beginning; binds: Beginning },
): Promise<Computed> {
  const searches = CACHES.flatMap((cache) =>
    POPULATIONS.map((isrcs): Search => {
      const cycles = RANKED.map((s) => findCycles(scenario, strategyByName(s), isrcs, cache));
      return { cache, isrcs, cycles };
    }),
  );
  return {
    upcallP50: await upcalls.numberOf(scenario, 'upcall_p50_cycles'),
    bindMean: await binds.numberOf(scenario, 'bind_mean_cycles'),
    searches,
    breakEven: breakEvenAfter(scenario, searches),
  };
}

/** The break-even point with warm caches, looked for only between the searches that enclose it. */
function breakEvenAfter(scenario: Scenario, searches: readonly Search[]): number | null {
  const warm = searches.filter((s) => s.cache === 'warm');
  const dearer = warm.findIndex(({ cycles: [linear, slist] }) => linear! > slist!);
  const [above, below] = dearer < 0 ? [undefined, warm.at(-1)] : [warm[dearer], warm[dearer - 1]];
  const [linear, slist] = [strategyByName('linear'), strategyByName('slist')];
  const [low, high] = [below?.isrcs ?? 0, above?.isrcs ?? MOST_ISRCS];
  return breakEven(scenario, linear, slist, 'warm', low, high) ?? null;
}

/** The search in one state of the caches and at one population. */
export function searchOf(computed: Computed, cache: string, isrcs: number): Search {
  return computed.searches.find((s) => s.cache === cache && s.isrcs === isrcs)!;
}
