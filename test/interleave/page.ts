/** docs/interleavings.md, from the explorations. */
import { join } from 'node:path';
import { ROOT } from '../support/root.ts';
import { type Explorations, exploreBoth } from './explore.ts';
import { AFTER, BEFORE, NOTES } from './notes.ts';
import { FINDINGS } from './oracle.ts';
import { PAIRS, type Pair, PLANS } from './scenarios.ts';

/** The page. */
export const PAGE = join(ROOT, 'docs', 'interleavings.md');

/** Columns of a line of prose. */
const WIDTH = 125;

const done = new Map<string, Explorations>();

/** The explorations of a pair, made once; those of a long one in all orders only. */
export function explored({ consumer, plan, long }: Pair): Explorations {
  const key = `${consumer.name} ${plan.name}`;
  let explorations = done.get(key);
  if (explorations === undefined) {
    explorations = exploreBoth(consumer, plan, !long);
    done.set(key, explorations);
  }
  return explorations;
}

/** A row of the table: made by exploring, or taken from an old page. */
export type RowOf = (pair: Pair) => string;

/** What the page should contain now. @param longRow row of a pair that is too long for `npm test` */
export function makePage(longRow: RowOf): string {
  const rows = PAIRS.map((pair) => (pair.long ? longRow(pair) : row(pair)));
  const parts = [...BEFORE, ...scenarios(), ...table(rows), '## The windows', ...windows(), ...AFTER];
  return `${parts.map((part) => (/^(#|\||```)/.test(part) ? part : wrap(part))).join('\n\n')}\n`;
}

/** Prose or a list in lines of at most `WIDTH` columns. */
function wrap(part: string): string {
  const items = part.startsWith('- ') ? part.split(/\n(?=- )/) : [part];
  return items
    .map((item) => {
      const lines: string[] = [];
      let line = '';
      for (const word of item.split(/\s+/)) {
        if (line !== '' && line.length + 1 + word.length > WIDTH) {
          lines.push(line);
          line = item.startsWith('- ') ? `  ${word}` : word;
        } else line = line === '' ? word : `${line} ${word}`;
      }
      return [...lines, line].join('\n');
    })
    .join('\n');
}

function scenarios(): string[] {
  const lines = PLANS.map((plan) => `- **${plan.name}**: ${plan.what}.`);
  return [
    '## The scenarios',
    'Each has one vCPU that takes interrupts and scans, and beside it:',
    lines.join('\n'),
  ];
}

/** A row of the table, up to its numbers. */
export const rowStart = ({ plan, consumer }: Pair) => `| ${plan.name} | ${consumer.name} | `;

/** A row of the table, by exploring. */
export function row(pair: Pair): string {
  const { fine, coarse } = explored(pair);
  const numbers = [
    text(fine.orders),
    fine.states,
    fine.depth,
    fine.words,
    fine.outcomes.size,
    ...(coarse === undefined ? ['', '', ''] : [text(coarse.orders), coarse.states, coarse.outcomes.size]),
  ];
  return `${rowStart(pair)}${numbers.join(' | ')} |`;
}

function table(rows: readonly string[]): string[] {
  const head = [
    '| scenario | consumer | orders | states | steps | words | outcomes | orders, own turns | states | outcomes |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ];
  return ['## The numbers', [...head, ...rows].join('\n')];
}

/** A count: exact to twelve digits, above that three digits and a power of ten. */
function text(n: bigint): string {
  const digits = n.toString();
  if (digits.length <= 12) return digits;
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`;
}

function windows(): string[] {
  return FINDINGS.flatMap((finding) => {
    const note = NOTES[finding];
    const pairs = PAIRS.filter(({ windows }) => windows.includes(finding));
    const short = pairs.filter(({ long }) => !long);
    const shown = short.find(({ plan }) => plan.name === note.shownBy) ?? short[0];
    if (shown === undefined) return [];
    const { plan, consumer } = shown;
    const example = explored(shown).fine.findings.get(finding)?.example ?? [];
    const where = PLANS.filter((p) => pairs.some((pair) => pair.plan === p)).map(
      ({ name }) =>
        `\`${name}\` (${pairs
          .filter((pair) => pair.plan.name === name)
          .map((pair) => pair.consumer.name)
          .join(', ')})`,
    );
    return [
      `### ${finding[0]!.toUpperCase()}${finding.slice(1)}`,
      note.text,
      `Found in ${where.join('; ')}. A shortest order, in \`${plan.name}\` on ${consumer.name}:`,
      ['```', ...example, '```'].join('\n'),
    ];
  });
}
