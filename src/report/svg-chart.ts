/**
 * Charts as SVG: no script, no font but the reader's, nothing outside the file, and the same bytes for the same
 * numbers. Coordinates have one decimal.
 */
import type { Chart, Panel, Series } from '../lab/chart.ts';

const PANEL = { width: 260, height: 180 } as const;
const MARGIN = { left: 62, right: 14, top: 22, bottom: 36 } as const;
const HEAD = 48;
const LEGEND_LINE = 16;
const LEGEND_COLUMNS = 6;

/** Colours that the colour-blind tell apart (Okabe and Ito), then dashes. */
const COLOURS = ['#000000', '#e69f00', '#56b4e9', '#009e73', '#d55e00', '#0072b2', '#cc79a7'];
const DASHES = ['', '5 3', '2 2'];

/** The whole file. */
export function svgChart(chart: Chart): string {
  const columns = Math.max(...chart.rows.map((row) => row.panels.length));
  const names = chart.rows[0]!.panels[0]!.series.map((s) => s.name);
  const cell = {
    width: PANEL.width + MARGIN.left + MARGIN.right,
    height: PANEL.height + MARGIN.top + MARGIN.bottom,
  };
  const legendLines = Math.ceil(names.length / LEGEND_COLUMNS);
  const width = Math.max(columns * cell.width, 480);
  const height = HEAD + chart.rows.length * cell.height + legendLines * LEGEND_LINE + 10;
  const panels = chart.rows.flatMap(({ yLabel, panels: row }, y) =>
    row.map((panel, x) => {
      const at = `translate(${x * cell.width + MARGIN.left} ${HEAD + y * cell.height + MARGIN.top})`;
      return `<g transform="${at}">\n${panelText(panel, chart.xLabel, x === 0 ? yLabel : '')}</g>\n`;
    }),
  );
  const legend = names.map((name, i) => {
    const x = MARGIN.left + (i % LEGEND_COLUMNS) * ((width - MARGIN.left) / LEGEND_COLUMNS);
    const y = HEAD + chart.rows.length * cell.height + Math.floor(i / LEGEND_COLUMNS) * LEGEND_LINE + 8;
    return `<path d="M${shown(x)} ${shown(y - 4)}h22" ${stroke(i)}/>${text(x + 27, y, name)}\n`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>${escaped(chart.title)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${text(10, 18, chart.title, 'font-size="14"')}
${text(10, 35, chart.subtitle, 'fill="#555555"')}
${panels.join('')}${legend.join('')}</svg>
`;
}

function panelText(panel: Panel, xLabel: string, yLabel: string): string {
  const { width, height } = PANEL;
  const all = panel.series.flatMap((s) => s.points);
  const xs = all.map(([x]) => x);
  const x = axis('log', Math.min(...xs), Math.max(...xs), width);
  const ys = all.map(([, y]) => y);
  const least = panel.yScale === 'log' ? Math.max(1, Math.min(...ys)) : 0;
  const y = axis(panel.yScale, least, Math.max(...ys, least + 1), height);
  const lines: string[] = [`<rect width="${width}" height="${height}" fill="none" stroke="#888888"/>\n`];
  for (const tick of x.ticks) {
    const place = shown(x.place(tick));
    lines.push(
      `<path d="M${place} 0v${height}" stroke="#dddddd"/>${centred(place, height + 13, String(tick))}\n`,
    );
  }
  for (const tick of y.ticks) {
    const place = height - y.place(tick);
    const label = text(-6, place + 4, String(tick), 'text-anchor="end"');
    lines.push(`<path d="M0 ${shown(place)}h${width}" stroke="#dddddd"/>${label}\n`);
  }
  panel.series.forEach((series, i) => {
    lines.push(`<path d="${path(series, x, y, height)}" ${stroke(i)}/>\n`);
  });
  lines.push(`${centred(shown(width / 2), -7, panel.title)}\n`);
  lines.push(`${centred(shown(width / 2), height + 28, xLabel)}\n`);
  if (yLabel !== '') {
    const turn = `transform="rotate(-90)" text-anchor="middle"`;
    lines.push(`<text x="${-height / 2}" y="-46" ${turn}>${escaped(yLabel)}</text>\n`);
  }
  return lines.join('');
}

interface Axis {
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** An axis of `length` from `low` to `high`; powers of ten are its ticks, or four round steps. */
function axis(scale: 'log' | 'linear', low: number, high: number, length: number): Axis {
  if (scale === 'log') {
    const [from, to] = [Math.log10(low), Math.log10(Math.max(high, low * 2))];
    const ticks: number[] = [];
    for (let tick = 1; tick <= high; tick *= 10) if (tick >= low) ticks.push(tick);
    return { ticks, place: (v) => ((Math.log10(Math.max(v, low)) - from) / (to - from)) * length };
  }
  const step = [1, 2, 5, 10, 20, 25].find((s) => high / s <= 5) ?? 50;
  const top = Math.ceil(high / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { ticks, place: (v) => (v / top) * length };
}

function path({ points }: Series, x: Axis, y: Axis, height: number): string {
  return points
    .map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${shown(x.place(px))} ${shown(height - y.place(py))}`)
    .join('');
}

function stroke(i: number): string {
  const dash = DASHES[Math.floor(i / COLOURS.length) % DASHES.length]!;
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `fill="none" stroke-width="1.6" stroke="${COLOURS[i % COLOURS.length]}"${dashes}`;
}

function centred(x: string, y: number, content: string): string {
  return `<text x="${x}" y="${y}" text-anchor="middle">${escaped(content)}</text>`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const more = attributes === '' ? '' : ` ${attributes}`;
  return `<text x="${shown(x)}" y="${shown(y)}"${more}>${escaped(content)}</text>`;
}

function shown(coordinate: number): string {
  return coordinate.toFixed(1);
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
