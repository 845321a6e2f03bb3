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

/** What a sidecar says that is needed to know a report again. */
export interface KnownReport {
  readonly sha256: string;
  /** The same text for all reports of one command. */
  readonly origin: string;
}

/** A sidecar as read back; undefined for any other file. */
export function parseSidecar(text: string): KnownReport | undefined {
  let content: Partial<{ schema: unknown; sha256: unknown; provenance: Partial<Provenance> }> | null;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof content !== 'object' || content === null) return undefined;
  const { schema, sha256: hash, provenance } = content;
  if (typeof schema !== 'string' || !schema.startsWith('upcall.') || typeof hash !== 'string')
    return undefined;
  return provenance?.tool === 'upcall' ? { sha256: hash, origin: JSON.stringify(provenance) } : undefined;
}
