/**
 * The part of docs/accuracy.md on the strategies: the predicted cost of each one's search beside the measured rows of
 * the kernels that are the same C.
 */
import type { ValidationRow } from '../../src/lab/validate/rows.ts';
import { STATES } from '../../src/lab/validate/states.ts';
import { SMALL_CYCLES } from '../../src/lab/validate/summary.ts';

/** By strategy: the measured kernels of its search, and of its release where there are some. */
const KERNELS: ReadonlyArray<
  readonly [strategy: string, search: readonly string[], release: readonly string[]]
> = [
  ['linear', ['lscan_call', 'real_find_unused', 'real_find_unused_clang'], []],
  ['slist', ['slist_pop', 'slist_pop_lk', 'real_alloc_pop', 'lifo_cycle'], ['slist_push', 'slist_push_lk']],
  ['bitmap', ['bmp_alloc'], ['bmp_free']],
  ['fifo-list', ['fifo_pop', 'fifo_cycle'], ['fifo_push']],
  ['next-fit', ['rotor'], []],
  ['bitmap2', ['hbmp_alloc'], ['hbmp_free']],
];

/** The bars: mean absolute and worst error in %, by state; below `SMALL_CYCLES` the difference in cycles. */
const BARS: Readonly<Record<string, readonly [mean: number, worst: number]>> = {
  warm: [8, 25],
  l2cold: [12, 30],
  dramcold: [18, 40],
};
const SMALL_BAR = 4;

/** The section, as paragraphs. @param stable stable rows of the judged kernels */
export function strategySection(stable: readonly ValidationRow[]): string[] {
  const lines: string[] = [];
  const outside: string[] = [];
  for (const [strategy, search, release] of KERNELS) {
    for (const [what, kernels] of [
      ['search', search],
      ['release', release],
    ] as const) {
      for (const state of STATES) {
        const rows = stable.filter((r) => kernels.includes(r.measured.kernel) && r.measured.state === state);
        if (rows.length === 0) continue;
        const [cells, inside] = judge(rows, BARS[state]!);
        lines.push(
          `| ${strategy} | ${what} | ${state} | ${cells.join(' | ')} | ${inside ? 'yes' : '**no**'} |`,
        );
        if (!inside) outside.push(`\`${strategy}\` ${what}, ${state}`);
      }
    }
  }
  const kernels = KERNELS.map(([strategy, search, release]) => {
    const names = [...search, ...release].map((name) => `\`${name}\``);
    return `\`${strategy}\`: ${names.join(', ')}`;
  });
  const bars = STATES.map((state) => `${state} ${BARS[state]!.join(' and ')}`);
  return [
    `The search of \`slist\`, \`bitmap\`, \`fifo-list\`, \`next-fit\` and \`bitmap2\`, between their locks, is one function of this model
    that the measured kernel of the same C calls too; the \`real_\` rows run FreeBSD's own strategies whole. ${kernels.join('. ')}.
    Over stable rows; bars in % for the mean absolute and the worst error: ${bars.join(', ')}; below ${SMALL_CYCLES} cycles a
    difference of ${SMALL_BAR} cycles. A state that is missing has no stable row here. No other strategy has a measured kernel.`,
    [
      '| strategy | part | state | n | signed | absolute | worst | worst row | small | small worst, cycles | inside |',
      '| --- | --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- |',
      ...lines,
    ].join('\n'),
    `Outside: ${outside.length === 0 ? 'none' : outside.join('; ')}.`,
  ];
}

function judge(
  rows: readonly ValidationRow[],
  [mean, worst]: readonly [number, number],
): [string[], boolean] {
  const large = rows.filter((r) => r.measured.cycles >= SMALL_CYCLES && r.error !== null);
  const small = rows.filter((r) => r.measured.cycles < SMALL_CYCLES);
  const errors = large.map((r) => r.error! * 100);
  const farthest = (values: readonly number[]) =>
    values.reduce((far, v) => (Math.abs(v) > Math.abs(far) ? v : far), 0);
  const average = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const most = farthest(errors);
  const differences = small.map((r) => r.cycles! - r.measured.cycles);
  const mostSmall = farthest(differences);
  const absolute = errors.length === 0 ? 0 : average(errors.map(Math.abs));
  const inside = absolute <= mean && Math.abs(most) <= worst && Math.abs(mostSmall) <= SMALL_BAR;
  const at = large[errors.indexOf(most)]?.measured;
  const some = errors.length > 0;
  return [
    [
      String(errors.length),
      some ? average(errors).toFixed(1) : '',
      some ? absolute.toFixed(1) : '',
      some ? most.toFixed(1) : '',
      at === undefined ? '' : `${at.kernel} ${at.param} ${at.layout}`,
      String(small.length),
      small.length === 0 ? '' : mostSmall.toFixed(2),
    ],
    inside,
  ];
}
