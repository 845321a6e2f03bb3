/** The published tables that have a name on the command line. */
import { unknownName } from '../../model/errors.ts';
import { ISCA16, ISCA16_MACHINE, type PublishedRow } from './isca16.ts';

/** A published table. */
export interface PublishedTable {
  readonly name: string;
  /** Who published it, and where. */
  readonly source: string;
  /** The machine of this model that is nearest to the published one. */
  readonly machine: string;
  readonly rows: readonly PublishedRow[];
}

/** All of them. */
export const PUBLISHED: readonly PublishedTable[] = [
  {
    name: 'isca16',
    source: 'Dall et al., ISCA 2016, Table II, Xen x86 (figures from memory)',
    machine: ISCA16_MACHINE,
    rows: ISCA16,
  },
];

/** The table of that name; a UserError (exit 2) that lists the tables otherwise. */
export function publishedByName(name: string): PublishedTable {
  const table = PUBLISHED.find((t) => t.name === name);
  if (table !== undefined) return table;
  throw unknownName(
    'table',
    name,
    PUBLISHED.map((t) => t.name),
  );
}
