/**
 * Which cache lines the run handed from core to core, dearest first: what a second look at a structure's layout
 * should begin with.
 *
 * `transfer_cycles` is what the directory charged for the transfers of a line. The cycles credited to the cause
 * `transfer` in `stages` are those for which retirement waited: fewer where transfers overlap with other work or
 * with one another (stores drain behind retirement, lines are fetched ahead), and with the wait for translations,
 * fill buffers and the path of lines on top, which the transfer's own latency does not have.
 */
import { type Cell, type Column, integer, sortRows, type Table, text } from '../model/table.ts';
import { nameLine } from '../x86/names.ts';
import type { LineCount } from '../x86/transfers.ts';
import type { Run } from './replay.ts';
import { KEYS, keysOf } from './run-keys.ts';

const SCHEMA = 'upcall.lines/1.0';

/** Lines of a run that have a row of their own; the row behind them sums the others. */
export const MOST_LINES = 256;

const COLUMNS: readonly Column[] = [
  ...KEYS,
  integer('rank', '', 'neutral', 'place by transfer cycles, then by address; from 1'),
  text('line', 'address of the line; empty in the row of the other lines'),
  text('object', 'what was placed there, both where two objects share the line'),
  text('fields', 'its fields on the line, or the functions of a line of text'),
  integer('read_transfers', 'transfers', 'lower', 'reads served by the caches of another core or socket'),
  integer(
    'write_transfers',
    'transfers',
    'lower',
    'requests to own the line that took it or its copies away from others',
  ),
  integer('other_socket_transfers', 'transfers', 'lower', 'those of both that crossed to the other socket'),
  integer('transfer_cycles', 'cycles', 'lower', 'what the transfers were charged, waited for or not'),
  integer('share_permille', '1/1000', 'lower', 'of the transfer cycles of all lines, rounded down'),
];

/** The rows of a run; none when no line was transferred. A ModelBug if the lines do not sum to the total. */
export function lineRows(run: Run): Cell[][] {
  const { memory, uncore } = run.vcpus.guest;
  const lines = uncore.transfers.lines();
  const { totalCycles } = uncore.transfers;
  const keys = keysOf(SCHEMA, run);
  const numbers = ({ reads, writes, remote, cycles }: Omit<LineCount, 'line'>) => [
    reads,
    writes,
    remote,
    cycles,
    totalCycles === 0 ? null : Math.floor((1000 * cycles) / totalCycles),
  ];
  const rows = lines.slice(0, MOST_LINES).map((count, i): Cell[] => {
    const { object, fields } = nameLine(memory, count.line);
    const address = `0x${(count.line << 6).toString(16)}`;
    return [...keys, i + 1, address, object, fields, ...numbers(count)];
  });
  const others = lines.slice(MOST_LINES);
  if (others.length === 0) return rows;
  const sum = (of: (l: LineCount) => number) => others.reduce((n, l) => n + of(l), 0);
  const rest = {
    reads: sum((l) => l.reads),
    writes: sum((l) => l.writes),
    remote: sum((l) => l.remote),
    cycles: sum((l) => l.cycles),
  };
  const name = '(other lines)';
  return [...rows, [...keys, MOST_LINES + 1, '', name, `${others.length} lines`, ...numbers(rest)]];
}

/** The lines of each run. */
export function linesTable(runs: ReadonlyArray<{ readonly lines: ReadonlyArray<readonly Cell[]> }>): Table {
  const keys = KEYS.length + 1;
  const rows = sortRows(
    runs.flatMap((r) => r.lines),
    keys,
  );
  return { schema: SCHEMA, columns: COLUMNS, keys, rows };
}
