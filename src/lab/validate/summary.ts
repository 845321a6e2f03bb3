/**
 * What a validation comes to: errors by kernel and state, by size, and by state. Figures below a few cycles are
 * judged by their difference in cycles, since a ratio of them says nothing.
 */
import { type Cell, type Column, integer, ratio, type Table, text } from '../../model/table.ts';
import { Status, type ValidationRow } from './rows.ts';
import { STATES } from './states.ts';

/** Measured cycles below which a row is judged by its difference. */
export const SMALL_CYCLES = 8;

/** Statistics of the relative errors of some rows. */
interface Errors {
  readonly n: number;
  readonly signed: number | null;
  readonly absolute: number | null;
  readonly worst: ValidationRow | undefined;
}

/** One row for each kernel and state, the measurement's order kept. */
export function kernelSummary(rows: readonly ValidationRow[]): Table {
  const columns: Column[] = [
    text('kernel', 'the measured function'),
    text('state', 'state of the data before the call'),
    integer('n', 'rows', 'neutral', 'rows judged by their ratio'),
    ratio('signed', '%', 'neutral', 'mean error, predicted - measured', 1),
    ratio('absolute', '%', 'lower', 'mean absolute error', 1),
    ratio('worst', '%', 'lower', 'error of the worst row', 1),
    text('worst_row', 'its parameters and layout'),
    integer('small', 'rows', 'neutral', `rows below ${SMALL_CYCLES} cycles`),
    ratio('small_worst', 'cycles', 'lower', 'worst difference of a small row', 2),
    ratio('instructions_worst', '%', 'lower', 'worst error of the instruction count', 2),
  ];
  const cells = [...groups(rows, keyOfKernel)].map(([, group]): Cell[] => {
    const e = errorsOf(group);
    const { kernel, state } = group[0]!.measured;
    const small = group.filter(isSmall).map((r) => r.cycles! - r.measured.cycles);
    const counts = group.flatMap(instructionError);
    const where = e.worst === undefined ? '' : nameOf(e.worst);
    const worst = e.worst === undefined ? null : percent(e.worst.error);
    const figures = [e.n, percent(e.signed), percent(e.absolute), worst, where];
    return [kernel, state, ...figures, small.length, farthest(small), percent(farthest(counts))];
  });
  return { schema: 'upcall.validate-kernels/1.0', columns, keys: 2, rows: cells };
}

/** Mean signed error for each size, as one line of text a kernel and state; rows of a few cycles are left out. */
export function sizeSummary(rows: readonly ValidationRow[]): Table {
  const columns = [
    text('kernel', 'the measured function'),
    text('state', 'state of the data before the call'),
    text('by_size', 'mean signed error in % for each size'),
  ];
  // A ratio of a few cycles says nothing.
  const large = rows.filter((r) => !isSmall(r));
  const cells = [...groups(large, keyOfKernel)].map(([, group]): Cell[] => {
    const { kernel, state } = group[0]!.measured;
    const sizes = [...groups(group, (r) => sizeOf(r.measured.param))].map(([size, of]) => {
      const mean = meanOf(of.flatMap((r) => (r.error === null ? [] : [r.error])));
      return `${size}: ${mean === null ? '-' : (mean * 100).toFixed(1)}`;
    });
    return [kernel, state, sizes.join('  ')];
  });
  return { schema: 'upcall.validate-sizes/1.0', columns, keys: 2, rows: cells };
}

/** Totals by state over the stable rows of the judged kernels. */
export function stateSummary(rows: readonly ValidationRow[]): Table {
  const columns = [
    text('state', 'state of the data before the call'),
    integer('n', 'rows', 'neutral', 'stable rows judged by their ratio'),
    ratio('signed', '%', 'neutral', 'mean error', 1),
    ratio('absolute', '%', 'lower', 'mean absolute error', 1),
    ratio('worst', '%', 'lower', 'error of the worst row', 1),
    text('worst_row', 'its kernel, parameters and layout'),
    integer('small', 'rows', 'neutral', `stable rows below ${SMALL_CYCLES} cycles`),
    ratio('small_worst', 'cycles', 'lower', 'worst difference of a small row', 2),
  ];
  const cells = STATES.map((state): Cell[] => {
    const group = rows.filter((r) => r.judged && r.status === Status.ok && r.measured.state === state);
    const e = errorsOf(group);
    const small = group.filter(isSmall).map((r) => r.cycles! - r.measured.cycles);
    const worst = e.worst === undefined ? null : percent(e.worst.error);
    const where = e.worst === undefined ? '' : `${e.worst.measured.kernel} ${nameOf(e.worst)}`;
    const figures = [e.n, percent(e.signed), percent(e.absolute), worst, where];
    return [state, ...figures, small.length, farthest(small)];
  });
  return { schema: 'upcall.validate-states/1.0', columns, keys: 1, rows: cells };
}

/** The machine's own figures, row by row: no part of what a model is judged by. */
export function primitiveTable(rows: readonly ValidationRow[]): Table {
  const columns = [
    text('primitive', 'the measured operation'),
    text('param', 'its parameters'),
    text('state', 'state of the data before the call'),
    text('layout', 'pages the data is on'),
    text('status', 'as in validate.csv'),
    ratio('measured', 'cycles', 'neutral', 'median of the measurement', 2),
    ratio('predicted', 'cycles', 'neutral', 'what the model says', 2),
    ratio('error', '%', 'neutral', 'predicted / measured - 1', 1),
  ];
  const cells = rows.map(({ measured, status, cycles, error }): Cell[] => {
    const { kernel, param, state, layout } = measured;
    return [kernel, param, state, layout, status, measured.cycles, cycles, percent(error)];
  });
  return { schema: 'upcall.validate-primitives/1.0', columns, keys: 4, rows: cells };
}

/** The size a row is about: its number of sources, elements or ports, or what else it says first. */
function sizeOf(param: string): string {
  const match = /(?:^|;)(N|ports|pool|dist)=([^;]*)/g;
  const sizes = [...param.matchAll(match)].map((m) => m[2]!);
  return sizes.length > 0 ? sizes.join('/') : param;
}

function isSmall(r: ValidationRow): boolean {
  return r.cycles !== null && r.measured.cycles < SMALL_CYCLES;
}

function errorsOf(rows: readonly ValidationRow[]): Errors {
  const judged = rows.filter((r) => r.error !== null && !isSmall(r));
  let worst: ValidationRow | undefined;
  for (const r of judged) {
    if (worst === undefined || Math.abs(r.error!) > Math.abs(worst.error!)) worst = r;
  }
  const signed = judged.map((r) => r.error!);
  return { n: judged.length, signed: meanOf(signed), absolute: meanOf(signed.map(Math.abs)), worst };
}

function instructionError(r: ValidationRow): number[] {
  const { instructions } = r.measured;
  return instructions === null || r.instructions === null ? [] : [r.instructions / instructions - 1];
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, v) => sum + v, 0) / values.length;
}

function farthest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((far, v) => (Math.abs(v) > Math.abs(far) ? v : far));
}

function percent(value: number | null): number | null {
  return value === null ? null : value * 100;
}

function nameOf({ measured: { param, layout } }: ValidationRow): string {
  return `${param} ${layout}`;
}

function keyOfKernel({ measured: { kernel, state } }: ValidationRow): string {
  return `${kernel} ${state}`;
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const of = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = of.get(key);
    if (group === undefined) of.set(key, [item]);
    else group.push(item);
  }
  return of;
}
