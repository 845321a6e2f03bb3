/**
 * Machines that differ from another in a few named numbers: what one mechanism costs or saves. Which numbers
 * those are is what `upcall machines diff PARENT ABLATION` prints.
 */
import { derive, documented, guessed } from '../../model/params.ts';
import { defineMachine, type Machine, type MachineValues } from '../machine.ts';
import { SKYLAKE_SP, SKYLAKE_SP_VALUES } from './skylake-sp.ts';
import { ZEN5, ZEN5_VALUES } from './zen5.ts';

/** A machine with some numbers replaced; what was said about the validation of its parent is not true of it. */
function ablation(
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

/** `skylake-sp` with page-table isolation, which its kernels had on by default until Cascade Lake. */
export const SKYLAKE_SP_PTI = ablation(SKYLAKE_SP, SKYLAKE_SP_VALUES, 'pti', 'page-table isolation', {
  ptiCycles: documented(
    100,
    'Linux Documentation/x86/pti.rst: order of a hundred cycles for each CR3 write; upper end from memory',
    100,
    250,
  ),
});

/** `skylake-sp` whose kernel is compiled with retpolines. */
export const SKYLAKE_SP_RETPOLINE = ablation(SKYLAKE_SP, SKYLAKE_SP_VALUES, 'retpoline', 'retpolines', {
  retpolineCycles: guessed(
    27,
    'fact sheet, added to one predicted indirect call, Intel, from memory; the same was measured on Zen 5',
    20,
    40,
  ),
});

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
