/** The schedulers that have a name on the command line. */
import { unknownName } from '../../model/errors.ts';
import { Credit2 } from './credit2.ts';
import { NullScheduler } from './null.ts';
import type { Scheduler } from './scheduler.ts';

/** Names of the schedulers, the default first. */
export const SCHEDULERS = ['credit2', 'null'] as const;

/** The name, if there is a scheduler of that name; a UserError (exit 2) with the nearest one otherwise. */
export function schedulerByName(name: string): string {
  if (!SCHEDULERS.some((s) => s === name)) throw unknownName('scheduler', name, SCHEDULERS);
  return name;
}

/** A new scheduler of a known name. */
export function newScheduler(name: string): Scheduler {
  return name === 'null' ? new NullScheduler() : new Credit2();
}
