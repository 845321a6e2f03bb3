/** docs/isca16.md, from the comparison of the published rows with the model. */
import { join } from 'node:path';
import { publishedByName } from '../../src/lab/published/catalogue.ts';
import { type ComparedRow, compareRows, errorOf, GOAL } from '../../src/lab/published/compare.ts';
import { RANGED } from '../../src/lab/published/ranges.ts';
import { publishedTable, publishedVariantsTable } from '../../src/lab/published/tables.ts';
import { markdown } from '../../src/report/markdown.ts';
import { MACHINE } from '../../src/x86/machine.ts';
import { machineByName } from '../../src/x86/machines/catalogue.ts';
import { wrap } from './markdown.ts';
import { ROOT } from './root.ts';

/** The page. */
export const ISCA16_PAGE = join(ROOT, 'docs', 'isca16.md');

/** What the page should contain now. */
export function makeIsca16Page(): string {
  const { name, source, machine, rows } = publishedByName('isca16');
  const { values } = machineByName(machine);
  const compared = compareRows(rows, machineByName(machine));
  const main = publishedTable(compared);
  const set = rows.filter((r) => r.sets !== undefined);
  const predicted = compared.filter(({ row }) => row.sets === undefined);
  const off = predicted.filter((c) => !isGood(c));
  const ranges = RANGED.map(
    (n) => `| \`${n}\` | ${values[n].low} | ${values[n].value} | ${values[n].high} | ${MACHINE[n].unit} |`,
  );
  const parts = [
    `# Published costs of Xen: ${name}`,
    `*Written by \`npm run accuracy\` from \`upcall validate --table ${name}\`; a test compares it with what the model says now.*`,
    `${source}: a Dell r320 with a Xeon E5-2450 at 2.1 GHz, Xen 4.5, Linux 4.0-rc4, every vCPU pinned, no APICv.
    The model is run on the machine \`${machine}\`: each row is a small guest or two on Xen's own code in the model, all exits, messages,
    wake-ups and switches simulated; the figure is the median of 15 rounds behind 8 that warm up.`,
    `**The published figures are given from memory**: look them up before they are quoted. They are compared as cycles of
    the core; if they are ticks of a TSC beside a core in turbo, the core's are up to a third more.`,
    `Of the figures two set numbers: ${set.map((r) => `${r.name} \`${r.sets}\``).join(', ')}. Nothing was fitted to the other
    ${predicted.length}; the numbers they hang on are judgements with ranges (below).`,
    '## The rows',
    markdown(main, [
      'row',
      'published_cycles',
      'predicted_cycles',
      'error_ratio',
      'low_cycles',
      'high_cycles',
      'inside',
    ]),
    `${predicted.length - off.length} of ${predicted.length} predicted rows are within ${GOAL * 100} %. Farther off: ${
      off
        .map(({ row, taken }) => `${row.name} (${(errorOf(row, taken.cycles) * 100).toFixed(0)} %)`)
        .join(', ') || 'none'
    }. Where the cycles go and what is missing is said row by row below.
    \`low_cycles\` and \`high_cycles\` are the predictions with all numbers of the last section at the low and at the high ends of their ranges;
    \`inside\` says whether the published figure is between them. The ranges of the I/O rows are so wide that being inside says little.`,
    '## If the hosts were otherwise',
    `What the idle pCPU stands in, and what wakes it, is not published. The machine has MWAIT in C1, with the exit latency of a
    table, which is an upper bound. So an I/O row that agrees may do so because two errors cancel:
    a C-state that is shorter than assumed, and code that is longer.`,
    markdown(publishedVariantsTable(compared), ['row', 'changes', 'predicted_cycles', 'error_ratio', 'what']),
    '## Row by row',
    `Predicted cycles by place (\`here\` where there is one pCPU) and function; functions below 25 cycles are summed.`,
    ...main.rows.flatMap((row) => {
      const at = (column: string) => String(row[main.columns.findIndex((c) => c.name === column)]);
      return [`**${at('row')}.** ${at('breakdown')}.`, at('note')];
    }),
    '## Numbers that go through their ranges',
    ['| number | low | value | high | unit |', '| --- | ---: | ---: | ---: | --- |', ...ranges].join('\n'),
    `\`exitSoftwareCycles\` changes against \`vmExitCycles\` and \`vmEntryCycles\`, so that the hypercall stays as published. Of
    the code in Xen, the model has all of it at the exit and none at the entry.`,
    `The scheduler is credit2; Xen 4.5 had credit by default. \`schedule\` is one number for both.`,
  ];
  return `${parts.map((part) => (/^[#|-]/.test(part) ? part : wrap(part))).join('\n\n')}\n`;
}

function isGood({ row, taken }: ComparedRow): boolean {
  return Math.abs(errorOf(row, taken.cycles)) <= GOAL;
}
