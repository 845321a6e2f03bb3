/** The explorer notices kernels that are wrong on purpose, and finds nothing in their right twin. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_A } from '../../src/intr/freebsd-code.ts';
import type { KernelCpu } from '../../src/intr/kernel-image.ts';
import type { FreeBsd, FreeBsdGeneration } from '../../src/intr/os.ts';
import { type Core, type Kernel, NOW } from '../../src/x86/core.ts';
import { lowestBitFrom } from '../../src/x86/word64.ts';
import { SHARED_INFO, VCPU_INFO } from '../../src/xen/abi.ts';
import type { Domain } from '../../src/xen/domain.ts';
import type { EventChannels } from '../../src/xen/event-channels.ts';
import { EVTCHN } from '../../src/xen/layout.ts';
import { writeLock } from '../../src/xen/locks.ts';
import { SITE } from '../support/core.ts';
import { explore, Grain } from './explore.ts';
import { consumerOf, freeBsdWith } from './guests.ts';
import { Merge } from './local-states.ts';
import { PLANS } from './scenarios.ts';
import { type Actor, type Consumer, Happening, type Listener, type Plan } from './scene.ts';

const TASKS: Consumer['tasks'] = ['send', 'unmask', 'close'];

/** The orders in which somebody does two things. */
type Mistake = 'none' | 'selector first' | 'handler first' | 'mask first' | 'pending first';

/** A scan of two words and nothing else: no cursors, no isrcs. */
function* plainScan(os: FreeBsd, { core }: KernelCpu, mistake: Mistake): Kernel {
  const page = os.pages.sharedInfo;
  const info = os.pages.vcpuInfo[0]!;
  core.at(SITE);
  core.call();
  if (mistake !== 'selector first') core.store8(info + VCPU_INFO.upcallPending, 0, NOW);
  core.xchg64(info + VCPU_INFO.pendingSel, 0, 0, NOW);
  const selector = core.lo;
  if (mistake === 'selector first') core.store8(info + VCPU_INFO.upcallPending, 0, NOW);
  for (let word = 0; word < 2; word++) {
    while (((selector >>> word) & 1) === 1) {
      core.load64(page + SHARED_INFO.pending + 8 * word, NOW);
      const { lo, hi } = core;
      core.load64(page + SHARED_INFO.mask + 8 * word, NOW);
      const bit = lowestBitFrom(lo & ~core.lo, hi & ~core.hi, 0);
      if (bit < 0) break;
      const port = 64 * word + bit;
      if (mistake === 'handler first') os.observer.handled(port, true, core);
      core.lockBitReset(page + SHARED_INFO.pending, port, NOW);
      const fresh = core.lo !== 0;
      if (mistake !== 'handler first') os.observer.handled(port, fresh, core);
    }
  }
  core.ret();
}

/** The selector bit of a port and the mark. */
function raise(os: FreeBsd, core: Core, port: number, listener: Listener): void {
  const info = os.pages.vcpuInfo[0]!;
  core.lockBitSet(info + VCPU_INFO.pendingSel, port >>> 6, NOW);
  if (core.lo !== 0) return;
  core.lockBitSet(info + VCPU_INFO.upcallPending, 0, NOW);
  if (core.lo === 0) listener.happens(Happening.marked, 0);
}

function* plainSend(os: FreeBsd, core: Core, port: number, mistake: Mistake, listener: Listener): Kernel {
  const page = os.pages.sharedInfo;
  core.at(SITE);
  const masked = () => {
    core.bitTest(page + SHARED_INFO.mask, port, NOW);
    return core.lo !== 0;
  };
  const before = mistake === 'mask first' && masked();
  core.lockBitSet(page + SHARED_INFO.pending, port, NOW);
  if (core.lo !== 0) return;
  if (mistake === 'mask first' ? before : masked()) return;
  raise(os, core, port, listener);
}

function* plainUnmask(os: FreeBsd, core: Core, port: number, mistake: Mistake, listener: Listener): Kernel {
  const page = os.pages.sharedInfo;
  core.at(SITE);
  const pending = () => {
    core.bitTest(page + SHARED_INFO.pending, port, NOW);
    return core.lo !== 0;
  };
  const before = mistake === 'pending first' && pending();
  core.lockBitReset(page + SHARED_INFO.mask, port, NOW);
  if (mistake === 'pending first' ? before : pending()) raise(os, core, port, listener);
}

/** A consumer with senders and unmask of its own, which make a mistake. */
function careless(mistake: Mistake): Consumer {
  let os: FreeBsd | undefined;
  const code: FreeBsdGeneration = {
    ...CODE_A,
    upcall: (system, cpu) => plainScan(system, cpu, mistake),
    bind: (system, cpu, kind, handler, vcpu) => {
      os = system;
      return CODE_A.bind(system, cpu, kind, handler, vcpu);
    },
  };
  const build = (plan: Plan, listener: Listener) => {
    const scene = consumerOf(freeBsdWith('wrong', code), TASKS).build(plan, listener);
    const actors = scene.actors.map((actor) => {
      const { role, core, port } = actor;
      if (role === 'send') return { ...actor, kernel: () => plainSend(os!, core, port, mistake, listener) };
      if (role === 'unmask')
        return { ...actor, kernel: () => plainUnmask(os!, core, port, mistake, listener) };
      return actor;
    });
    return { ...scene, actors };
  };
  return { name: mistake, abi: '2-level', tasks: TASKS, build };
}

const planOf = (name: string) => PLANS.find((plan) => plan.name === name)!;
/** A port that is masked, but not pending. */
const MASKED: Plan = { ...planOf('unmask'), pending: [] };

const CASES: ReadonlyArray<readonly [Mistake, Plan, string]> = [
  ['selector first', planOf('two words'), 'lost wake-up'],
  ['handler first', planOf('one port'), 'send that no handler followed'],
  ['mask first', MASKED, 'lost wake-up'],
  ['pending first', MASKED, 'lost wake-up'],
];

for (const [mistake, plan, finding] of CASES) {
  test(`${mistake}: ${finding}`, () => {
    const wrong = explore(careless(mistake), plan, Grain.access);
    assert.ok(wrong.findings.has(finding), [...wrong.findings.keys()].join());
    assert.ok(wrong.findings.get(finding)!.orders < wrong.orders, 'in some orders only');
    assert.deepEqual([...explore(careless('none'), plan, Grain.access).findings], []);
    // These kernels give way nowhere, so in turns of their own nothing comes between.
    assert.deepEqual([...explore(careless(mistake), plan, Grain.yields).findings], []);
  });
}

/** FreeBSD with another kernel for the actors of a role. */
function withKernel(role: Actor['role'], kernelOf: (os: FreeBsd, actor: Actor) => Kernel): Consumer {
  let os: FreeBsd | undefined;
  const code: FreeBsdGeneration = {
    ...CODE_A,
    bind: (system, cpu, kind, handler, vcpu) => {
      os = system;
      return CODE_A.bind(system, cpu, kind, handler, vcpu);
    },
  };
  const build = (plan: Plan, listener: Listener) => {
    const scene = consumerOf(freeBsdWith('wrong', code), TASKS).build(plan, listener);
    const other = (actor: Actor) => ({ ...actor, kernel: () => kernelOf(os!, actor) });
    return { ...scene, actors: scene.actors.map((actor) => (actor.role === role ? other(actor) : actor)) };
  };
  return { name: 'wrong', abi: '2-level', tasks: TASKS, build };
}

test('a send without its lock: accepted on a closed port', () => {
  const unlocked = withKernel('send', (os, { core, port }) =>
    (os.hypercalls as EventChannels).setPending(core, port),
  );
  assert.ok(explore(unlocked, planOf('close'), Grain.access).findings.has('accepted on a closed port'));
  const right = withKernel('send', (os, { core, port }) => os.hypercalls.send(core, port));
  const found = [...explore(right, planOf('close'), Grain.access).findings.keys()];
  assert.deepEqual(found, planOf('close').windows);
});

test('a close that keeps the lock of the other end: standstill', () => {
  const keeps = withKernel('close', (os, { core, port }) =>
    writeLock(core, (os.pages as Domain).peer(port) + EVTCHN.lock),
  );
  const { findings, orders } = explore(keeps, planOf('close'), Grain.access);
  const stands = findings.get('standstill')!.orders;
  assert.ok(stands > 0n && stands < orders, 'a send that is through before does not mind');
});

test('an add that is not locked loses one that comes between its load and its store', () => {
  const adds = withKernel('send', function* (os, { core }) {
    const word = os.pages.vcpuInfo[1]!;
    core.at(SITE);
    core.add32(word, 1, NOW);
    // A kernel that runs alone must come to its end.
    for (let looks = 0; core.lo !== 2 && looks < 4; looks++) {
      core.lfence();
      core.load32(word, NOW);
    }
  });
  const { findings, orders } = explore(adds, planOf('one port'), Grain.access);
  const stands = findings.get('standstill')!.orders;
  assert.ok(stands > 0n && stands < orders, 'who waits for both waits for ever in some orders only');
});

test('what a kernel remembers for long is not forgotten', () => {
  // Who finds the word odd at first has one more step at the end; what comes between looks the same.
  const remembers = withKernel('send', function* (os, { core }) {
    const word = os.pages.vcpuInfo[1]!;
    core.at(SITE);
    core.xadd32(word, 1, NOW);
    const odd = (core.lo & 1) !== 0;
    for (let i = 0; i < 3; i++) core.lockBitSet(word + 4, 0, NOW);
    if (odd) core.lockAdd32(word, 2, NOW);
    core.lockBitSet(word + 4, 1, NOW);
  });
  const plan = planOf('one port');
  const [all, merged] = [Merge.none, Merge.used].map((m) => explore(remembers, plan, Grain.access, m));
  assert.equal(merged!.orders, all!.orders);
  assert.deepEqual(merged!.outcomes, all!.outcomes);
  assert.ok(merged!.states < all!.states);
});
