/**
 * What the guest's other code does to caches, TLBs and predictors between two operations: how many lines and
 * pages of its own it brings in a gap, by workload. Nobody measured these; every number is a judgement and
 * counted as guessed. They bound the effect of a cold start between `warm` and `cold`.
 */
import { guessed, type ParamSpecs, type ParamValues, type Sourced } from '../model/params.ts';
import type { Cycle } from '../model/units.ts';
import type { Uncore } from '../x86/coherence.ts';
import type { Core } from '../x86/core.ts';

const rate = (what: string) => ({ unit: '1/us', min: 0, max: 10_000, what });
const most = (what: string) => ({ unit: 'count', min: 0, max: 1 << 24, what });

/** What a workload is made of. */
export const WORKLOAD = {
  dataLines: rate('data lines touched in a microsecond'),
  mostDataLines: most('data lines it has'),
  codeLines: rate('lines of code run in a microsecond, with a branch each'),
  mostCodeLines: most('lines of code it has'),
  pages: rate('pages touched in a microsecond'),
  mostPages: most('pages it has'),
} as const satisfies ParamSpecs;

/** A named workload. */
export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly values: ParamValues<typeof WORKLOAD>;
}

const JUDGED = 'by judgement, no measurement';
const g = (value: number, low: number, high: number): Sourced => guessed(value, JUDGED, low, high);

/** From nothing at all to more than the L3 holds. */
export const WORKLOADS: readonly Workload[] = [
  {
    name: 'idle',
    what: 'the idle loop and a timer tick',
    values: {
      dataLines: g(1, 0, 5),
      mostDataLines: g(128, 32, 512),
      codeLines: g(1, 0, 5),
      mostCodeLines: g(128, 32, 512),
      pages: g(1, 0, 2),
      mostPages: g(8, 2, 32),
    },
  },
  {
    name: 'light',
    what: 'a service whose working set fits L2',
    values: {
      dataLines: g(50, 20, 100),
      mostDataLines: g(8_192, 2_048, 12_288),
      codeLines: g(20, 5, 50),
      mostCodeLines: g(1_024, 256, 2_048),
      pages: g(4, 1, 10),
      mostPages: g(256, 64, 512),
    },
  },
  {
    name: 'busy',
    what: 'a service whose working set fits L3',
    values: {
      dataLines: g(200, 100, 400),
      mostDataLines: g(131_072, 32_768, 262_144),
      codeLines: g(60, 20, 120),
      mostCodeLines: g(8_192, 2_048, 16_384),
      pages: g(20, 5, 50),
      mostPages: g(4_096, 1_024, 8_192),
    },
  },
  {
    name: 'thrash',
    what: 'a stream over more memory than L3 holds',
    values: {
      dataLines: g(1_000, 400, 2_000),
      mostDataLines: g(2_097_152, 1_048_576, 4_194_304),
      codeLines: g(60, 20, 120),
      mostCodeLines: g(8_192, 2_048, 16_384),
      pages: g(100, 20, 200),
      mostPages: g(32_768, 8_192, 65_536),
    },
  },
];

/**
 * The workload ran on the core for `gap` cycles: its lines, pages and branches displace others'. Lines beyond
 * the L2 reach the L3.
 */
export function press(core: Core, uncore: Uncore, workload: Workload, gap: Cycle): void {
  const { values: w } = workload;
  const micros = (gap * 1_000_000) / core.machine.n.clockHz;
  const count = (perMicro: Sourced, limit: Sourced) =>
    Math.min(limit.value, Math.floor(perMicro.value * micros));
  const data = count(w.dataLines, w.mostDataLines);
  const code = count(w.codeLines, w.mostCodeLines);
  core.pollute(data, code, count(w.pages, w.mostPages));
  const l2Lines = core.caches.l2.sets * core.caches.l2.ways;
  if (w.mostDataLines.value > l2Lines) uncore.polluteL3(core.caches.core, data);
}
