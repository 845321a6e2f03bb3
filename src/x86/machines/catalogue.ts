/** The machines that have a name on the command line. Adding one is a file and a line here. */
import { unknownName } from '../../model/errors.ts';
import type { Machine } from '../machine.ts';
import { SKYLAKE_SP } from './skylake-sp.ts';
import { ZEN5 } from './zen5.ts';

/** All machines, in the order in which they are listed. */
export const MACHINES: readonly Machine[] = [ZEN5, SKYLAKE_SP];

/** The machine of that name; a UserError (exit 2) with the nearest name otherwise. */
export function machineByName(name: string): Machine {
  const machine = MACHINES.find((m) => m.name === name);
  if (machine === undefined)
    throw unknownName(
      'machine',
      name,
      MACHINES.map((m) => m.name),
    );
  return machine;
}
