/**
 * Cases for `upcall scan --file`: CSV with the columns
 * id,generation,last_l1,last_l2,selector,pending,masked,not_enabled,unbound,arrivals and any behind them, which
 * are ignored. Port lists are separated by blanks, arrivals are `k:port`, the selector is hexadecimal.
 */
import { parse } from 'csv-parse/sync';
import { traceError } from '../model/errors.ts';
import { readLineBlocks } from './lines.ts';
import { MAX_PORTS } from './table.ts';

/** One case as the file states it. */
export interface ScanCaseRow {
  readonly id: string;
  readonly generation: string;
  readonly lastL1: number;
  readonly lastL2: number;
  readonly selectorLo: number;
  readonly selectorHi: number;
  readonly pending: number[];
  readonly masked: number[];
  readonly notEnabled: number[];
  readonly unbound: number[];
  readonly arrivals: Array<{ during: number; port: number }>;
}

const COLUMNS = [
  'id',
  'generation',
  'last_l1',
  'last_l2',
  'selector',
  'pending',
  'masked',
  'not_enabled',
  'unbound',
  'arrivals',
] as const;

/** Reads the cases of a file; a UserError (exit 6) with file and line for anything that is not one. */
export async function readScanCases(file: string): Promise<ScanCaseRow[]> {
  let whole = '';
  for await (const block of readLineBlocks(file)) whole += `${block.join('\n')}\n`;
  let records: string[][];
  try {
    records = parse(whole, { relax_column_count: true, skip_empty_lines: true });
  } catch (error) {
    throw traceError({ file }, error instanceof Error ? error.message : String(error), 'RFC 4180 CSV');
  }
  const header = records[0] ?? [];
  const at = COLUMNS.map((name) => header.indexOf(name));
  const missing = COLUMNS.filter((_, i) => at[i]! < 0);
  if (missing.length > 0) throw traceError({ file, line: 1 }, `no column ${missing[0]}`, COLUMNS.join(','));
  if (records.length === 1) throw traceError({ file, line: 2 }, 'the end of the file', 'at least one case');
  return records.slice(1).map((record, i) => {
    const field = (k: number) => record[at[k]!] ?? '';
    const where = { file, line: i + 2 };
    const selector = field(4);
    if (!/^[0-9a-f]{1,16}$/i.test(selector))
      throw traceError(where, `selector "${selector}"`, 'up to 16 hex digits');
    const digits = selector.padStart(16, '0');
    return {
      id: field(0),
      generation: field(1),
      lastL1: integer(field(2), 63, 'last_l1', where),
      lastL2: integer(field(3), 63, 'last_l2', where),
      selectorLo: Number.parseInt(digits.slice(8), 16) | 0,
      selectorHi: Number.parseInt(digits.slice(0, 8), 16) | 0,
      pending: ports(field(5), 'pending', where),
      masked: ports(field(6), 'masked', where),
      notEnabled: ports(field(7), 'not_enabled', where),
      unbound: ports(field(8), 'unbound', where),
      arrivals: words(field(9)).map((word) => {
        const [during, port] = word.split(':');
        return {
          during: integer(during ?? '', MAX_PORTS, 'arrivals', where),
          port: integer(port ?? '', MAX_PORTS - 1, 'arrivals', where),
        };
      }),
    };
  });
}

type Where = { file: string; line: number };

function words(text: string): string[] {
  return text.split(' ').filter((w) => w !== '');
}

function ports(text: string, column: string, where: Where): number[] {
  return words(text).map((w) => integer(w, MAX_PORTS - 1, column, where));
}

function integer(text: string, max: number, column: string, where: Where): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > max) {
    throw traceError(where, `${column} "${text.slice(0, 20)}"`, `an integer 0..${max}`);
  }
  return value;
}
