/** The versions of the trace table that can be read. */
import { codesOf, type Dialect } from './dialect.ts';
import { KINDS, TARGETS, VERSION } from './table.ts';
import { FROM_VERSION_1 } from './upgrade-1.ts';
import { FROM_VERSION_2 } from './upgrade-2.ts';

/** Oldest first; the last one is what is written. */
export const DIALECTS: readonly Dialect[] = [
  FROM_VERSION_1,
  FROM_VERSION_2,
  { version: VERSION, kinds: codesOf(KINDS), targets: codesOf(TARGETS) },
];

/** The versions in words. */
export function readableVersions(): string {
  return DIALECTS.map((d) => d.version).join(' or ');
}
