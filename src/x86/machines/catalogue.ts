/** The machines that have a name on the command line. Adding one is a file and a line here. */
import { unknownName } from '../../model/errors.ts';
import type { Machine } from '../machine.ts';
import { SKYLAKE_SP_NO_PREFETCH, ZEN5_NO_PREFETCH } from './ablations.ts';
import { ICE_LAKE_SP } from './ice-lake-sp.ts';
import {
  SAPPHIRE_RAPIDS_BHB,
  SAPPHIRE_RAPIDS_IBRS,
  SKYLAKE_SP_IBPB,
  SKYLAKE_SP_IBRS,
  SKYLAKE_SP_MDS,
  SKYLAKE_SP_MITIGATED,
  SKYLAKE_SP_PTI,
  SKYLAKE_SP_RETPOLINE,
  ZEN4_SRSO,
} from './mitigations.ts';
import { SANDY_BRIDGE_EN } from './sandy-bridge-en.ts';
import { SAPPHIRE_RAPIDS } from './sapphire-rapids.ts';
import { SKYLAKE_SP } from './skylake-sp.ts';
import { ZEN2 } from './zen2.ts';
import { ZEN3 } from './zen3.ts';
import { ZEN4 } from './zen4.ts';
import { ZEN5 } from './zen5.ts';

/** All machines, in the order in which they are listed: oldest to newest of each maker, then ablations. */
export const MACHINES: readonly Machine[] = [
  ZEN2,
  ZEN3,
  ZEN4,
  ZEN5,
  SANDY_BRIDGE_EN,
  SKYLAKE_SP,
  ICE_LAKE_SP,
  SAPPHIRE_RAPIDS,
  ZEN5_NO_PREFETCH,
  ZEN4_SRSO,
  SKYLAKE_SP_PTI,
  SKYLAKE_SP_RETPOLINE,
  SKYLAKE_SP_IBRS,
  SKYLAKE_SP_MDS,
  SKYLAKE_SP_IBPB,
  SKYLAKE_SP_MITIGATED,
  SKYLAKE_SP_NO_PREFETCH,
  SAPPHIRE_RAPIDS_IBRS,
  SAPPHIRE_RAPIDS_BHB,
];

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
