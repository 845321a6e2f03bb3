/** Blocks of a heading and a table each, for a terminal or a page. */
import type { SummaryBlock } from '../lab/crossover/summary.ts';
import { markdownRows } from './markdown.ts';
import { alignedLines } from './text.ts';

/** Which columns look like numbers, and are aligned to the right. */
function numeric({ header, rows }: SummaryBlock): boolean[] {
  return header.map((_, i) => rows.every((row) => /^-?[\d.]*$/.test(row[i] ?? '')));
}

/** The blocks as lines, indented below their headings. */
export function blocksText(blocks: readonly SummaryBlock[]): string {
  return blocks
    .map((block) => {
      const lines = [block.header, ...block.rows].map((row) => ['', ...row]);
      return `${block.heading}\n${alignedLines(lines, [false, ...numeric(block)])}`;
    })
    .join('\n');
}

/** The blocks as Markdown. */
export function blocksMarkdown(blocks: readonly SummaryBlock[]): string {
  return blocks
    .map((block) => `${block.heading}:\n\n${markdownRows(block.header, block.rows, numeric(block))}\n`)
    .join('\n');
}
