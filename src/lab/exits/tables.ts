/** What the comparison of a recording comes to, as tables. */
import { type Cell, type Column, integer, ratio, type Table, text } from '../../model/table.ts';
import { CLASSES } from './classes.ts';
import { type ClassTally, KINDS, type Kind, type Tally } from './tally.ts';

const WHAT: Readonly<Record<Kind, string>> = {
  intr: 'exits for a host interrupt (INTR)',
  inj: 'injections',
  window: 'entries with an armed window (INTR_WINDOW)',
  vintr: 'exits because a window opened (VINTR)',
  eoi: "exits for the EOI's MSR write",
  hlt: 'outcomes of HLT',
};

const COLUMNS: readonly Column[] = [
  text('class', 'what the target was doing when the upcall was raised; "all" is the sum'),
  integer('upcalls', 'upcalls', 'neutral', 'upcalls recorded or predicted'),
  integer('alike', 'upcalls', 'higher', 'upcalls whose predicted sequence is the recorded one, step by step'),
  ratio('alike_pct', '%', 'higher', 'alike of upcalls', 2),
  integer('given', 'upcalls', 'lower', 'upcalls whose send only the first recorded answer of Xen shows'),
  ...KINDS.flatMap((kind) => [
    integer(`${kind}_predicted`, 'records', 'neutral', `${WHAT[kind]}, predicted`),
    integer(`${kind}_recorded`, 'records', 'neutral', `${WHAT[kind]}, recorded`),
  ]),
  text('what', 'the class in words'),
];

/** One row for each class that the recording has, then the sum. */
export function exitsTable(tally: Tally | undefined): Table {
  const rows: Array<readonly Cell[]> = [];
  if (tally !== undefined) {
    CLASSES.forEach(({ name, what }, i) => {
      const c = tally.classes[i]!;
      if (c.upcalls > 0) rows.push(rowOf(name, c, what));
    });
    rows.push(rowOf('all', tally.total, ''));
  }
  return { schema: 'upcall.validate-exits/1.0', columns: COLUMNS, keys: 1, rows };
}

function rowOf(name: string, c: ClassTally, what: string): Cell[] {
  const share = c.upcalls === 0 ? null : (100 * c.alike) / c.upcalls;
  const counts = KINDS.flatMap((kind) => [c.predicted[kind], c.recorded[kind]]);
  return [name, c.upcalls, c.alike, share, c.read, ...counts, what];
}

/** One row for each kind of difference and class, with the first upcall that shows it. */
export function differencesTable(tally: Tally | undefined): Table {
  const columns = [
    text('difference', 'kind of the first step in which prediction and recording differ'),
    text('class', 'class of the upcall'),
    integer('upcalls', 'upcalls', 'lower', 'upcalls with this difference'),
    text('what', 'what it means'),
    integer('domain', '', 'neutral', 'domain of the first such upcall'),
    integer('vcpu', '', 'neutral', 'its vCPU'),
    integer('byte', 'B', 'neutral', 'offset of its first exit in the decompressed recording'),
    text('predicted', 'its predicted steps'),
    text('recorded', 'its recorded steps'),
  ];
  const rows = (tally?.differences ?? []).map((d): Cell[] => {
    const place = [d.vcpu >>> 16, d.vcpu & 0xffff, d.byte];
    return [d.name, CLASSES[d.classIndex]!.name, d.count, d.what, ...place, d.predicted, d.recorded];
  });
  return { schema: 'upcall.validate-exits-differences/1.0', columns, keys: 2, rows };
}
