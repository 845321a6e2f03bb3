/** The search for worst cases: its figures are those of a replay, it misses nothing in small spaces, bounds hold. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { EventLog } from '../../src/lab/event-log.ts';
import { replay } from '../../src/lab/replay.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { playerFor, playRows } from '../../src/lab/worst/arena.ts';
import { search } from '../../src/lab/worst/search.ts';
import { shrink, without } from '../../src/lab/worst/shrink.ts';
import { worstTable } from '../../src/lab/worst/tables.ts';
import type { Target } from '../../src/lab/worst/target.ts';
import { type Arrival, boundRows, patternRows, type UpcallCase } from '../../src/lab/worst/upcall-case.ts';
import { UpcallTarget } from '../../src/lab/worst/upcall-target.ts';
import { findWorst, looksOf, replayOf, type WorstOptions } from '../../src/lab/worst/worst.ts';
import { UserError } from '../../src/model/errors.ts';
import { RandomStream } from '../../src/model/random.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { writeTrace } from '../../src/trace/writer.ts';
import { upcall } from '../support/cli.ts';
import { temporaryFolder } from '../support/files.ts';

const folder = temporaryFolder();

function scenario(names: Partial<ScenarioNames> = {}) {
  return scenarioOf({ ...DEFAULT_NAMES, cache: 'cold', ...names });
}

function options(more: Partial<WorstOptions>): WorstOptions {
  const small = { ports: 80, events: 5, budget: 24, seed: 3, keepPermille: 990, replays: 24 };
  return { target: 'scan', scenario: scenario(), ...small, ...more };
}

const SMALL: Array<Partial<WorstOptions>> = [
  { target: 'scan' },
  { target: 'starve' },
  { target: 'find', ports: 40, scenario: scenario({ strategy: 'linear' }) },
  { target: 'scan', scenario: scenario({ guest: 'linux-2l' }) },
  { target: 'starve', scenario: scenario({ guest: 'freebsd-fifo', cache: 'warm', set: ['senders=2'] }) },
];

for (const more of SMALL) {
  const { target, scenario: s = scenario() } = more;
  test(`${target} on ${s.generation.name}: a replay of the trace shows the same figure, and so does a second search`, async () => {
    const found = findWorst(options(more));
    const path = join(folder, `${found.header.name}.trace`);
    await writeTrace(path, found.header, found.rows());
    const { result } = await runFile(path, s);
    assert.equal(numberOf(result, found.column), found.cycles);
    assert.ok(found.cycles * 1000 >= found.foundCycles * 900);
    assert.ok(found.after.size <= found.before.size);
    assert.deepEqual(worstTable([findWorst(options(more))]), worstTable([found]));
    assert.ok(found.evaluations <= 24 && found.replays <= 24 + 4 + 3);
    if (found.overtaken !== undefined) assert.ok(found.overtaken.found <= found.overtaken.most);
  });
}

test('with a linear scan the worst is that the last isrc is the unused one, or none is', () => {
  const linear = scenario({ strategy: 'linear', cache: 'warm' });
  const more = { target: 'find', ports: 160, budget: 20, replays: 0, scenario: linear };
  const found = findWorst(options(more));
  assert.equal(found.after.ports, 159);
  assert.ok(['none unused', 'unused, in order of release: 159'].includes(found.after.text), found.after.text);
  assert.ok(found.cycles > 4 * found.plainCycles);
});

test('all populations and places are tried where the budget is enough', () => {
  const found = findWorst(options({ target: 'find', ports: 8, budget: 35, replays: 0 }));
  assert.deepEqual([found.method, found.evaluations], ['exhaustive', 35]);
});

test('annealing finds what going through all patterns finds, as near as estimates are to replays', () => {
  const s = scenario();
  const all = new UpcallTarget('scan', s, 5, 5);
  const exact = (c: UpcallCase) => replayOf(s, all, all.rows(c)).score;
  const worst = Math.max(...[...all.all()].filter((c) => c.cursor % 3 === 0).map(exact));
  const annealed = search(new UpcallTarget('scan', s, 5, 5), 160, 1);
  assert.equal(annealed.method, 'annealing');
  const best = Math.max(...annealed.worst.map(({ c }) => exact(c)));
  assert.ok(best >= 0.95 * worst, `${best}, and ${worst} of all`);
});

/** Numbers of 12 bits, whose neighbours differ in one; many are higher than all their neighbours. */
class Hills implements Target<number> {
  readonly name = 'hills';
  readonly column = '';
  readonly count = 4096;
  *all(): Iterable<number> {
    for (let c = 0; c < this.count; c++) yield c;
  }
  first(random: RandomStream): number {
    return random.below(this.count);
  }
  near(c: number, random: RandomStream): number {
    return c ^ (1 << random.below(12));
  }
  estimate(c: number): number {
    let ones = 0;
    for (let bits = c ^ 0x5a3; bits !== 0; bits &= bits - 1) ones++;
    return 1000 - 60 * ones + (Math.imul(c, 0x9e3779b1) >>> 26);
  }
  plain = () => 0;
  rows = () => [];
  figure = () => 0;
  score = () => 0;
  simpler = () => [];
  describe = () => ({ size: 0, ports: 0, text: '' });
}

test('annealing comes over hills: in a quarter of the estimates the best of all, with every seed', () => {
  const whole = search(new Hills(), 4096, 1);
  assert.deepEqual([whole.method, whole.evaluations], ['exhaustive', 4096]);
  const scores = Array.from({ length: 4096 }, (_, c) => new Hills().estimate(c));
  assert.equal(whole.worst[0]!.score, Math.max(...scores));
  for (let seed = 1; seed <= 20; seed++) {
    const { method, worst, evaluations } = search(new Hills(), 1000, seed);
    assert.deepEqual([method, evaluations], ['annealing', 1000]);
    assert.equal(worst[0]!.score, whole.worst[0]!.score);
  }
});

/** A random pattern with pending ports and arrivals. */
function pattern(random: RandomStream): UpcallCase {
  const port = () => 1 + random.below(190);
  const pending = Array.from({ length: random.below(7) }, port);
  const arrivals: Arrival[] = Array.from({ length: 1 + random.below(6) }, () => ({
    after: random.below(30_000),
    port: port(),
  }));
  return {
    cursor: random.below(191),
    masked: [],
    pending,
    arrivals: arrivals.sort((a, b) => a.after - b.after),
  };
}

for (const guest of ['freebsd-a', 'freebsd-c']) {
  test(`${guest}: no pattern makes the scan look at a group more often than the bound says`, () => {
    const s = scenario({ guest, cache: 'warm' });
    const target = new UpcallTarget('scan', s, 191, 12);
    const random = new RandomStream(5, 'patterns');
    let nearest = 0;
    for (let i = 0; i < 16; i++) {
      const c = pattern(random);
      const { found, most } = looksOf(s, target, c, replayOf(s, target, target.rows(c)))!;
      assert.ok(found > 0 && found <= most, JSON.stringify([c, found, most]));
      nearest = Math.max(nearest, found / most);
    }
    // It is no bound that could not be missed.
    assert.ok(nearest > 0.5, `${nearest}`);
    // One port in a group behind the cursor: looked for from the cursor on in vain, then found. The bound is reached.
    const skipped = { cursor: 5, masked: [], pending: [65], arrivals: [] };
    assert.deepEqual(looksOf(s, target, skipped, replayOf(s, target, target.rows(skipped))), {
      found: 5,
      most: 5,
    });
  });
}

/** One event of group 1, and ports of group 0 that are sent to, faster than their handlers end unless those do nothing. */
function storm(guest: string, events: number, handler = 3000): { wait: number; overtaken: number } {
  const s = scenario({ guest, cache: 'warm', set: [`filterCycles=${handler}`, 'senders=8'] });
  const arrivals: Arrival[] = Array.from({ length: events }, (_, i) => ({
    after: i * 2000,
    port: 1 + (i % 4),
  }));
  arrivals.splice(6, 0, { after: 12_000, port: 70 });
  const player = playerFor(s);
  playRows(player, boundRows(70, []));
  playRows(player, patternRows({ cursor: 0, masked: [], pending: [], arrivals }, 0, false));
  const { vcpus } = player.finish();
  return { wait: vcpus.stats.histograms.delivery.max, overtaken: vcpus.overtaken };
}

test('an event waits in FreeBSD as long as another group goes on, and with Linux it does not', () => {
  for (const guest of ['freebsd-a', 'freebsd-c']) {
    const [few, many] = [storm(guest, 20), storm(guest, 80)];
    assert.ok(many.wait > 3 * few.wait && many.overtaken > 4 * few.overtaken, JSON.stringify([few, many]));
  }
  // With handlers that do nothing the sends are too slow for that.
  assert.deepEqual(storm('freebsd-c', 80, 0), storm('freebsd-c', 20, 0));
  const [few, many] = [storm('linux-2l', 20), storm('linux-2l', 80)];
  assert.equal(many.wait, few.wait);
  assert.equal(many.overtaken, 0);
});

test('what is made smaller keeps what it must, and nothing else', () => {
  const items = Array.from({ length: 40 }, (_, i) => i);
  const scoreOf = (list: readonly number[]) => (list.includes(3) && list.includes(17) ? 10 : 0);
  const small = shrink(items, 10, without, scoreOf, 1000);
  assert.deepEqual([small.c, small.minimal], [[3, 17], true]);
  const cut = shrink(items, 10, without, scoreOf, 3);
  assert.deepEqual([cut.minimal, cut.tried, scoreOf(cut.c)], [false, 3, 10]);
});

test('overtaken counts the later events that were served first', () => {
  const log = new EventLog(1);
  for (const port of [1, 2, 3]) log.deliverable(port, 0);
  for (const port of [3, 2, 1]) log.handled(port, 0, true, 10);
  assert.equal(log.overtaken, 2);
  log.countOvertaken();
  for (const port of [1, 2, 3]) log.deliverable(port, 20);
  for (const port of [1, 2, 3]) log.handled(port, 0, true, 30);
  assert.equal(log.overtaken, 0);
});

test('a masked port stays pending behind the pattern, as the case says', async () => {
  const c: UpcallCase = { cursor: 3, masked: [16], pending: [1, 70], arrivals: [] };
  const s = scenario();
  const target = new UpcallTarget('scan', s, 80, 4);
  const path = join(folder, 'masked.trace');
  const { header } = findWorst(options({ budget: 1, replays: 0 }));
  await writeTrace(path, header, target.rows(c));
  const run = await replay(await openTrace(path), path, s);
  assert.equal(run.vcpus.stillPending(), 1);
  // The masked one once, the one served before, and the two.
  assert.equal(run.vcpus.stats.counts.delivered, 4);
});

test('what cannot be searched is refused', () => {
  const refused = (more: Partial<WorstOptions>, message: RegExp) => {
    assert.throws(() => findWorst(options(more)), UserError);
    assert.throws(() => findWorst(options(more)), message);
  };
  refused({ target: 'scann' }, /unknown target "scann", did you mean scan\?/);
  refused({ ports: 1 }, /--ports is 1, expected an integer 2\.\.4095/);
  refused({ events: 0 }, /--events is 0/);
  refused({ budget: 0 }, /--budget is 0/);
  refused({ keepPermille: 1001 }, /--keep is 1001/);
  refused({ target: 'find', scenario: scenario({ guest: 'linux-2l' }) }, /of which linux-2l has none/);
});

test('upcall worst writes the trace, and upcall replay shows the figure', () => {
  const path = join(folder, 'by-command.trace.gz');
  const small = ['--ports', '20', '--events', '3', '--budget', '8', '--replays', '4', '--format', 'json'];
  const worst = upcall(['worst', '--target', 'scan', '--guest', 'freebsd-a', ...small, '--out', path]);
  assert.equal(worst.code, 0, worst.stderr);
  const [found] = JSON.parse(worst.stdout).rows;
  const replayed = upcall(['replay', path, '--guest', 'freebsd-a', '--cache', 'cold', '--format', 'json']);
  const [run] = JSON.parse(replayed.stdout).rows;
  assert.equal(run[found.figure], found.cycles);
  const header = gunzipSync(readFileSync(path)).toString();
  assert.match(
    header,
    /^# source: upcall worst --target scan --machine zen5 --guest freebsd-a --strategy slist --cache cold --ports 20 --events 3 --budget 8 --seed 1 --keep 990 --replays 4$/m,
  );
  assert.match(header, new RegExp(`^# shows: upcall_max_cycles ${found.cycles} on this machine`, 'm'));
  const nothing = upcall(['worst', '--target', 'scan', '--out', '']);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /--out expects a file/);
});
