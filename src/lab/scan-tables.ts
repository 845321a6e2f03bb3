/** Results of the pending scan as tables. */

import { GENERATIONS, generationByName } from '../intr/generations.ts';
import { traceError } from '../model/errors.ts';
import { type Cell, integer, type Table, text } from '../model/table.ts';
import type { ScanCaseRow } from '../trace/scan-cases.ts';
import type { ScanBench, ScanResult } from './scan.ts';
import type { Scenario } from './scenario.ts';

/** One call. */
export function scanTable(scenario: Scenario, r: ScanResult): Table {
  const schema = 'upcall.scan/1.0';
  const { machine, generation, cache } = scenario;
  return {
    schema,
    columns: [
      text('schema', 'name and version of this table'),
      text('machine', 'modelled machine'),
      text('guest', "the guest's kernel"),
      text('cache', 'state of the caches at the call'),
      text('validation', 'whether cycles of this machine were compared with silicon'),
      text('order', 'ports in the order in which they were served'),
      integer(
        'active_reads',
        'evaluations',
        'lower',
        'evaluations of pending & ~mask & enabled, or event words looked at',
      ),
      integer('cycles', 'cycles', 'lower', 'from the call of the C function to its return'),
      text('still_pending', 'ports pending after the call'),
      text('last_after', 'cursors after the call; none with the FIFO ABI'),
    ],
    keys: 4,
    rows: [
      [
        schema,
        machine.name,
        generation.name,
        cache,
        machine.validation,
        r.order.join(' '),
        r.activeReads,
        r.cycles,
        r.stillPending.join(' '),
        cursorText(r),
      ],
    ],
  };
}

function cursorText({ cursor }: ScanResult): string {
  return cursor === undefined ? 'none' : `${cursor.word}.${cursor.bit}`;
}

/**
 * Every case of a file: what was served, and the state after the call.
 *
 * @param file for errors: a case of an unknown generation is a UserError (exit 6)
 * @param benchOf the guest of a generation, made once
 */
export function casesTable(
  file: string,
  cases: readonly ScanCaseRow[],
  benchOf: (guest: string) => ScanBench,
): Table {
  const guests = GENERATIONS.filter((g) => g.abi === '2-level').map((g) => g.name);
  for (const { line, generation } of cases) {
    if (guests.includes(generation)) continue;
    throw traceError({ file, line }, `generation "${generation}"`, `one of ${guests.join(', ')}`);
  }
  const rows = cases.map((c): Cell[] => {
    const r = benchOf(generationByName(c.generation).name).run(c, false);
    return [c.id, c.generation, r.order.join(' '), r.stillPending.join(' '), cursorText(r)];
  });
  const columns = [
    text('id', 'the case, as the file names it'),
    text('generation', 'generation of the FreeBSD code'),
    text('order', 'ports in the order in which they were served'),
    text('still_pending', 'ports pending after the call, ascending'),
    text('last_after', 'cursors after the call: group.bit'),
  ];
  return { schema: 'upcall.scan-cases/1.0', columns, keys: 2, rows };
}
