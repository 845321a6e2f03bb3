/** Every kind of seeded load: a table that the reader takes, as many sends as asked, at the asked rate, for ever. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { replay } from '../../src/lab/replay.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { UserError } from '../../src/model/errors.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { LOAD_KINDS, loadKind } from '../../src/trace/synth/catalogue.ts';
import { type SynthOptions, synthHeader, synthRows } from '../../src/trace/synth/synth.ts';
import { Channel, EXTERNAL, Kind, MAX_PORTS, type TraceRow } from '../../src/trace/table.ts';
import { formatRow, writeTrace } from '../../src/trace/writer.ts';
import { temporaryFolder } from '../support/files.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const folder = temporaryFolder();

/** What each kind is tried with, and the first 16 digits of the SHA-256 of its rows: a seed is a load for ever. */
const TRIED: Readonly<Record<string, { set?: string[]; gap?: number; guests?: string[]; sha256: string }>> = {
  poisson: { sha256: 'a4520395c3238d80' },
  bursty: { set: ['burstNanos=20000', 'calmNanos=180000'], sha256: '3abebd746771eac2' },
  timer: { set: ['jitterNanos=5000'], gap: 20_000, sha256: 'e272e3f7bb8e0ecb' },
  'ipi-storm': { sha256: '91c94df9adebd147' },
  netfront: { sha256: '25b10a819a499253' },
  churn: { set: ['onNanos=300000', 'offNanos=200000'], sha256: '3ed69d6fc147755c' },
  'boot-storm': { set: ['guests=30'], sha256: '94c5632e6c2c5c93' },
  dom0: { set: ['lifeNanos=100000', 'downNanos=200000', 'opNanos=5000'], sha256: 'a32482a19f9c8671' },
  domu: {
    set: ['restoreNanos=200000', 'opNanos=5000'],
    guests: ['freebsd-a', 'freebsd-c'],
    sha256: '1858c8f896a61a88',
  },
};

const SENDS = 600;

function tried(kind: string, more: Partial<SynthOptions> = {}): SynthOptions {
  const { set, gap } = TRIED[kind]!;
  return { kind, sends: SENDS, vcpus: 3, seed: 4, set, meanGapNanos: gap, ...more };
}

/** Rows as objects of their own. */
function* copies(options: SynthOptions): Generator<TraceRow> {
  for (const row of synthRows(options)) yield { ...row };
}

/** Rows as text. */
function* lines(options: SynthOptions): Generator<string> {
  for (const row of synthRows(options)) yield formatRow(row);
}

/** The first 16 digits of the SHA-256 of the rows. */
function hashOf(options: SynthOptions): string {
  const hash = createHash('sha256');
  for (const line of lines(options)) hash.update(`${line}\n`);
  return hash.digest('hex').slice(0, 16);
}

async function written(options: SynthOptions): Promise<string> {
  const path = join(folder, `${options.kind}.trace`);
  await writeTrace(path, synthHeader(options), synthRows(options));
  return path;
}

test('every kind is tried here', () => {
  assert.deepEqual(
    LOAD_KINDS.map(({ name }) => name),
    Object.keys(TRIED),
  );
});

for (const { name: kind, takesPorts } of LOAD_KINDS) {
  test(`${kind}: the reader takes it, with exactly the sends asked for and every port that is promised`, async () => {
    const { header, batches } = await openTrace(await written(tried(kind)));
    assert.equal(header.name, `synth-${kind}-${SENDS}-3-4`);
    const counts = new Array<number>(16).fill(0);
    for await (const batch of batches) {
      for (let i = 0; i < batch.length; i++) counts[batch.kind[i]!]! += 1;
    }
    assert.equal(counts[Kind.send], SENDS);
    assert.ok(counts[Kind.bound]! > 0);
    if (takesPorts && kind !== 'churn') {
      assert.equal([...lines(tried(kind, { ports: 7 }))].filter((l) => l.includes(',bound,')).length, 7);
    }
  });

  test(`${kind}: the same bytes for ever, others for another seed`, () => {
    assert.equal(hashOf(tried(kind)), TRIED[kind]!.sha256);
    const rows = (seed: number) => [...lines(tried(kind, { seed }))].join('\n');
    assert.equal(rows(4), rows(4));
    assert.notEqual(rows(4), rows(5));
  });

  test(`${kind}: sends come at the asked rate, 12 hours or 60,000 sends long`, () => {
    for (const gap of [20_000, 90_000]) {
      const sends = 60_000;
      let time = 0;
      for (const row of synthRows(tried(kind, { sends, meanGapNanos: gap }))) {
        assert.ok(row.time >= time && Number.isSafeInteger(row.time));
        time = row.time;
      }
      const asked = (sends * gap) / 3;
      assert.ok(Math.abs(time / asked - 1) < 0.05, `${time} ns for ${asked}`);
    }
  });

  test(`${kind}: nothing is kept that grows with the sends`, () => {
    const rows = synthRows(tried(kind, { sends: 1e9 }));
    const usedAfter = (n: number) => {
      for (let i = 0; i < n; i++) rows.next();
      collectGarbage();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const few = usedAfter(100_000);
    const many = usedAfter(300_000);
    assert.ok(many - few < 300_000, `${many - few} bytes for 300000 rows`);
  });

  test(`${kind}: replays, and every send is accounted for`, async () => {
    const path = await written(tried(kind, { sends: 200, priorities: [3, 11] }));
    for (const guest of TRIED[kind]!.guests ?? ['freebsd-c', 'linux-fifo']) {
      const scenario = scenarioOf({ ...DEFAULT_NAMES, guest });
      const run = await replay(await openTrace(path), path, scenario);
      assert.ok(run.vcpus.stats.counts.delivered > 0);
    }
  });
}

test('poisson is what it was before there were other kinds', () => {
  const options = { kind: 'poisson', sends: 3000, vcpus: 4, seed: 1, ports: 64, meanGapNanos: 20_000 };
  assert.equal(hashOf(options), 'f1fd28ed174de2d2');
  const [[key, source]] = synthHeader(options).notes as [[string, string]];
  assert.equal(key, 'source');
  assert.equal(
    source,
    'upcall trace synth --kind poisson --sends 3000 --vcpus 4 --seed 1 --ports 64 --gap 20000',
  );
});

test('the source in the header makes the same load again', () => {
  const options = tried('dom0', { priorities: [1, 2] });
  assert.match(
    synthHeader(options).notes[0]![1],
    /--gap 20000 --priorities 1,2 --set lifeNanos=100000 --set downNanos=200000 --set opNanos=5000$/,
  );
});

test('bursts: sends a short time apart are as many more as asked', () => {
  const set = ['burstRatio=100', 'burstNanos=1000000', 'calmNanos=9000000'];
  const gaps: number[] = [];
  let before = 0;
  for (const { kind, time } of synthRows(tried('bursty', { sends: 40_000, set }))) {
    if (kind === Kind.send) gaps.push(time - before);
    before = time;
  }
  gaps.sort((a, b) => a - b);
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  const median = gaps[gaps.length >> 1]!;
  // 100 of 109 sends are in bursts, where gaps are 109/1000 of the mean: half of all gaps are below 0.0859 of it.
  assert.ok(Math.abs(median / mean / 0.0859 - 1) < 0.1, `median ${median} of ${mean}`);
});

test('timers tick once a period and never early', () => {
  const ticks: number[][] = [[], [], []];
  for (const row of synthRows(tried('timer', { sends: 300 }))) {
    if (row.kind === Kind.send) ticks[row.port - 1]!.push(row.time);
  }
  ticks.forEach((times, vcpu) => {
    assert.equal(times.length, 100);
    times.forEach((time, i) => {
      const late = time - Math.floor((20_000 * (vcpu + 1)) / 3) - 20_000 * i;
      assert.ok(late >= 0 && late <= 5000);
    });
  });
});

test('an IPI storm interrupts every other vCPU once', () => {
  const storms: string[][] = [];
  let last = -1e9;
  for (const { kind, time, by, port } of synthRows(tried('ipi-storm', { sends: 900, vcpus: 4 }))) {
    if (kind !== Kind.send) continue;
    if (time - last !== 300) storms.push([]);
    last = time;
    storms.at(-1)!.push(`${by}>${Math.floor((port - 1) / 6)}`);
  }
  assert.equal(storms.length, 300);
  for (const storm of storms) {
    assert.equal(new Set(storm).size, 3);
    for (const hop of storm) assert.notEqual(hop[0], hop[2]);
  }
});

test('netfront: a batch is one event where interrupts are mitigated', () => {
  const shortest = (set: string[]) => {
    const last = new Map<number, number>();
    let least = Number.POSITIVE_INFINITY;
    for (const { kind, time, port } of synthRows(tried('netfront', { sends: 5000, set }))) {
      if (kind !== Kind.send) continue;
      least = Math.min(least, time - (last.get(port) ?? -1e9));
      last.set(port, time);
    }
    return least;
  };
  // A packet, then the time at the ring.
  assert.ok(shortest([]) > 3500);
  assert.equal(shortest(['mitigated=0']), 500);
});

test('a guest has the ports of the formula, and after a restore each driver unbinds and binds before it is sent to', () => {
  const set = ['restoreNanos=100000', 'opNanos=3000', 'ipis=6', 'queues=1'];
  const rows = [...copies(tried('domu', { sends: 4000, vcpus: 8, set }))];
  // The fact sheet's guest: 8 vCPUs, one nic with one queue, one disk.
  const bound = rows.filter((r) => r.kind === Kind.bound);
  assert.equal(bound.length, 8 * (6 + 2) + 2 + 1 + 1);
  const state = new Map(bound.map((r) => [r.port, 'bound']));
  const drivers = bound.filter((r) => r.channel === Channel.unbound).map((r) => r.port);
  assert.equal(drivers.length, 4);
  let restores = 0;
  for (const { kind, port } of rows) {
    if (kind === Kind.restore) {
      restores++;
      for (const p of drivers) {
        assert.equal(state.get(p), 'bound');
        state.set(p, 'gone');
      }
    } else if (kind === Kind.unbind) {
      assert.equal(state.get(port), 'gone');
      state.set(port, 'unbound');
    } else if (kind === Kind.bind) {
      assert.equal(state.get(port), 'unbound');
      state.set(port, 'bound');
    } else if (kind === Kind.send) assert.equal(state.get(port), 'bound');
  }
  assert.ok(restores > 10);
});

test('priorities: every port gets its own before anything is sent to it', () => {
  const priorities = [0, 7, 15];
  for (const kind of ['poisson', 'churn', 'dom0', 'domu']) {
    const set = new Map<number, number>();
    let waits = -1;
    for (const row of synthRows(tried(kind, { priorities }))) {
      if (waits >= 0) assert.deepEqual([row.kind, row.port], [Kind.priority, waits]);
      waits = row.kind === Kind.bind ? row.port : -1;
      if (row.kind === Kind.priority) {
        assert.notEqual(row.by, EXTERNAL);
        assert.equal(row.to, priorities[(row.port - 1) % 3]);
        set.set(row.port, row.to);
      } else if (row.kind === Kind.unbind) set.delete(row.port);
      else if (row.kind === Kind.send) assert.ok(set.has(row.port));
    }
  }
});

test('options out of range, of another kind, or that do not go together are refused', () => {
  const refused = (more: Partial<SynthOptions>, message: RegExp) => {
    const options = { kind: 'poisson', sends: 1, vcpus: 2, seed: 1, ...more };
    assert.throws(() => synthHeader(options), UserError);
    assert.throws(() => synthHeader(options), message);
    assert.throws(() => synthRows(options).next(), message);
  };
  refused({ kind: 'poison' }, /did you mean poisson/);
  refused({ sends: 0 }, /--sends is 0/);
  refused({ vcpus: 65 }, /--vcpus is 65/);
  refused({ ports: MAX_PORTS }, /--ports is 4096/);
  refused({ meanGapNanos: 0 }, /--gap is 0/);
  refused({ priorities: [16] }, /--priorities is 16/);
  refused({ set: ['guests=3'] }, /unknown parameter "guests"/);
  refused({ set: ['__proto__=3'] }, /unknown parameter "__proto__"/);
  refused({ kind: 'timer', ports: 3 }, /--ports is of no use with --kind timer/);
  refused({ kind: 'timer', set: ['jitterNanos=20000'], meanGapNanos: 20_000 }, /less than the period, 20000/);
  refused({ kind: 'ipi-storm', vcpus: 1 }, /2 or more/);
  refused({ kind: 'ipi-storm', set: ['targets=2'] }, /fewer than the 2 vCPUs/);
  refused({ kind: 'ipi-storm', meanGapNanos: 600 }, /a gap above 600 ns/);
  refused({ kind: 'netfront', meanGapNanos: 1000 }, /batches come faster than they take/);
  refused({ kind: 'bursty', meanGapNanos: 10 }, /expected 1 or more/);
  refused({ kind: 'dom0', set: ['guests=1300'] }, /make 5220 ports, expected at most 4095/);
  const named = { kind: 'poisson', sends: 1, vcpus: 1, seed: 1, name: 'a b' };
  assert.throws(() => synthHeader(named), /--name expects/);
});

test('kinds are found by their names', () => {
  for (const kind of LOAD_KINDS) assert.equal(loadKind(kind.name), kind);
});
