/** The file beside a CSV that says what its columns mean, where it is from, and what its bytes hash to. */
import { createHash } from 'node:crypto';
import type { Table } from '../model/table.ts';

/** Where a result is from; everything that is the same for the same inputs and the same program. */
export interface Provenance {
  readonly tool: string;
  readonly version: string;
  /** Git revision of the program, null outside a checkout. */
  readonly revision: string | null;
  /** Whether the checkout had changes. */
  readonly dirty: boolean | null;
  /** The command line without the program's path. */
  readonly command: readonly string[];
  /** SHA-256 of each input file, by the name given. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The sidecar of a table whose CSV is `csv`. */
export function formatSidecar(table: Table, csv: string, provenance: Provenance): string {
  const sidecar = {
    schema: table.schema,
    rows: table.rows.length,
    sha256: sha256(csv),
    keys: table.columns.slice(0, table.keys).map((c) => c.name),
    columns: table.columns.map(({ name, type, unit, direction, what, digits }) => ({
      name,
      type,
      unit,
      direction,
      what,
      ...(digits === undefined ? {} : { digits }),
    })),
    provenance,
  };
  return `${JSON.stringify(sidecar, null, 2)}\n`;
}

/** SHA-256 of a text or of bytes, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
