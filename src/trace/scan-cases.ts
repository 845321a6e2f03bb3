/**
 * Cases for `upcall scan --file`: CSV with the columns
 * id,generation,last_l1,last_l2,selector,pending,masked,not_enabled,unbound,arrivals and any behind them, which
 * are ignored. Port lists are separated by blanks, arrivals are `k:port`, the selector is hexadecimal.
 */
import { parse } from 'csv-parse/sync';
import { traceError } from '../model/errors.ts';
import type { Input } from './input.ts';
import { inputOf, readText } from './lines.ts';
import { MAX_PORTS } from './table.ts';

/** One case as the file states it. */
export interface ScanCaseRow {
  /** Line of the file, 1-based. */
  readonly line: number;
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

/**
 * Reads the cases of a file; a UserError (exit 6) with file and line for anything that is not one. A file that is
 * cut off is refused unless the cut is at the end of a line, where nothing tells.
 */
export async function readScanCases(from: string | Input): Promise<ScanCaseRow[]> {
  const file = inputOf(from).path;
  const whole = (await readText(from, `cases as CSV: ${COLUMNS.join(',')}`)).replaceAll('\r\n', '\n');
  if (!whole.endsWith('\n')) {
    const line = whole.split('\n').length;
    throw traceError({ file, line }, 'a last line without an end: the file is cut off', 'a line feed');
  }
  const [header, ...cases] = records(whole, file);
  const names = header?.record ?? [];
  const at = COLUMNS.map((name) => names.indexOf(name));
  const missing = COLUMNS.filter((_, i) => at[i]! < 0);
  if (missing.length > 0) throw traceError({ file, line: 1 }, `no column ${missing[0]}`, COLUMNS.join(','));
  if (cases.length === 0) throw traceError({ file, line: 2 }, 'the end of the file', 'at least one case');
  const needed = 1 + Math.max(...at);
  return cases.map(({ record, line }) => {
    const where = { file, line };
    if (record.length < needed) {
      throw traceError(where, `${record.length} columns`, `${needed} or more: ${COLUMNS.join(',')}`);
    }
    const field = (k: number) => record[at[k]!]!;
    const selector = field(4);
    if (!/^[0-9a-f]{1,16}$/i.test(selector))
      throw traceError(where, `selector "${selector}"`, 'up to 16 hex digits');
    const digits = selector.padStart(16, '0');
    return {
      line,
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

/** Records with the lines they end on. */
function records(text: string, file: string): Array<{ record: string[]; line: number }> {
  try {
    const parsed = parse(text, { info: true, relax_column_count: true, skip_empty_lines: true });
    return (parsed as unknown as Array<{ record: string[]; info: { lines: number } }>).map(
      ({ record, info }) => ({ record, line: info.lines }),
    );
  } catch (error) {
    throw traceError({ file }, error instanceof Error ? error.message : String(error), 'RFC 4180 CSV');
  }
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
