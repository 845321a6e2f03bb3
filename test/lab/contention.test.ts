/** Binds and unbinds on several vCPUs at once: what is conserved, and what must grow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ContentionResult, contention } from '../../src/lab/contention/contention.ts';
import { LockAccount } from '../../src/lab/contention/lock-account.ts';
import { contentionTable, locksTable } from '../../src/lab/contention/tables.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { Memory } from '../../src/x86/memory.ts';

const LOAD = { guests: 3, rounds: 2 };

function run(
  guest: string,
  strategy: string | undefined,
  vcpus: number,
  set: string[] = [],
): ContentionResult {
  return contention(scenarioOf({ ...DEFAULT_NAMES, guest, strategy, set }), vcpus, LOAD);
}

const lockOf = ({ locks }: ContentionResult, name: string) => {
  const lock = locks.find((l) => l.name === name);
  assert.ok(lock !== undefined, `${name} of ${locks.map((l) => l.name).join(', ')}`);
  return lock;
};

/** Locks of which there is one in the system: nobody else can hold it meanwhile. */
const SINGLE = ['xen_intr_isrc_lock', 'xen_intr_x86_lock', 'intrsrc_lock', 'icu_lock', 'event_lock'];

test('alone, nobody waits', () => {
  for (const guest of ['freebsd-a', 'freebsd-c', 'linux-2l']) {
    const alone = run(guest, undefined, 1);
    for (const lock of alone.locks)
      assert.deepEqual([lock.name, lock.contended, lock.waitCycles], [lock.name, 0, 0]);
  }
});

test('locks that there are one of are held for no longer than the run, and waited for by more vCPUs longer', () => {
  for (const [guest, strategy] of [
    ['freebsd-a', 'linear'],
    ['freebsd-c', 'slist'],
    ['freebsd-c', 'linear'],
  ] as const) {
    let shares = 0;
    for (const vcpus of [1, 2, 4]) {
      const result = run(guest, strategy, vcpus);
      for (const lock of result.locks) {
        if (SINGLE.includes(lock.name)) assert.ok(lock.holdCycles < result.spanCycles, lock.name);
        assert.ok(lock.holdMost <= lock.holdCycles && lock.waitMost <= lock.waitCycles);
        assert.ok(lock.contended <= lock.taken);
        assert.equal(lock.contended === 0, lock.waitCycles === 0);
      }
      const waits = result.locks.reduce((n, l) => n + l.waitCycles, 0);
      // A wait is a stretch of a vCPU's time.
      assert.ok(waits < vcpus * result.spanCycles);
      const share = waits / (result.bind.sum + result.unbind.sum);
      assert.ok(share > shares || vcpus === 1, `${guest} ${vcpus}: ${share}`);
      shares = share;
    }
  }
});

test("each strategy's search is under the lock that the fact sheet says", () => {
  const binds = 2 * LOAD.guests * LOAD.rounds * 4;
  const a = run('freebsd-a', 'linear', 2);
  assert.ok(
    a.locks.every((l) => l.name !== 'xen_intr_x86_lock'),
    'A has one lock',
  );
  const c = run('freebsd-c', 'slist', 2);
  // One pair for the search, one for the release.
  assert.equal(lockOf(c, 'xen_intr_x86_lock').taken, 2 * binds);
  // Taking and publishing an isrc, and its assignment; reference and release of an unbind.
  assert.equal(lockOf(c, 'xen_intr_isrc_lock').taken, 4 * binds);
  const scan = run('freebsd-c', 'linear', 2, ['population=200']);
  const list = run('freebsd-c', 'slist', 2, ['population=200']);
  const held = (r: ContentionResult) => lockOf(r, 'xen_intr_x86_lock').holdCycles;
  assert.ok(held(scan) > 4 * held(list), 'the scan holds it for as long as it looks');
});

test('what vCPUs wait for is not the lock of the search', () => {
  for (const strategy of ['linear', 'slist']) {
    const result = run('freebsd-c', strategy, 4, ['population=200']);
    const wait = (name: string) => lockOf(result, name).waitCycles;
    const others = wait('intrsrc_lock') + wait('xen_intr_isrc_lock');
    assert.ok(
      wait('xen_intr_x86_lock') < others / 20,
      `${strategy}: ${wait('xen_intr_x86_lock')} of ${others}`,
    );
  }
});

test('with thousands of ports the scan holds up everybody, most where it has no lock of its own', () => {
  const span = (guest: string, strategy: string) => run(guest, strategy, 4, ['population=2000']).spanCycles;
  const a = span('freebsd-a', 'linear') / span('freebsd-a', 'slist');
  const c = span('freebsd-c', 'linear') / span('freebsd-c', 'slist');
  assert.ok(a > 1.3 && a < 1.7, `A: ${a}`);
  assert.ok(c > 1.1 && c < a, `C: ${c}`);
});

test('A holds the isrc lock over the close, so its holds are longer than those of C', () => {
  const mean = (guest: string, strategy: string) => {
    const lock = lockOf(run(guest, strategy, 2, ['population=200']), 'xen_intr_isrc_lock');
    return lock.holdCycles / lock.taken;
  };
  assert.ok(mean('freebsd-a', 'linear') > mean('freebsd-c', 'linear') + 100);
});

test('the same run twice is the same', () => {
  const texts = [0, 1].map(() => {
    const results = [run('freebsd-c', 'slist', 4)];
    return JSON.stringify([contentionTable(results).rows, locksTable(results).rows]);
  });
  assert.equal(texts[0], texts[1]);
});

test('a load that does not fit is refused with its numbers', () => {
  const scenario = scenarioOf({ ...DEFAULT_NAMES, set: ['population=4000'] });
  assert.throws(
    () => contention(scenario, 8, { guests: 4, rounds: 1 }),
    /4128 ports at once, expected at most 4095/,
  );
  assert.throws(() => contention(scenario, 1, { guests: 0, rounds: 1 }), /--guests 0/);
  assert.throws(() => contention(scenario, 1, { guests: 1, rounds: 4001 }), /product of at most 400/);
});

test('a core that takes what it holds is a broken model', () => {
  const memory = new Memory(8);
  const lock = memory.place('xen: struct domain', 128);
  const account = new LockAccount(memory);
  account.taken(0, lock, 10, 10);
  account.taken(1, lock, 12, 20);
  assert.throws(() => account.taken(0, lock, 30, 30), /takes a lock it holds/);
  account.released(0, lock, 15);
  account.released(2, lock, 40);
  assert.deepEqual(account.uses, [
    {
      name: 'event_lock',
      taken: 2,
      contended: 1,
      holdCycles: 5,
      holdMost: 5,
      waitCycles: 8,
      waitMost: 8,
    },
  ]);
});
