/** The comparison with a published table for a terminal. */
import type { Table } from '../model/table.ts';
import { formatText } from './text.ts';

const WIDTH = 108;
const INDENT = '  ';

/** Columns of the rows that fit on a terminal; breakdown and note stand below. */
const SHOWN = [
  'row',
  'used',
  'published_cycles',
  'predicted_cycles',
  'error_ratio',
  'within_goal',
  'low_cycles',
  'high_cycles',
  'inside',
];

/**
 * The rows, the variants, then breakdown and note of each row.
 *
 * @param heading what is compared with what
 */
export function publishedText(heading: string, main: Table, variants: Table): string {
  const at = (name: string) => main.columns.findIndex((c) => c.name === name);
  const [name, breakdown, note] = [at('row'), at('breakdown'), at('note')];
  const details = main.rows.map(
    (row) => `${row[name]}\n${wrapped(String(row[breakdown]))}${wrapped(String(row[note]))}`,
  );
  const under = formatText(variants, ['row', 'changes', 'predicted_cycles', 'error_ratio', 'what']);
  return [`${heading}\n`, formatText(main, SHOWN), `If the hosts were otherwise\n${under}`, ...details].join(
    '\n',
  );
}

function wrapped(text: string): string {
  const lines: string[] = [];
  let line = INDENT;
  for (const word of text.split(' ')) {
    if (line !== INDENT && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = INDENT;
    }
    line += line === INDENT ? word : ` ${word}`;
  }
  return `${[...lines, line].join('\n')}\n`;
}
