/** Binds and unbinds on several vCPUs at once: what they cost, and which locks they waited for. */
import { ModelBug } from '../../model/errors.ts';
import type { Histogram } from '../../model/histogram.ts';
import type { Cycle } from '../../model/units.ts';
import { assertCredited } from '../accounts.ts';
import { assertConserved } from '../replay.ts';
import type { Scenario } from '../scenario.ts';
import { Vcpus } from '../vcpus.ts';
import { LockAccount, type LockUse } from './lock-account.ts';
import { checkLoad, GUEST_PORTS, giveLoad, giveThreads, type ToolstackLoad } from './toolstack.ts';

/** What came of a load. */
export interface ContentionResult {
  readonly scenario: Scenario;
  readonly vcpus: number;
  readonly load: ToolstackLoad;
  /** From the first bind to the end of the last thing done. */
  readonly spanCycles: Cycle;
  /** Cycles of one bind, one unbind, one search: those of interrupts meanwhile are not in them, those of waits are. */
  readonly bind: Histogram;
  readonly unbind: Histogram;
  readonly find: Histogram;
  readonly upcalls: number;
  /** The locks that were taken, the one waited for longest first. */
  readonly locks: readonly LockUse[];
}

/**
 * Makes the isrcs of a load with their threads, runs it once, then again and measures that. Events and cycles are conserved, and no
 * lock is left held: a ModelBug otherwise.
 *
 * @param vcpus 1..64, each of which starts guests
 */
export function contention(scenario: Scenario, vcpus: number, load: ToolstackLoad): ContentionResult {
  checkLoad(load, vcpus, scenario.run.population);
  const run = new Vcpus(scenario, vcpus);
  giveThreads(run, load);
  run.engine.runTo(Number.POSITIVE_INFINITY);
  giveLoad(run, { ...load, rounds: 1 });
  const start = run.startTime();
  const { guest, engine, stats } = run;
  const locks = new LockAccount(guest.memory);
  for (const core of guest.cores) core.lockWatch = locks;
  giveLoad(run, load);
  engine.runTo(Number.POSITIVE_INFINITY);
  assertConserved(run);
  assertCredited(run.accounts, guest.cores);
  const { bind, unbind, find } = stats.histograms;
  const expected = vcpus * load.guests * load.rounds * GUEST_PORTS;
  if (bind.count !== expected || unbind.count !== expected || locks.held !== 0) {
    const found = { binds: bind.count, unbinds: unbind.count, expected, held: locks.held };
    throw new ModelBug('a load was not carried out', found);
  }
  const end = Math.max(engine.now, ...guest.cores.map((core) => core.now));
  return {
    scenario,
    vcpus,
    load,
    spanCycles: end - start,
    bind,
    unbind,
    find,
    upcalls: stats.counts.upcalls,
    locks: locks.uses,
  };
}
