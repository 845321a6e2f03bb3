/** The kinds of seeded loads. Adding one is a file and a line here. */
import { unknownName } from '../../model/errors.ts';
import { BOOT_STORM } from './boot-storm.ts';
import { BURSTY } from './bursty.ts';
import { CHURN } from './churn.ts';
import { DOM0 } from './dom0.ts';
import { DOMU } from './domu.ts';
import { IPI_STORM } from './ipi-storm.ts';
import type { LoadKind } from './load.ts';
import { NETFRONT } from './netfront.ts';
import { POISSON } from './poisson.ts';
import { TIMER } from './timers.ts';

/** All kinds, in the order in which they are listed. */
export const LOAD_KINDS: readonly LoadKind[] = [
  POISSON,
  BURSTY,
  TIMER,
  IPI_STORM,
  NETFRONT,
  CHURN,
  BOOT_STORM,
  DOM0,
  DOMU,
];

/** The kind of that name; a UserError (exit 2) with the nearest name otherwise. */
export function loadKind(name: string): LoadKind {
  const kind = LOAD_KINDS.find((k) => k.name === name);
  if (kind !== undefined) return kind;
  throw unknownName(
    'kind',
    name,
    LOAD_KINDS.map((k) => k.name),
  );
}

/** One line for each kind, with its numbers: for help. */
export function loadKindsText(): string {
  return LOAD_KINDS.map(({ name, what, params }) => {
    const numbers = Object.entries(params).map(([key, p]) => `${key} (${p.unit}, ${p.value}): ${p.what}`);
    return [`${name}: ${what}`, ...numbers.map((line) => `    ${line}`)].join('\n');
  }).join('\n');
}
