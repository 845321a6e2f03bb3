/** Options that end up in the header of a trace table. */
import { usageError } from '../model/errors.ts';
import { integer } from './options.ts';

/** A rate that a table's header may have, ticks per second; a UserError (exit 2) for another. */
export function clockRate(text: string): number {
  const hz = integer(text, 'clock-hz');
  if (hz < 1000 || hz > 1e10) throw usageError(`--clock-hz expects 1000..10000000000, found ${text}`);
  return hz;
}

/** A line of the header that a user adds, from key=value; a UserError (exit 2) for what is none. */
export function headerNote(text: string): [key: string, value: string] {
  const m = /^([a-z0-9_]{1,64})=([\x20-\x7e]{1,256})$/.exec(text);
  if (m === null) throw usageError(`--note expects key=value, key of a-z, 0-9 and _, found "${text}"`);
  if (['name', 'clock_hz', 'vcpus'].includes(m[1]!)) throw usageError(`--note cannot set ${m[1]}`);
  return [m[1]!, m[2]!];
}
