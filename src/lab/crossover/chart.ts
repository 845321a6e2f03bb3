/** The chart of one machine and guest: search and share of the bind by population, a column for each state. */
import type { Cell, Table } from '../../model/table.ts';
import type { Chart, Panel } from '../chart.ts';
import { reader } from './summary.ts';

/** The charts of all machines and guests, by the name of their file without ending. */
export function crossoverCharts(points: Table): Array<[name: string, chart: Chart]> {
  const cell = reader(points);
  const places = new Map<string, Array<readonly Cell[]>>();
  for (const row of points.rows) {
    const place = `${cell(row, 'machine')}-${cell(row, 'guest')}`;
    places.set(place, [...(places.get(place) ?? []), row]);
  }
  return [...places].map(([place, rows]) => [`crossover-${place}`, chartOf(points, rows)]);
}

function chartOf(points: Table, rows: ReadonlyArray<readonly Cell[]>): Chart {
  const cell = reader(points);
  const any = rows[0]!;
  const text = (column: string) => String(cell(any, column));
  const states = [...new Set(rows.map((row) => String(cell(row, 'cache'))))];
  const strategies = [...new Set(rows.map((row) => String(cell(row, 'strategy'))))];
  const panel = (cache: string, column: string, yScale: Panel['yScale']): Panel => ({
    title: cache,
    yScale,
    series: strategies.map((name) => ({
      name,
      points: rows
        .filter((row) => cell(row, 'cache') === cache && cell(row, 'strategy') === name)
        .map((row) => [Number(cell(row, 'isrcs')), Number(cell(row, column))] as const),
    })),
  });
  const changes = text('changes') === '' ? '' : `; ${text('changes')}`;
  return {
    title: `The search for an unused isrc on ${text('machine')}, ${text('guest')}`,
    subtitle: `${text('validation')}; unused: ${text('unused')}, ${text('free')}; ${text('boot_isrcs')} isrcs of the boot in front${changes}`,
    xLabel: 'isrcs',
    rows: [
      { yLabel: 'cycles of one search', panels: states.map((s) => panel(s, 'find_cycles', 'log')) },
      { yLabel: 'share of a bind, %', panels: states.map((s) => panel(s, 'find_share_percent', 'linear')) },
    ],
  };
}
