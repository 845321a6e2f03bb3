/** Blocks of a heading and a table each, for a terminal. */
import type { SummaryBlock } from '../lab/crossover/summary.ts';
import { alignedLines } from './text.ts';

/** The blocks, indented below their headings; what looks like a number is aligned to the right. */
export function blocksText(blocks: readonly SummaryBlock[]): string {
  return blocks
    .map(({ heading, header, rows }) => {
      const right = header.map((_, i) => rows.every((row) => /^-?[\d.]*$/.test(row[i] ?? '')));
      const lines = [header, ...rows].map((row) => ['', ...row]);
      return `${heading}\n${alignedLines(lines, [false, ...right])}`;
    })
    .join('\n');
}
