/** An explanation as tables: its micro-ops, and its lower bounds. */
import { type Cell, integer, type Table, text } from '../model/table.ts';
import type { Explanation } from './explain.ts';

/** Columns that say what was explained. */
const WHAT = [
  text('operation', 'upcall or bind'),
  text('machine', 'modelled machine'),
  text('guest', 'generation of the FreeBSD code'),
  text('strategy', 'how an unused isrc is found'),
  text('cache', 'state of the caches when the operation begins'),
  text('changes', 'every number that was set by hand'),
  text('ports', 'pending ports'),
  integer('isrcs', 'isrcs', 'neutral', 'isrcs there are; of a bind the last one is unused'),
];

function whatOf({ operation, scenario, ports, isrcs }: Explanation): Cell[] {
  const { machine, generation, strategy, cache, changes } = scenario;
  return [operation, machine.name, generation.name, strategy.name, cache, changes, ports.join(' '), isrcs];
}

/** One row for each micro-op. */
export function explainTable(explanations: readonly Explanation[]): Table {
  const schema = 'upcall.explain/1.0';
  const since = (what: string) => integer(`${what}_cycle`, 'cycles', 'neutral', `${what}, since the start`);
  const rows = explanations.flatMap((x) =>
    x.steps.map((s, i): Cell[] => {
      const place = [s.fn, s.file, s.site, s.op];
      const times = [s.dispatch, s.heldBy, s.issue, s.waitedFor, s.ready, s.cause, s.retire, s.moved];
      return [schema, ...whatOf(x), i + 1, ...place, ...times, s.behind];
    }),
  );
  const columns = [
    text('schema', 'name and version of this table'),
    ...WHAT,
    integer('uop', '', 'neutral', 'the micro-op, from 1 in program order'),
    text('function', 'C function it belongs to'),
    text('file', 'C file of the function'),
    text('site', 'what is done there'),
    text('op', 'what kind of micro-op it is'),
    since('dispatch'),
    text('held_by', 'what held dispatch; empty when it did not move'),
    since('issue'),
    text('waited_for', 'from dispatch to issue: operands, port, both, or older for everything older'),
    since('ready'),
    text('cause', 'what the time from issue to ready was'),
    since('retire'),
    integer(
      'moved',
      'cycles',
      'lower',
      'by how much it moved retirement; sums to the cycles of the operation',
    ),
    text('behind', 'what kept it from retirement when ready: older for an older one, width'),
  ];
  return { schema, columns, keys: WHAT.length + 2, rows };
}

/** One row for each lower bound, and one for the simulation. */
export function explainBoundsTable(explanations: readonly Explanation[]): Table {
  const schema = 'upcall.explain-bounds/1.0';
  const rows = explanations.flatMap((x) => {
    const what = `${x.steps.length} micro-ops, ${x.instructions} instructions`;
    const all = [{ name: 'simulated', cycles: x.cycles, what }, ...x.bounds];
    return all.map((b): Cell[] => [
      schema,
      ...whatOf(x),
      b.name,
      b.cycles,
      b.what,
      x.scenario.machine.validation,
    ]);
  });
  const columns = [
    text('schema', 'name and version of this table'),
    ...WHAT,
    text('bound', 'the resource; simulated for the cycles of the operation itself'),
    integer('cycles', 'cycles', 'lower', 'at least this many; empty where the recording cannot tell'),
    text('what', 'what it is made of'),
    text('validation', 'whether cycles of this machine were compared with silicon'),
  ];
  return { schema, columns, keys: WHAT.length + 2, rows };
}
