/** docs/findings.md and its chart: what the model says about the free list, each figure beside the command that prints it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { upcall } from './cli.ts';
import { wrap } from './markdown.ts';
import { ROOT } from './root.ts';

/** The page and its chart. */
export const FINDINGS_PAGE = join(ROOT, 'docs', 'findings.md');
export const FINDINGS_CHART = join(ROOT, 'docs', 'crossover-zen5-freebsd-c.svg');

type Row = Readonly<Record<string, string>>;

/** Sizes of a dom0 with 4 vCPUs: without guests, with 50, with 200 large ones (fact sheet on FreeBSD, 4.3). */
const DOM0 = [36, 236, 2036] as const;

const COMMANDS = {
  strategies: 'crossover --precision 4095 --format md',
  generationA: 'crossover --guest freebsd-a --strategy linear,slist --precision 4095 --format md',
  first: 'crossover --free first --strategy linear,slist,next-fit --population 36,236,2036,4095 --format md',
  machines: 'crossover --machine all --strategy linear,slist --population 1,36,236,2036,4095 --format md',
  sensitivity: 'crossover --guest freebsd-a,freebsd-c --strategy linear,slist --sensitivity --format md',
  parts: 'crossover --strategy linear,slist --population 36,236,2036 --format csv',
  load: 'trace synth --kind poisson --sends 500 --vcpus 1 --ports 200 --seed 1 --out dom0.trace',
  downstream:
    'downstream dom0.trace --machine zen5,skylake-sp --strategy linear,slist,fifo-list --state warm,cold --format md',
} as const;

/** What both files should contain now. @param folder for what the commands leave, empty */
export function makeFindings(folder: string): { page: string; chart: string } {
  const run = (name: keyof typeof COMMANDS, more: readonly string[] = []) => {
    const result = upcall([...COMMANDS[name].split(' '), ...more], { cwd: folder });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout.trimEnd();
  };
  const shown = (name: keyof typeof COMMANDS) => `\`\`\`console\n$ npx upcall ${COMMANDS[name]}\n\`\`\``;
  const csv = (name: string): Row[] => parse(readFileSync(join(folder, name), 'utf8'), { columns: true });

  const strategies = run('strategies', ['--out', 'c']);
  const generationA = run('generationA', ['--out', 'a']);
  const first = run('first', ['--out', 'first']);
  const machines = run('machines', ['--out', 'all']);
  const sensitivity = run('sensitivity', ['--out', 'ends']);
  const parts: Row[] = parse(run('parts'), { columns: true });
  run('load');
  const downstream = run('downstream', ['--out', 'down']);

  const [c, a, all] = ['c', 'a', 'all'].map((f) => csv(`${f}/crossover-break-even.csv`)) as [
    Row[],
    Row[],
    Row[],
  ];
  const points = csv('c/crossover.csv');
  const best = csv('first/crossover.csv');
  const ends = csv('ends/crossover-sensitivity.csv');
  const upcalls = csv('down/downstream.csv');
  const [searches, binds] = [dearerBy(c, 'find'), dearerBy(c, 'bind')];
  const [searchesA, bindsA] = [dearerBy(a, 'find'), dearerBy(a, 'bind')];
  const percent = (rows: readonly Row[], strategy: string, isrcs: number, column = 'bind_find_cycles') => {
    const row = rows.find((r) => r.cache === 'warm' && r.strategy === strategy && r.isrcs === String(isrcs))!;
    return ((100 * Number(row[column])) / Number(row.bind_cycles)).toFixed(1);
  };
  const range = (guest: string, cache: string, answer: string) => {
    const of = (r: Row) => r.guest === guest && r.cache === cache && r.answer!.startsWith(answer);
    const row = ends.find(of)!;
    assert.equal(row.never_by, '', 'the page says that there is a break-even point at all');
    const digits = row.unit === '%' ? 1 : 0;
    return `${Number(row.least).toFixed(digits)} to ${Number(row.greatest).toFixed(digits)}`;
  };
  const at64 = (strategy: string, column = 'find_cycles') =>
    points.find((r) => r.strategy === strategy && r.cache === 'warm' && r.isrcs === '64')![column]!;
  const most = Math.max(...upcalls.map((r) => Math.abs(Number(r.upcall_difference_percent))));
  const spread = (cache: string) => {
    const others = all.filter((r) => r.metric === 'bind' && r.relation === 'dearer' && r.machine !== 'zen5');
    const starts = others.filter((r) => r.cache === cache).map((r) => Number(r.from_isrcs));
    return from(Math.min(...starts), Math.max(...starts));
  };

  const page = [
    '# Does the free list matter?',
    `*Written by \`npm run findings\` from the commands below; a test runs them again and compares every digit. Run them
    yourself: the same version prints the same.*`,
    `In 2023 FreeBSD replaced the scan for an unused isrc (\`linear\`) by a LIFO list (\`slist\`), without a figure. What the model
    says, with the unused isrc at the end of the vectors unless it is said otherwise, on \`zen5\` and \`freebsd-c\` unless another
    is named:`,
    '## In short',
    list([
      `**Does it matter?** To a bind with warm caches, from some tens of isrcs on; to the upcalls of one vCPU, by ${most.toFixed(2)} % at most. A dom0 without guests has ${DOM0[0]} isrcs: there the scan is ${percent(parts, 'linear', DOM0[0])} % of a bind with warm caches. With 50 guests (${DOM0[1]} isrcs) it is ${percent(parts, 'linear', DOM0[1])} %, with 200 large ones (${DOM0[2]}) ${percent(parts, 'linear', DOM0[2])} %. The list is ${percent(parts, 'slist', DOM0[1])} %. That is the worst place for the scan; in the best, right behind the isrcs of the boot, it is ${percent(best, 'linear', DOM0[2])} % whatever the population. [Parts](#parts-of-a-bind), [places](#where-the-unused-isrc-is)`,
      `**From how many isrcs on?** The search alone is dearer with the scan ${byState(searches)}; in \`freebsd-a\`, whose scan runs under a lock that is held anyway, ${byState(searchesA)}. A whole bind is more than 1 % dearer ${byState(binds)}; in \`freebsd-a\` ${byState(bindsA)}. [Strategies](#every-strategy-by-population), [generation A](#generation-a)`,
      `**How sure is that?** With any one number of machine and kernel at an end of its range, a bind with warm caches becomes 1 % dearer with the scan from ${range('freebsd-c', 'warm', 'bind:')} isrcs on (\`freebsd-a\`: ${range('freebsd-a', 'warm', 'bind:')}; its search alone: ${range('freebsd-a', 'warm', 'find:')}), and the scan's share at ${DOM0[1]} isrcs is ${range('freebsd-c', 'warm', 'share of linear in a bind, 236')} %, the list's ${range('freebsd-c', 'warm', 'share of slist in a bind, 236')} %. [Ranges](#how-far-the-answers-move)`,
      `**On which machines?** On all: on those other than \`zen5\`, a bind is 1 % dearer with the scan ${spread('warm')} with warm caches, ${spread('cold')} with cold ones. None of them was compared with silicon. [Machines](#machines)`,
      `**In which part of a bind?** In the search. With ${DOM0[1]} isrcs it is ${percent(parts, 'linear', DOM0[1])} % of a bind with the scan, where hypercalls are ${percent(parts, 'linear', DOM0[1], 'bind_hypercalls_cycles')} %. Xen's own scan for a free port grows with the population whatever the guest does: with the list it is ${percent(parts, 'slist', DOM0[2], 'bind_port_search_cycles')} % of a bind at ${DOM0[2]}. [Parts](#parts-of-a-bind)`,
      `**What does it do to the upcall?** The order of reuse decides which lines of isrcs, events, handlers and counters an upcall touches. After churn, upcalls of two machines differ from those of a fresh boot by at most ${most.toFixed(2)} %, even with isrcs dealt out at random. [Upcalls](#upcalls-after-churn)`,
      `**What would be better than both?** An isrc by port number (\`direct\`): ${at64('direct')} cycles and no search, against ${at64('slist')} for the list. A \`magazine\` for each CPU takes ${at64('magazine')}, and strands isrcs on other CPUs. But a bind takes ${at64('slist', 'bind_cycles')} with the list and ${at64('direct', 'bind_cycles')} with \`direct\` at 64 isrcs: who wants faster binds must save hypercalls. An isrc made for each bind (\`alloc-each\`, Linux's way) takes ${at64('alloc-each')}. [Strategies](#every-strategy-by-population)`,
    ]),
    '## Every strategy, by population',
    shown('strategies'),
    `Cycles of one search alone (with its locks), then what the search is of a whole bind in percent; then how each stands to
    the scan: searches within 5 % and binds within 1 % of one another are equal. The CSV has every population and part, and
    \`crossover-break-even.csv\` the relation of every two strategies.`,
    '![search and share by population](crossover-zen5-freebsd-c.svg)',
    strategies,
    '## Generation A',
    shown('generationA'),
    `The scan of \`freebsd-a\` runs under \`xen_intr_isrc_lock\`, which the bind holds anyway; a list would have brought a lock pair of its own.`,
    generationA,
    '## Where the unused isrc is',
    shown('first'),
    `IPIs, timers and debug ports are bound at boot and never given back, so they hold the lowest vectors: 32 with 4 vCPUs. The
    best a scan can hope for is an unused isrc right behind them (\`--free first\`): its cost then does not grow, and the list is
    still cheaper. \`--free random --seed N\` is anywhere in between. With one isrc unused, \`next-fit\` always walks the whole
    table; \`--unused\` gives it more.`,
    first,
    '## Machines',
    shown('machines'),
    machines,
    '## How far the answers move',
    shown('sensitivity'),
    `Every number of machine and kernel at the low and at the high end of its range, one at a time. \`least_by\` and \`greatest_by\`
    name what moves an answer furthest; most of them are costs of Xen, which nobody measured here.`,
    sensitivity,
    '## Parts of a bind',
    shown('parts'),
    `Warm caches, from the columns \`bind_*_cycles\`:`,
    partsTable(parts),
    '## Upcalls after churn',
    `${shown('load')}\n\n${shown('downstream')}`,
    `200 ports of one vCPU, uniformly random sends. \`churn\`: 200 times four ports were unbound and bound again, with 64 isrcs
    left over from a busier time; every port keeps its number, so that only isrcs, events, counters and handlers move. \`shuffle\`
    deals isrcs out at random. The searches of the churn are in a column of their own, and in no upcall. The scan, which takes
    the lowest, puts every isrc back where it was; so does the bitmap. The list permutes those of a group. A queue
    (\`fifo-list\`) spreads the ports over all isrcs there are: more lines of counters, four isrcs to each, and more pages. What
    differs where no isrc moved is where malloc put the handlers, and at which moment of the load the run began.`,
    downstream,
    '## What is not validated',
    list([
      'Searches: the scan, the list, the bitmaps and next-fit were compared with measurements on an EPYC 9005 (`docs/accuracy.md`); the other strategies, and every machine but `zen5`, with nothing.',
      'Binds: hypercalls, malloc, thread creation and name formatting are numbers nobody measured here (`docs/lumps.md`); their ranges are in the sweep above. What a bind does step by step: `docs/binds.md`.',
      'Upcalls: transitions are unvalidated on every machine. The load is synthetic; the recordings have too few ports that churn to show more.',
      'One vCPU binds, and nobody contends for a lock; several at once: `upcall contention`, `docs/binds.md`.',
    ]),
  ];
  const wrapped = page.map((part) => (/^([#|!`]|- )|\n\n?\|/.test(part) ? part : wrap(part)));
  return {
    page: `${wrapped.join('\n\n')}\n`,
    chart: readFileSync(join(folder, 'c', 'crossover-zen5-freebsd-c.svg'), 'utf8'),
  };
}

/** By state: where the last interval begins in which the scan is dearer than the list; it must be the last of all. */
function dearerBy(rows: readonly Row[], metric: string): Record<'warm' | 'l2-cold' | 'cold', string> {
  const of = (cache: string) => {
    const pair = rows.filter(
      (r) => r.cache === cache && r.metric === metric && r.strategy === 'linear' && r.against === 'slist',
    );
    const last = pair.at(-1)!;
    assert.equal(last.relation, 'dearer', `the page says that the scan becomes dearer: ${metric}, ${cache}`);
    return last.from_isrcs!;
  };
  return { warm: of('warm'), 'l2-cold': of('l2-cold'), cold: of('cold') };
}

const PARTS = ['find', 'port_search', 'hypercalls', 'add_handler', 'assign_cpu', 'rest'] as const;

function partsTable(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['strategy', 'isrcs', 'bind', ...PARTS]),
    line(['---', ...Array.from({ length: PARTS.length + 2 }, () => '---:')]),
    ...rows
      .filter((r) => r.cache === 'warm')
      .map((r) => line([r.strategy!, r.isrcs!, r.bind_cycles!, ...PARTS.map((p) => r[`bind_${p}_cycles`]!)])),
  ].join('\n');
}

/** `from 7 isrcs on with warm caches, ...`. */
function byState(starts: Readonly<Record<'warm' | 'l2-cold' | 'cold', string>>): string {
  return `from ${starts.warm} isrcs on with warm caches, ${starts['l2-cold']} with data in L3, ${starts.cold} with data in memory`;
}

/** `from 2 to 22 isrcs on`, or `always`. */
function from(least: number, greatest: number): string {
  if (greatest === 1) return 'always';
  return `from ${least === greatest ? least : `${least} to ${greatest}`} isrcs on`;
}

function list(items: readonly string[]): string {
  return items.map((item) => wrap(`- ${item}`).replaceAll('\n', '\n  ')).join('\n');
}
