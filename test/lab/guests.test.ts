/** Every guest on recordings of the others' loads: the same events, and what differs because the kernel does. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LINUX_LUMPS, LUMP_VALUES } from '../../src/intr/lumps.ts';
import { findsIsrcs, NAMES } from '../../src/lab/catalogue.ts';
import { replay } from '../../src/lab/replay.ts';
import { runFile } from '../../src/lab/run-file.ts';
import { DEFAULT_NAMES, guessedNumbers, modelFingerprint, scenarioOf } from '../../src/lab/scenario.ts';
import { microFile, recordingFile } from '../../src/lab/scenarios.ts';
import { numberOf } from '../../src/lab/tables.ts';
import { openTrace } from '../../src/trace/reader.ts';
import { ROOT } from '../support/root.ts';

const file = (name: string) => join(ROOT, 'traces', recordingFile(name));

test('a recording on every guest: the same sends, conserved; Linux unmasks without Xen', async () => {
  const sends = new Set<number>();
  const unmasks: Record<string, number> = {};
  for (const guest of NAMES.guest) {
    for (const cache of ['warm', 'cold']) {
      const run = await runFile(file('l-fifo.domu-net'), scenarioOf({ ...DEFAULT_NAMES, guest, cache }));
      const of = (column: string) => numberOf(run.result, column)!;
      sends.add(of('sends'));
      unmasks[guest] = of('unmasks');
      const parts = ['delivered', 'coalesced', 'cancelled', 'lost', 'unqueued', 'still_pending'];
      assert.equal(
        parts.reduce((n, part) => n + of(part), 0),
        of('sends'),
        guest,
      );
      assert.deepEqual([of('lost'), of('unqueued'), of('link_failed')], [0, 0, 0], guest);
      assert.ok(of('delivered') > 1000 && of('isrcs') > 0, guest);
      const fifo = guest.endsWith('fifo');
      const only2l = of('selector_set');
      const onlyFifo = of('appended') + of('already_linked') + of('ready_set') + of('link_busy');
      assert.equal(fifo ? only2l : onlyFifo, 0, `${guest}: a rung of the other ABI`);
    }
  }
  assert.equal(sends.size, 1);
  assert.ok(unmasks['linux-2l']! < unmasks['freebsd-c']! / 4, JSON.stringify(unmasks));
  assert.ok(unmasks['linux-fifo']! < unmasks['freebsd-fifo']! / 4, JSON.stringify(unmasks));
});

test('binds, unbinds and user ports: every guest ends with no lock held and nothing in flight', async () => {
  for (const guest of NAMES.guest) {
    const path = file('c-fifo.life');
    const { vcpus } = await replay(await openTrace(path), path, scenarioOf({ ...DEFAULT_NAMES, guest }));
    for (const core of vcpus.guest.cores) assert.equal(core.interruptsOff, 0, guest);
    assert.deepEqual([vcpus.stats.counts.binds, vcpus.stats.counts.unbinds], [26, 25], guest);
  }
});

test('a guest is charged its own lumps only, and they count for it only', () => {
  const linux = scenarioOf({ ...DEFAULT_NAMES, guest: 'linux-2l' });
  const guessed = LINUX_LUMPS.filter(
    (name) => LUMP_VALUES[name as keyof typeof LUMP_VALUES].confidence === 'guessed',
  );
  assert.equal(guessedNumbers(linux).kernel, guessed.length);
  const changed = (guest: string, set: string) =>
    modelFingerprint(scenarioOf({ ...DEFAULT_NAMES, guest, set: [set] })) !==
    modelFingerprint(scenarioOf({ ...DEFAULT_NAMES, guest }));
  assert.equal(changed('linux-2l', 'linuxEntryCycles=121'), true);
  assert.equal(changed('freebsd-c', 'linuxEntryCycles=121'), false);
  assert.equal(changed('linux-2l', 'ithreadSwitchCycles=4001'), false);
});

test('each of the Linux lumps is charged', async () => {
  for (const name of LINUX_LUMPS) {
    const cycles = async (value: number) => {
      const set = [`${name}=${value}`];
      const scenario = scenarioOf({ ...DEFAULT_NAMES, guest: 'linux-fifo', set });
      let sum = 0;
      for (const trace of ['bind-unbind', 'burst']) {
        const { result } = await runFile(join(ROOT, 'traces', microFile(trace)), scenario);
        sum += numberOf(result, 'guest_cycles')!;
      }
      return sum;
    };
    // No event of these traces is for a process.
    if (['evtchnHandlerCycles', 'userUnmaskCycles'].includes(name)) continue;
    assert.ok((await cycles(20_000)) - (await cycles(10_000)) >= 10_000, name);
  }
});

test('guests without isrcs take no strategy', () => {
  for (const guest of NAMES.guest.filter((g) => !findsIsrcs(g))) {
    assert.equal(scenarioOf({ ...DEFAULT_NAMES, guest }).strategy.name, 'own');
    assert.throws(() => scenarioOf({ ...DEFAULT_NAMES, guest, strategy: 'linear' }), /leave --strategy out/);
  }
});
