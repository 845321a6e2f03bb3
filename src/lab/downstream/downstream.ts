/** The same recording after different histories of its isrcs: what the order of reuse does to upcalls. */
import { RandomStream } from '../../model/random.ts';
import type { Input } from '../../trace/input.ts';
import { openTrace } from '../../trace/reader.ts';
import { replay } from '../replay.ts';
import type { Scenario } from '../scenario.ts';
import { type RunResult, resultOf } from '../tables.ts';
import { type Churn, type HistoryCost, type HistoryName, historyOf } from './history.ts';
import { randomStrategy } from './random-allocator.ts';
import { type TouchedLines, touchedLines } from './touched.ts';

/** One run. */
export interface DownstreamRun {
  readonly trace: string;
  readonly scenario: Scenario;
  readonly history: HistoryName;
  readonly churn: Churn;
  /** What the binds of the history cost. */
  readonly before: HistoryCost;
  readonly touched: TouchedLines;
  readonly result: RunResult;
  /** The run in the order of the boot that it is compared with; itself, if it is that. */
  readonly boot: DownstreamRun;
}

/**
 * Replays a recording after every history. `none` is run whether it is named or not: it is what the others are
 * compared with.
 *
 * @param scenarios which differ in strategy and state
 */
export async function downstreamRuns(
  input: Input,
  scenarios: readonly Scenario[],
  histories: readonly HistoryName[],
  churn: Churn,
): Promise<DownstreamRun[]> {
  const runs: DownstreamRun[] = [];
  const shuffled = new Set<string>();
  for (const scenario of scenarios) {
    const boot = await runAfter(input, scenario, 'none', churn);
    if (histories.includes('none')) runs.push(boot);
    if (histories.includes('churn')) runs.push(await runAfter(input, scenario, 'churn', churn, boot));
    const place = `${scenario.machine.name} ${scenario.generation.name} ${scenario.cache}`;
    if (!histories.includes('shuffle') || shuffled.has(place)) continue;
    shuffled.add(place);
    runs.push(await shuffledRun(input, scenario, churn));
  }
  return runs;
}

/** A history that no strategy makes: once for all of them is enough. */
async function shuffledRun(input: Input, scenario: Scenario, churn: Churn): Promise<DownstreamRun> {
  const random = () => ({
    ...scenario,
    strategy: randomStrategy(new RandomStream(churn.seed, 'shuffle')),
  });
  const boot = await runAfter(input, random(), 'none', churn);
  return runAfter(input, random(), 'shuffle', churn, boot);
}

async function runAfter(
  input: Input,
  scenario: Scenario,
  history: HistoryName,
  churn: Churn,
  boot?: DownstreamRun,
): Promise<DownstreamRun> {
  const trace = await openTrace(input);
  const before: HistoryCost = { binds: 0, findCycles: 0, bindCycles: 0 };
  const happened = history === 'none' ? undefined : historyOf(history, churn, before);
  const run = await replay(trace, input.path, scenario, happened);
  const made = {
    trace: trace.header.name,
    scenario,
    history,
    churn,
    before,
    touched: touchedLines(run),
    result: resultOf(run),
  };
  const self: DownstreamRun = {
    ...made,
    get boot() {
      return boot ?? self;
    },
  };
  return self;
}
