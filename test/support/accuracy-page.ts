/** docs/accuracy.md, from the validation of the ground truth and the numbers of the machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strategyByName } from '../../src/intr/alloc/strategies.ts';
import { breakEven } from '../../src/lab/break-even.ts';
import { CACHE_STATES, DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { readMeasurements } from '../../src/lab/validate/measurements.ts';
import { Status, type ValidationRow, validate } from '../../src/lab/validate/rows.ts';
import { STATES } from '../../src/lab/validate/states.ts';
import { kernelSummary, SMALL_CYCLES, stateSummary } from '../../src/lab/validate/summary.ts';
import type { Table } from '../../src/model/table.ts';
import { markdown } from '../../src/report/markdown.ts';
import { MACHINE, type Machine } from '../../src/x86/machine.ts';
import { COUNTS, elements, MISFITS, PRIMITIVES, UNVALIDATED } from './accuracy-notes.ts';
import { strategySection } from './accuracy-strategies.ts';
import { wrap } from './markdown.ts';
import { ROOT } from './root.ts';

/** The page. */
export const PAGE = join(ROOT, 'docs', 'accuracy.md');

const TRUTH = join('test', 'groundtruth');
/** Errors from which on a group of rows, or a primitive, is listed as a misfit, in %. */
const LARGE = 10;
/** Words in a number's source that say it was set by the ground truth or by this project's own measurements. */
const SOURCES = [
  [/ground truth of this project, primitives, EPYC Turin in a KVM guest/g, 'ground truth'],
  [/this project, microbenchmark on EPYC Turin in a KVM guest \(docs\/core-timing\.md\)/g, 'own'],
  [/fact sheet, measured on EPYC Turin \(family 26 model 2\) in a KVM guest/g, 'fact sheet'],
] as const;

/** What the page should contain now. */
export async function makeAccuracyPage(): Promise<string> {
  const { machine } = scenarioOf(DEFAULT_NAMES);
  const rows = validate(await readMeasurements(join(ROOT, TRUTH, 'zen5-dev.csv')), machine);
  const judged = inOrder(rows.filter((r) => r.judged && r.cycles !== null));
  const stable = judged.filter((r) => r.status === Status.ok);
  const parts = [
    ...whatWasMeasured(rows, judged, stable),
    '## Error by kernel and state',
    ...errorsByKernel(stable),
    `## Rows below ${SMALL_CYCLES} cycles`,
    ...smallRows(stable),
    '## Instructions',
    ...instructions(judged),
    '## Trends',
    ...trends(stable),
    '## Break-even of the linear scan against the free list',
    ...breakEvens(judged, machine),
    '## The search of each strategy',
    ...strategySection(stable),
    '## Known misfits',
    ...misfits(stable),
    '## What is not validated',
    UNVALIDATED.map((u) => `- ${u}`).join('\n'),
    '## Numbers set by measurement',
    ...numbers(rows, machine),
  ];
  return `${parts.map((part) => (/^[#|-]/.test(part) ? part : wrap(part))).join('\n\n')}\n`;
}

/** By kernel as they come in the file, and by state. */
function inOrder(rows: readonly ValidationRow[]): ValidationRow[] {
  const kernels = [...new Set(rows.map((r) => r.measured.kernel))];
  const states: readonly string[] = STATES;
  const place = ({ measured: m }: ValidationRow) =>
    kernels.indexOf(m.kernel) * states.length + states.indexOf(m.state);
  return [...rows].sort((a, b) => place(a) - place(b));
}

function whatWasMeasured(
  rows: readonly ValidationRow[],
  judged: readonly ValidationRow[],
  stable: readonly ValidationRow[],
): string[] {
  const readme = readFileSync(join(ROOT, TRUTH, 'README.md'), 'utf8');
  const method = /## Method\n\n([\s\S]*?)\n\n## /.exec(readme)![1]!;
  const about = /^# .*\n\n([\s\S]*?)\n\n/.exec(readme)![1]!;
  const all = judged.map((r) => ({ ...r, status: Status.ok }));
  return [
    '# Accuracy',
    `*Written by \`npm run accuracy\` from the validation of the ground truth; a test compares it with what the model says now.*`,
    '## What was measured',
    about,
    `Method. ${method}`,
    `**These rows were seen while the model was made.** Its numbers were set by the primitives of the same file (last section), and
    the kernels were compared again and again. So this page says how well the model fits what it was made with; how well it
    predicts is for the half that was kept.`,
    '## How a figure is compared',
    `The model runs the same protocol: the function between two fences, less an empty one, on data in the row's state. The error
    is predicted / measured - 1 of core cycles; \`signed\` and \`absolute\` are means, and all errors are in %. Below ${SMALL_CYCLES} cycles
    (\`small\`) a row is compared by its difference in cycles. ${judged.length} of ${rows.length} rows are judged; the others are primitives.
    ${judged.length - stable.length} judged rows are unstable: their single runs differ by over 30 %.`,
    'The totals over stable rows, as everything below unless it says otherwise, and over all judged rows:',
    markdown(totals(stateSummary(stable), stateSummary(all))),
  ];
}

/** Two summaries by state as one, the rows told apart by a word behind the state. */
function totals(stable: Table, all: Table): Table {
  const marked = (table: Table, word: string) =>
    table.rows.map(([state, ...rest]) => [`${state}, ${word}`, ...rest]);
  return { ...stable, rows: [...marked(stable, 'stable'), ...marked(all, 'all')] };
}

function errorsByKernel(stable: readonly ValidationRow[]): string[] {
  const large = stable.filter((r) => r.measured.cycles >= SMALL_CYCLES);
  const several = [...groups(large, (r) => `${r.measured.kernel} ${r.measured.state}`).values()].filter(
    (g) => g.length > 1,
  );
  const many = several.flat();
  const single = large.filter((r) => !many.includes(r));
  const lines = [
    ...groups(single, (r) => `\`${r.measured.kernel}\` | ${r.measured.param} ${r.measured.layout}`),
  ].map(([name, of]) => {
    const cells = STATES.map((s) =>
      of.filter((r) => r.measured.state === s).map((r) => (r.error! * 100).toFixed(1)),
    );
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return [
    markdown(kernelSummary(many), ['kernel', 'state', 'n', 'signed', 'absolute', 'worst', 'worst_row']),
    'Kernels with one row a state:',
    [
      `| kernel | parameters | ${STATES.join(' | ')} |`,
      `| --- | --- |${' ---: |'.repeat(STATES.length)}`,
      ...lines,
    ].join('\n'),
  ];
}

function smallRows(stable: readonly ValidationRow[]): string[] {
  const small = stable.filter((r) => r.measured.cycles < SMALL_CYCLES);
  const lines = [...groups(small, (r) => `\`${r.measured.kernel}\` | ${r.measured.state}`)].map(
    ([name, of]) => {
      const differences = of.map((r) => r.cycles! - r.measured.cycles);
      const mean = meanOf(differences.map(Math.abs))!;
      const worst = of.reduce((a, b) =>
        Math.abs(b.cycles! - b.measured.cycles) > Math.abs(a.cycles! - a.measured.cycles) ? b : a,
      );
      const figures = `${worst.measured.cycles.toFixed(2)} | ${worst.cycles!.toFixed(2)}`;
      return `| ${name} | ${of.length} | ${mean.toFixed(2)} | ${figures} | ${worst.measured.param} |`;
    },
  );
  return [
    'Cycles; a ratio would say nothing.',
    [
      '| kernel | state | n | mean absolute difference | worst: measured | modelled | its parameters |',
      '| --- | --- | ---: | ---: | ---: | ---: | --- |',
      ...lines,
    ].join('\n'),
  ];
}

function instructions(judged: readonly ValidationRow[]): string[] {
  const exact: string[] = [];
  const close: string[] = [];
  const others: string[] = [];
  const counted = judged.filter((r) => r.measured.instructions !== null);
  for (const [kernel, of] of groups(counted, (r) => r.measured.kernel)) {
    const errors = of.map((r) => (r.instructions! / r.measured.instructions! - 1) * 100);
    const worst = errors.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    if (Math.abs(worst) < 0.05) exact.push(`\`${kernel}\``);
    else if (Math.abs(worst) < 1) close.push(`\`${kernel}\``);
    else {
      const { param } = of[errors.indexOf(worst)]!.measured;
      others.push(
        `| \`${kernel}\` | ${of.length} | ${meanOf(errors.map(Math.abs))!.toFixed(2)} | ${worst.toFixed(2)} | ${param} |`,
      );
    }
  }
  const why = COUNTS.map(([kernel, text]) => `\`${kernel}\`: ${text}`).join('. ');
  return [
    `Against callgrind's count of each call, unstable rows too. Exact in every row: ${exact.join(', ')}. Within 1 %:
    ${close.join(', ')}. The others (rows with a random
    place draw other places than the measurement did):`,
    [
      '| kernel | n | mean absolute % | worst % | its parameters |',
      '| --- | ---: | ---: | ---: | --- |',
      ...others,
    ].join('\n'),
    `${why}.`,
  ];
}

function trends(stable: readonly ValidationRow[]): string[] {
  const large = stable.filter((r) => r.measured.cycles >= SMALL_CYCLES);
  const size = (r: ValidationRow) => /(?:^|;)dist=(\d+)/.exec(r.measured.param)?.[1] ?? String(elements(r));
  const sized = large.filter((r) => /(?:^|;)N=/.test(r.measured.param));
  const sizes = (kernel: string) => new Set(sized.filter((r) => r.measured.kernel === kernel).map(size)).size;
  const scans = sized.filter((r) => r.measured.kernel.startsWith('lscan'));
  const ported = large.filter((r) => /(?:^|;)ports=/.test(r.measured.param));
  const kernel = (r: ValidationRow) => `\`${r.measured.kernel}\``;
  const portsOf = (r: ValidationRow) => /ports=(\d+)/.exec(r.measured.param)![1];
  const numbersOfPorts = (k: string) =>
    new Set(ported.filter((r) => r.measured.kernel === k).map(portsOf)).size;
  const comparable = ported.filter((r) => numbersOfPorts(r.measured.kernel) > 1);
  const both = (r: ValidationRow) => `${kernel(r)} ${r.measured.state}`;
  const ports = (r: ValidationRow) => `${portsOf(r)} ${r.measured.state}`;
  return [
    `Mean signed error in % of stable rows of at least ${SMALL_CYCLES} cycles; empty where there is none. By number of sources or elements,
    for \`rotor\` by the steps it goes:`,
    pivot(
      sized.filter((r) => sizes(r.measured.kernel) > 1),
      both,
      size,
    ),
    'By layout (distance of the objects in bytes; in table order or shuffled):',
    pivot(scans, both, (r) => r.measured.layout),
    ...(comparable.length > 0
      ? ['By number of pending ports and state:', pivot(comparable, kernel, ports)]
      : [
          'By number of pending ports: no kernel has rows with more than one here; see the kernels with one row a state.',
        ]),
  ];
}

/** Mean signed errors: one property of the rows down, another across. */
function pivot(
  rows: readonly ValidationRow[],
  down: (r: ValidationRow) => string,
  across: (r: ValidationRow) => string,
): string {
  const columns = [...new Set(rows.map(across))];
  if (columns.every((c) => /^\d+$/.test(c))) columns.sort((a, b) => Number(a) - Number(b));
  const lines = [...groups(rows, down)].map(([name, of]) => {
    const cells = columns.map((c) => {
      const mean = meanOf(
        of.filter((r) => across(r) === c).flatMap((r) => (r.error === null ? [] : [r.error])),
      );
      return mean === undefined ? '' : (mean * 100).toFixed(1).replace(/^-(0\.0)$/, '$1');
    });
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return [`| | ${columns.join(' | ')} |`, `| --- |${' ---: |'.repeat(columns.length)}`, ...lines].join('\n');
}

function breakEvens(judged: readonly ValidationRow[], machine: Machine): string[] {
  const lines: string[] = [];
  for (const state of STATES) {
    const list = judged.find((r) => r.measured.kernel === 'slist_pop_lk' && r.measured.state === state);
    const scans = judged.filter((r) => {
      const { kernel, param, layout } = r.measured;
      return (
        kernel === 'lscan_call' &&
        r.measured.state === state &&
        param.endsWith('free=end') &&
        layout === 'seq128'
      );
    });
    if (list === undefined || scans.length < 2) continue;
    const points = [...scans].sort((a, b) => elements(a) - elements(b));
    const at = (of: (r: ValidationRow) => number) =>
      crossing(
        points.map((r) => [elements(r), of(r)]),
        of(list),
      );
    const [measured, modelled] = [at((r) => r.measured.cycles), at((r) => r.cycles!)];
    lines.push(
      `| ${state} | ${list.measured.cycles.toFixed(1)} | ${measured} | ${list.cycles!.toFixed(1)} | ${modelled} |`,
    );
  }
  const guests = ['freebsd-a', 'freebsd-c'].map((guest) => {
    const cells = CACHE_STATES.map((cache) => {
      const scenario = { ...scenarioOf({ ...DEFAULT_NAMES, guest }), machine };
      const n = breakEven(scenario, strategyByName('linear'), strategyByName('slist'), cache);
      return n === undefined ? 'never' : String(n);
    });
    return `| \`${guest}\` | ${cells.join(' | ')} |`;
  });
  return [
    `The number of sources from which \`lscan_call\` (the last is free) costs more than \`slist_pop_lk\`, linearly between the sizes of
the measured grid, in the states in which both were measured (unstable rows too):`,
    [
      '| state | list measured, cycles | break-even measured | list modelled, cycles | break-even modelled |',
      '| --- | ---: | ---: | ---: | ---: |',
      ...lines,
    ].join('\n'),
    `The model's answer for FreeBSD's own code, each generation's locks included, searched for every number of isrcs:`,
    [
      `| guest | ${CACHE_STATES.join(' | ')} |`,
      `| --- |${' ---: |'.repeat(CACHE_STATES.length)}`,
      ...guests,
    ].join('\n'),
  ];
}

/** Where a curve through points crosses a level, linearly between them. */
function crossing(points: ReadonlyArray<readonly [n: number, cycles: number]>, level: number): string {
  if (points[0]![1] > level) return `below ${points[0]![0]}`;
  for (let i = 1; i < points.length; i++) {
    const [n0, c0] = points[i - 1]!;
    const [n1, c1] = points[i]!;
    if (c1 > level) return (n0 + ((n1 - n0) * (level - c0)) / (c1 - c0)).toFixed(1);
  }
  return `above ${points.at(-1)![0]}`;
}

function misfits(stable: readonly ValidationRow[]): string[] {
  const large = stable.filter((r) => r.measured.cycles >= SMALL_CYCLES);
  const known = MISFITS.flatMap((m) => {
    const of = large.filter((r) => m.covers(r));
    return of.length === 0 ? [] : [`**${m.title}.** ${m.text(of)}`];
  });
  const rest = large.filter((r) => !MISFITS.some((m) => m.covers(r)));
  const unexplained = [...groups(rest, (r) => `\`${r.measured.kernel}\` ${r.measured.state}`)].flatMap(
    ([name, of]) => {
      const mean = meanOf(of.flatMap((r) => (r.error === null ? [] : [Math.abs(r.error) * 100])))!;
      return mean < LARGE
        ? []
        : [`${name} (${mean.toFixed(0)} %, ${of.length} row${of.length > 1 ? 's' : ''})`];
    },
  );
  const list = unexplained.length === 0 ? 'none' : unexplained.join(', ');
  return [...known, `**Not explained, by ${LARGE} % or more in the mean absolute error:** ${list}.`];
}

function numbers(rows: readonly ValidationRow[], machine: Machine): string[] {
  const lines = Object.entries(machine.values).flatMap(([name, v]) => {
    if (!/ground truth|this project, microbenchmark/.test(v.source)) return [];
    const source = SOURCES.reduce((text, [long, short]) => text.replaceAll(long, short), v.source);
    const range = v.low === v.high ? '' : `${v.low} to ${v.high}`;
    return [
      `| \`${name}\` | ${v.value} | ${MACHINE[name as keyof typeof MACHINE].unit} | ${range} | ${source} |`,
    ];
  });
  const primitives = rows.filter((r) => !r.judged && r.error !== null && r.status === Status.ok);
  const missed = primitives.filter((r) => Math.abs(r.error!) * 100 >= LARGE);
  const list = [...groups(missed, (r) => `\`${r.measured.kernel}\` | ${r.measured.state}`)].map(
    ([name, of]) => {
      const each = of.map(
        ({ measured: m, cycles }) => `${m.param} ${m.cycles.toFixed(1)} → ${cycles!.toFixed(1)}`,
      );
      return `| ${name} | ${each.join(', ')} |`;
    },
  );
  return [
    `Of the ${Object.keys(machine.values).length} numbers of \`${machine.name}\` these were set by the ground truth's primitives or by this project's own
    microbenchmarks (\`docs/core-timing.md\`); \`upcall machines show ${machine.name}\` has all, with their sources.`,
    ['| number | value | unit | range | set by |', '| --- | ---: | --- | --- | --- |', ...lines].join('\n'),
    `The model predicts the primitives too: ${primitives.length} stable rows, ${primitives.length - missed.length} of them within ${LARGE} %. The others,
    measured → modelled cycles:`,
    ['| primitive | state | |', '| --- | --- | --- |', ...list].join('\n'),
    PRIMITIVES,
  ];
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const of = new Map<string, T[]>();
  for (const item of items) of.set(keyOf(item), [...(of.get(keyOf(item)) ?? []), item]);
  return of;
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, v) => sum + v, 0) / values.length;
}
