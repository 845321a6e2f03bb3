/** The header of a trace table, whatever form it is read from: its notes checked, the three that every table has taken out. */

import type { Fault } from './row-state.ts';
import { MAX_VCPUS, type TraceHeader } from './table.ts';

/** Bounds of what a file may say about itself. */
export const MOST_NOTES = 1000;
export const LONGEST_KEY = 64;
export const LONGEST_VALUE = 4000;
const LONGEST_NAME = 200;

/** What is wrong with a note, if anything. Keys and values end up in messages, reports and other files. */
export function noteFault(key: string, value: string): Fault | undefined {
  if (!/^[a-z0-9_]+$/.test(key) || key.length > LONGEST_KEY)
    return [`a key ${shown(key)}`, `1 to ${LONGEST_KEY} characters of a-z, 0-9 and _`];
  if (!/^[\x20-\x7e]*$/.test(value)) return [`${key} ${shown(value)}`, 'printable ASCII'];
  const most = key === 'name' ? LONGEST_NAME : LONGEST_VALUE;
  if (value.length > most) return [`${key} of ${value.length} characters`, `at most ${most}`];
  return undefined;
}

/** The header that these notes make, or what is wrong with them and at which note (-1: one is missing). */
export function headerOf(
  version: number,
  all: ReadonlyArray<readonly [key: string, value: string]>,
): TraceHeader | { readonly at: number; readonly fault: Fault } {
  const find = (key: string) => all.findIndex(([k]) => k === key);
  for (const key of ['name', 'clock_hz', 'vcpus']) {
    if (find(key) < 0) return { at: -1, fault: ['a header without it', `"# ${key}: ..."`] };
  }
  const taken = { name: find('name'), clock: find('clock_hz'), vcpus: find('vcpus') };
  const clockHz = integerIn(all[taken.clock]![1], 1000, 1e10);
  if (clockHz === undefined) return fault(taken.clock, 'clock_hz', 1000, 1e10);
  const vcpus = integerIn(all[taken.vcpus]![1], 1, MAX_VCPUS);
  if (vcpus === undefined) return fault(taken.vcpus, 'vcpus', 1, MAX_VCPUS);
  const own = new Set([taken.name, taken.clock, taken.vcpus]);
  const notes = all.filter((_, i) => !own.has(i));
  const again = all.findIndex(([k], i) => !own.has(i) && ['name', 'clock_hz', 'vcpus'].includes(k));
  if (again >= 0) return { at: again, fault: [`"# ${all[again]![0]}: ..." again`, 'it once'] };
  return { version, name: all[taken.name]![1], clockHz, vcpus, notes };

  function fault(at: number, key: string, low: number, high: number) {
    return { at, fault: [`${key} ${shown(all[at]![1])}`, `an integer ${low}..${high}`] as const };
  }
}

/** All notes of a header, those that every table has first: what is written. */
export function notesOf(header: TraceHeader): Array<readonly [key: string, value: string]> {
  return [
    ['name', header.name],
    ['clock_hz', String(header.clockHz)],
    ['vcpus', String(header.vcpus)],
    ...header.notes,
  ];
}

function integerIn(text: string, low: number, high: number): number | undefined {
  const value = Number(text);
  return /^\d{1,15}$/.test(text) && value >= low && value <= high ? value : undefined;
}

/** Untrusted text in a message: bounded, and without control characters. */
export function shown(text: string): string {
  const some = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return `"${some.replace(/[^\x20-\x7e]/g, '?')}"`;
}
