/** The main job's answer for a terminal. */
import type { StudySection } from '../lab/study.ts';

const WIDTH = 108;
/** Columns the labels take: of a section's lines, and of the break-even points. */
const SECTION_LABELS = 24;
const POINT_LABELS = 34;

/**
 * Sections with their lines wrapped, then the break-even points.
 *
 * @param out folder the reports were written to, if any
 */
export function studyText(
  sections: readonly StudySection[],
  breakEven: ReadonlyArray<readonly [string, string]>,
  guessedNote: string,
  out: string | undefined,
): string {
  const blocks = sections.map(
    ({ heading, lines }) => `${heading}\n${lines.map((line) => wrapped(line, SECTION_LABELS)).join('')}`,
  );
  const points = `When the search costs more with linear than with slist (the last isrc is the unused one)\n${breakEven
    .map((line) => wrapped(line, POINT_LABELS))
    .join('')}`;
  const files = out === undefined ? '' : `\nReports: ${out}\n`;
  return `${[...blocks, points].join('\n')}\n${guessedNote}\n${files}`;
}

function wrapped([label, text]: readonly [string, string], indent: number): string {
  const lines: string[] = [];
  let line = `  ${label}`.padEnd(indent);
  for (const part of text.split(/(?<=, )/)) {
    if ((line + part).trimEnd().length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += part;
  }
  return `${[...lines, line.trimEnd()].join('\n')}\n`;
}
