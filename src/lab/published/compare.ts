/** Published figures beside the model's: each row predicted, with its range and under the variants. */
import type { Cycle } from '../../model/units.ts';
import type { Machine } from '../../x86/machine.ts';
import { changedMachine } from './changed-machine.ts';
import type { PublishedRow } from './isca16.ts';
import type { Taken } from './path.ts';
import { machineAt } from './ranges.ts';
import { VARIANTS, type Variant } from './variants.ts';

/** The error up to which a prediction is called good. */
export const GOAL = 0.2;

/** A prediction under a variant. */
export interface Varied {
  readonly variant: Variant;
  readonly cycles: Cycle;
}

/** A row and what the model says about it. */
export interface ComparedRow {
  readonly row: PublishedRow;
  readonly taken: Taken;
  /** With the numbers of `RANGED` at their low and at their high ends. */
  readonly low: Cycle;
  readonly high: Cycle;
  /** Under the variants that make a difference; of predicted rows only. */
  readonly varied: readonly Varied[];
}

/** Predicts every row on a machine. */
export function compareRows(rows: readonly PublishedRow[], machine: Machine): ComparedRow[] {
  const [low, high] = [machineAt(machine, 'low'), machineAt(machine, 'high')];
  const variants = VARIANTS.map((variant) => ({
    variant,
    machine: changedMachine(machine, variant.numbers),
  }));
  return rows.map((row) => {
    const taken = row.predict(machine);
    const varied =
      row.sets !== undefined
        ? []
        : variants
            .map((v) => ({ variant: v.variant, cycles: row.predict(v.machine).cycles }))
            .filter((v) => v.cycles !== taken.cycles);
    return { row, taken, low: row.predict(low).cycles, high: row.predict(high).cycles, varied };
  });
}

/** predicted / published - 1. */
export function errorOf(row: PublishedRow, cycles: Cycle): number {
  return cycles / row.cycles - 1;
}
