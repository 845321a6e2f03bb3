/** The micro-ops of one operation for a terminal: what it costs, what it costs at least, and a line for each. */
import type { Explanation, Step } from '../lab/explain.ts';
import { alignedLines } from './text.ts';

const SITE_WIDTH = 20;

const LEGEND = `disp, issue, ready, retire: cycles since the start; nothing stands where dispatch did not move.
held by: what held dispatch. wait: for operands (op), a port, or everything older.
cause: what the time from issue to ready was; that of a locked one includes its wait for everything older.
moved: cycles by which retirement moved; they sum to the total.
behind: ready, but an older one had not retired, or the retire width was used up.
`;

/** Heading, bounds, micro-ops, legend. */
export function timelineText(explanation: Explanation): string {
  const { steps, cycles, instructions, bounds } = explanation;
  const lines = [
    `${headingOf(explanation)}\n`,
    `${cycles} cycles, ${steps.length} micro-ops, ${instructions} instructions; at least, by what can hold it up:\n`,
    alignedLines(
      bounds.map(({ name, cycles, what }) => ['', name, cycles === null ? '-' : String(cycles), what]),
      [false, false, true, false],
    ),
    '\n',
    timeline(steps),
    LEGEND,
  ];
  return lines.join('');
}

function headingOf({ scenario, operation, ports, isrcs }: Explanation): string {
  const { machine, generation, strategy, cache, changes } = scenario;
  const what = operation === 'bind' ? 'the last one unused' : `pending ${ports.join(' ')}`;
  const set = changes === '' ? '' : `; ${changes}`;
  const names = `${machine.name}, ${generation.name}, ${strategy.name}, ${cache}`;
  return `${operation} on ${names}; ${isrcs} isrcs, ${what}${set} (${machine.validation})`;
}

/** A line for each function entered, and under it one for each micro-op; its site where it is a new one. */
function timeline(steps: readonly Step[]): string {
  const header = ['#', 'site', 'op', 'disp', 'held by', 'issue', 'wait', 'ready', 'cause', 'retire', 'moved'];
  const rows: string[][] = [[...header, 'behind']];
  const functions = new Map<number, string>();
  let before: Step | undefined;
  let dispatched = 0;
  steps.forEach((s, i) => {
    if (s.fn !== before?.fn || s.file !== before.file) functions.set(rows.length, `${s.fn} (${s.file})`);
    const sameSite = !functions.has(rows.length) && s.site === before?.site;
    const site = sameSite ? '' : cut(s.site);
    const dispatch = s.dispatch === dispatched && i > 0 ? '' : String(s.dispatch);
    const wait = s.waitedFor.replace('operands', 'op');
    const moved = s.moved === 0 ? '' : String(s.moved);
    const times = [String(s.issue), wait, String(s.ready), s.cause, String(s.retire), moved, s.behind];
    rows.push([String(i + 1), site, s.op === 'indirectCall' ? 'icall' : s.op, dispatch, s.heldBy, ...times]);
    before = s;
    dispatched = s.dispatch;
  });
  const right = header.map((name) => ['#', 'disp', 'issue', 'ready', 'retire', 'moved'].includes(name));
  const lines = alignedLines(rows, [...right, false])
    .trimEnd()
    .split('\n');
  return `${lines.flatMap((line, i) => (functions.has(i) ? [functions.get(i)!, line] : [line])).join('\n')}\n`;
}

function cut(text: string): string {
  return text.length <= SITE_WIDTH ? text : `${text.slice(0, SITE_WIDTH - 3)}...`;
}
