/** A chart is well-formed, has every line, and says what it was given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { svgChart } from '../../src/report/svg-chart.ts';

const panel = {
  title: 'a < b & c',
  yScale: 'log',
  series: [
    {
      name: 'first',
      points: [
        [1, 10],
        [100, 1000],
      ],
    },
    { name: 'second', points: [[10, 10]] },
  ],
} as const;
const chart = {
  title: 'T',
  subtitle: 'S',
  xLabel: 'isrcs',
  rows: [{ yLabel: 'cycles', panels: [panel, panel] }],
};

test('a chart is XML in which every element is closed and every text escaped', () => {
  const svg = svgChart(chart);
  const open: string[] = [];
  for (const [, slash, name, rest] of svg.matchAll(/<(\/?)(\w+)([^<>]*)>/g)) {
    if (slash === '/') assert.equal(open.pop(), name);
    else if (!rest!.endsWith('/')) open.push(name!);
  }
  assert.deepEqual(open, []);
  assert.equal(svg.match(/a &lt; b &amp; c/g)?.length, 2);
  assert.ok(!/NaN|Infinity|undefined/.test(svg));
  assert.equal(svgChart(chart), svg);
});

test('logarithmic axes put powers of ten at equal distances', () => {
  const svg = svgChart(chart);
  // From 1 to 100 across 260, from 10 to 1000 up 180.
  assert.ok(svg.includes('d="M0.0 180.0L260.0 0.0"'));
  assert.ok(svg.includes('d="M130.0 180.0"'));
});
