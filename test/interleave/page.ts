/** docs/interleavings.md, from the explorations. */
import { join } from 'node:path';
import { ROOT } from '../support/root.ts';
import { type Exploration, explore, Grain } from './explore.ts';
import { AFTER, BEFORE, NOTES } from './notes.ts';
import { FINDINGS } from './oracle.ts';
import { type NamedPlan, PAIRS, PLANS } from './scenarios.ts';
import type { Consumer } from './scene.ts';

/** The page. */
export const PAGE = join(ROOT, 'docs', 'interleavings.md');

/** Columns of a line of prose. */
const WIDTH = 125;

const done = new Map<string, Exploration>();

/** An exploration, made once. */
export function explored(consumer: Consumer, plan: NamedPlan, grain: number): Exploration {
  const key = `${consumer.name} ${plan.name} ${grain}`;
  let exploration = done.get(key);
  if (exploration === undefined) {
    exploration = explore(consumer, plan, grain);
    done.set(key, exploration);
  }
  return exploration;
}

/** What the page should contain now. */
export function makePage(): string {
  const parts = [...BEFORE, ...scenarios(), ...table(), '## The windows', ...windows(), ...AFTER];
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

function table(): string[] {
  const rows = PAIRS.map(({ plan, consumer }) => {
    const fine = explored(consumer, plan, Grain.access);
    const coarse = explored(consumer, plan, Grain.yields);
    const numbers = [
      text(fine.orders),
      fine.states,
      fine.depth,
      fine.words,
      fine.outcomes.size,
      text(coarse.orders),
      coarse.states,
      coarse.outcomes.size,
    ];
    return `| ${plan.name} | ${consumer.name} | ${numbers.join(' | ')} |`;
  });
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
    const shown = pairs.find(({ plan }) => plan.name === note.shownBy) ?? pairs[0];
    if (shown === undefined) return [];
    const { plan, consumer } = shown;
    const example = explored(consumer, plan, Grain.access).findings.get(finding)?.example ?? [];
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
