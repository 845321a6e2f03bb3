/** Measured and predicted side by side: one row for each row of the file, in its order. */
import { UserError } from '../../model/errors.ts';
import { type Cell, type Column, ratio, type Table, text } from '../../model/table.ts';
import type { Machine } from '../../x86/machine.ts';
import type { Measurement } from './measurements.ts';
import { isJudged, predict } from './predict.ts';
import type { Prediction } from './protocol.ts';

/** Status of a row. */
export const Status = { ok: 'ok', unstable: 'unstable', notModelled: 'not_modelled' } as const;

/** One of the values of `Status`. */
export type StatusName = (typeof Status)[keyof typeof Status];

/** The spread of a measurement's single runs from which on it is called unstable. */
const MOST_SPREAD = 1.3;

/** A measurement and what the model says. */
export interface ValidationRow {
  readonly measured: Measurement;
  readonly status: StatusName;
  readonly judged: boolean;
  readonly cycles: number | null;
  readonly instructions: number | null;
  /** predicted / measured - 1; null where one of them is missing or the measured figure is not positive. */
  readonly error: number | null;
  readonly reason: string;
}

/** Predicts every row on a machine. */
export function validate(rows: readonly Measurement[], machine: Machine): ValidationRow[] {
  return rows.map((measured) => {
    const judged = isJudged(measured.kernel);
    const prediction = predicted(measured, machine);
    if ('reason' in prediction) {
      const none = { cycles: null, instructions: null, error: null };
      return { measured, status: Status.notModelled, judged, ...none, reason: prediction.reason };
    }
    const { cycles, instructions } = prediction.figure;
    const error = measured.cycles > 0 ? cycles / measured.cycles - 1 : null;
    return { measured, status: statusOf(measured), judged, cycles, instructions, error, reason: '' };
  });
}

/** A row whose parameters mean nothing here is kept too, with what is wrong with it. */
function predicted(measured: Measurement, machine: Machine): Prediction {
  try {
    return predict(measured, machine);
  } catch (error) {
    if (error instanceof UserError) return { reason: error.message };
    throw error;
  }
}

/** `unstable` when the single runs of a measurement differ too much. */
export function statusOf({ runs }: Measurement): StatusName {
  return runs !== null && runs[1] > MOST_SPREAD * runs[0] ? Status.unstable : Status.ok;
}

const COLUMNS: readonly Column[] = [
  text('kernel', 'the measured function'),
  text('param', 'its parameters'),
  text('state', 'state of the data before the call'),
  text('layout', 'stride and order of the objects'),
  text('status', 'ok; unstable: single runs of the measurement differ by over 30 %; not_modelled'),
  ratio('measured_core_cycles', 'cycles', 'neutral', 'median of the measurement', 2),
  ratio('predicted_core_cycles', 'cycles', 'neutral', 'what the model says', 2),
  ratio('error_ratio', '', 'neutral', 'predicted / measured - 1', 4),
  ratio('measured_instructions', 'instructions', 'neutral', 'counted by callgrind', 2),
  ratio('predicted_instructions', 'instructions', 'neutral', 'counted by the model', 2),
  text('reason', 'why a row is not modelled'),
];

/** The rows as a table. Its rows stand as in the input, which may hold a case twice. */
export function validationTable(rows: readonly ValidationRow[]): Table {
  const cells = rows.map((r): Cell[] => {
    const { kernel, param, state, layout, cycles, instructions } = r.measured;
    const figures = [cycles, r.cycles, r.error, instructions, r.instructions];
    return [kernel, param, state, layout, r.status, ...figures, r.reason];
  });
  return { schema: 'upcall.validate/1.0', columns: COLUMNS, keys: 4, rows: cells };
}
