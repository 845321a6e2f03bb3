/**
 * Machines that differ from another in a few named numbers: what one mechanism costs or saves. Which numbers
 * those are is what `upcall machines diff PARENT ABLATION` prints.
 */
import { derive, documented } from '../../model/params.ts';
import { defineMachine, type Machine, type MachineValues } from '../machine.ts';
import { SKYLAKE_SP, SKYLAKE_SP_VALUES } from './skylake-sp.ts';
import { ZEN5, ZEN5_VALUES } from './zen5.ts';

/** A machine with some numbers replaced, named after it; what was said about the validation of its parent is not true of it. */
export function ablation(
  parent: Machine,
  values: MachineValues,
  suffix: string,
  what: string,
  changes: Partial<MachineValues>,
): Machine {
  const name = `${parent.name}-${suffix}`;
  return defineMachine(name, `${parent.title}, ${what}`, 'unvalidated', derive(values, changes));
}

const OFF = documented(0, 'off in this machine, whatever the silicon does');
const NO_PREFETCH = { adjacentPrefetch: OFF, stridePrefetch: OFF, streamPrefetch: OFF };

/** `skylake-sp` without hardware prefetch. */
export const SKYLAKE_SP_NO_PREFETCH = ablation(
  SKYLAKE_SP,
  SKYLAKE_SP_VALUES,
  'no-prefetch',
  'no hardware prefetch',
  NO_PREFETCH,
);

/** `zen5` without hardware prefetch. */
export const ZEN5_NO_PREFETCH = ablation(
  ZEN5,
  ZEN5_VALUES,
  'no-prefetch',
  'no hardware prefetch',
  NO_PREFETCH,
);
