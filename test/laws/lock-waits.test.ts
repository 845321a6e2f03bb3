/** Laws of waiting for a lock: two vCPUs, one of which holds what the other wants. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelCpu } from '../../src/intr/kernel-image.ts';
import { mutexLock, mutexUnlock, rawSpinLock, rawSpinUnlock } from '../../src/intr/linux/locks.ts';
import { mtxLock, mtxUnlock, spinLock, spinUnlock } from '../../src/intr/mutex.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Addr, Cycle } from '../../src/model/units.ts';
import type { Kernel } from '../../src/x86/core.ts';
import { SourceFile } from '../../src/x86/sites.ts';
import * as xen from '../../src/xen/locks.ts';

const AT = new SourceFile('test', 'lock waits').fn('critical section').site('work', 100);

/** A kind of lock: how it is taken and given back. */
interface Lock {
  readonly name: string;
  take(cpu: KernelCpu, lock: Addr): Kernel;
  give(cpu: KernelCpu, lock: Addr): Kernel;
  /** Whether its word is as FreeBSD's mutexes have it: 4 for nobody's. */
  readonly mutex?: boolean;
}

const LOCKS: readonly Lock[] = [
  {
    name: 'mtx_lock',
    mutex: true,
    take: ({ core, pcpu }, lock) => mtxLock(core, lock, pcpu, AT),
    give: ({ core, pcpu }, lock) => mtxUnlock(core, lock, pcpu, AT),
  },
  {
    name: 'mtx_lock_spin',
    mutex: true,
    take: (cpu, lock) => spinLock(cpu, lock, AT),
    give: (cpu, lock) => spinUnlock(cpu, lock, AT),
  },
  {
    name: "Xen's spin_lock",
    take: ({ core }, lock) => xen.spinLock(core, lock),
    give: ({ core }, lock) => xen.spinUnlock(core, lock),
  },
  {
    name: "Xen's write_lock",
    take: ({ core }, lock) => xen.writeLock(core, lock),
    give: ({ core }, lock) => xen.writeUnlock(core, lock),
  },
  {
    name: "Linux's raw_spin_lock",
    take: ({ core }, lock) => rawSpinLock(core, lock, AT),
    give: ({ core }, lock) => rawSpinUnlock(core, lock),
  },
  {
    name: "Linux's mutex_lock",
    take: ({ core, pcpu }, lock) => mutexLock(core, lock, pcpu, AT),
    give: ({ core, pcpu }, lock) => mutexUnlock(core, lock, pcpu, AT),
  },
];

/** When each vCPU tried, took and gave back, by vCPU. */
interface Times {
  tried: Cycle;
  taken: Cycle;
  released: Cycle;
}

/** vCPU i begins at `begins[i]`, takes the lock, works for `works[i]` cycles, and gives it back. */
function race(lock: Lock, begins: readonly Cycle[], works: readonly Cycle[]): Times[] {
  const bench = new BenchGuest(scenarioOf(DEFAULT_NAMES), begins.length);
  const { cpus, os } = bench.guest.freeBsd;
  const { memory } = os.image;
  const address = memory.place('test lock', 64, 64);
  if (lock.mutex === true) memory.poke64(address + 24, 4);
  const times = cpus.map((): Times => ({ tried: -1, taken: -1, released: -1 }));
  const watch = {
    taken: (core: number, _lock: Addr, tried: Cycle, taken: Cycle) =>
      Object.assign(times[core]!, { tried, taken }),
    released: (core: number, _lock: Addr, released: Cycle) => Object.assign(times[core]!, { released }),
  };
  function* section(cpu: KernelCpu, work: Cycle): Kernel {
    yield* lock.take(cpu, address);
    cpu.core.at(AT);
    cpu.core.lump(work);
    yield* lock.give(cpu, address);
  }
  const start = Math.max(...cpus.map(({ core }) => core.now)) + 1000;
  const due = cpus.map(({ core }, i) => core.begin(start + begins[i]!));
  const kernels = cpus.map((cpu, i): Kernel | undefined => section(cpu, works[i]!));
  for (const { core } of cpus) core.lockWatch = watch;
  for (;;) {
    const left = kernels.flatMap((k, i) => (k === undefined ? [] : [i]));
    if (left.length === 0) break;
    const next = left.reduce((a, b) => (due[b]! < due[a]! ? b : a));
    bench.horizon.cycle = Math.min(
      Number.POSITIVE_INFINITY,
      ...left.filter((i) => i !== next).map((i) => due[i]!),
    );
    if (kernels[next]!.next().done === true) kernels[next] = undefined;
    else due[next] = Math.max(due[next]!, cpus[next]!.core.resumeCycle);
  }
  return times.map(({ tried, taken, released }) => ({
    tried: tried - start,
    taken: taken - start,
    released: released - start,
  }));
}

/** Most cycles from a release to the taking by who waits: the line comes over twice, and a turn of its loop. */
const HAND_OVER = 1500;

for (const lock of LOCKS) {
  test(`${lock.name}: who comes after the release does not wait`, () => {
    const [first, second] = race(lock, [0, 50_000], [3000, 100]);
    assert.equal(first!.taken, first!.tried);
    assert.equal(second!.taken, second!.tried);
    assert.ok(first!.released - first!.taken >= 3000);
    assert.ok(first!.released - first!.taken < 3500, 'it is held for the work');
  });

  test(`${lock.name}: who comes before it waits for what is left of the hold, and the hand-over`, () => {
    const handOvers = [4000, 4100, 4200, 4300, 4400, 8000, 16_000, 32_000].map((work) => {
      const [first, second] = race(lock, [0, 2000], [work, 100]);
      const left = first!.released - second!.tried;
      assert.ok(left > 0);
      const handOver = second!.taken - second!.tried - left;
      assert.ok(second!.taken >= first!.released, 'never two at once');
      return handOver;
    });
    const [least, most] = [Math.min(...handOvers), Math.max(...handOvers)];
    assert.ok(least >= 0 && most < HAND_OVER, `hand-overs ${handOvers.join(' ')}`);
    // Whatever the hold: only where in its loop the waiter stands differs.
    assert.ok(most - least < 600, `hand-overs ${handOvers.join(' ')}`);
  });

  test(`${lock.name}: four that want it at once have it one after the other`, () => {
    const times = race(lock, [0, 10, 20, 30], [2000, 2000, 2000, 2000]).sort((a, b) => a.taken - b.taken);
    for (let i = 1; i < times.length; i++) assert.ok(times[i]!.taken >= times[i - 1]!.released);
    const waits = times.reduce((n, t) => n + t.taken - t.tried, 0);
    // 0 + 1 + 2 + 3 holds before them, and hand-overs.
    assert.ok(waits > 6 * 2000 - 200 && waits < 6 * (2000 + HAND_OVER), `${waits} cycles`);
  });
}

test("Xen's writers are served in the order in which they came", () => {
  const lock = LOCKS.find(({ name }) => name === "Xen's write_lock")!;
  const times = race(lock, [0, 9000, 6000, 3000], [30_000, 2000, 2000, 2000]);
  const order = [0, 1, 2, 3].sort((a, b) => times[a]!.taken - times[b]!.taken);
  assert.deepEqual(order, [0, 3, 2, 1]);
});
