/**
 * A site declares how many instructions it has in the text; code that is emitted past its end lies on lines of
 * the next. Here everything the guests can run is run, and every site is held to its size.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRATEGIES } from '../../src/intr/alloc/strategies.ts';
import { GENERATIONS } from '../../src/intr/generations.ts';
import { HandlerKind } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Core, Kernel } from '../../src/x86/core.ts';
import { INSTRUCTION_BYTES, SITE_ADDRESS, SITE_END, SITES } from '../../src/x86/sites.ts';
import { Tape } from '../../src/x86/tape.ts';
import { ChannelKind } from '../../src/xen/abi.ts';

/** Most instructions that were emitted in a site in one go, by site. */
const emitted = new Map<number, number>();

/** Looks where the core's program counter stands at each micro-op, and keeps none of them. */
class SizeTape extends Tape {
  readonly #core: Core;

  constructor(core: Core) {
    super();
    this.#core = core;
  }

  override begin(site: number): void {
    const { pc } = this.#core as unknown as { pc: number };
    const n = (pc - SITE_ADDRESS[site]!) / INSTRUCTION_BYTES;
    if (n > (emitted.get(site) ?? 0)) emitted.set(site, n);
  }

  override issued(): void {}
  override end(): void {}
}

/** Binds, sends to, serves and unbinds ports of every kind with handlers of every kind. */
function exercise(guest: string, unmask: string, strategy?: string): void {
  const set = ['ptiCycles=100', 'filterCycles=10', 'ithreadHandlerCycles=10'];
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest, strategy, unmask, set }));
  const { kernel, cores, channels } = bench.guest;
  const core = cores[0]!;
  core.tape = new SizeTape(core);
  const run = <T>(kernel: Parameters<typeof bench.run<T>>[0]): T => {
    core.begin(core.now);
    return bench.run(kernel);
  };
  for (let round = 0; round < 2; round++) {
    const ports: number[] = [];
    for (const kind of Object.values(ChannelKind)) {
      for (const handler of Object.values(HandlerKind)) {
        if (kind === ChannelKind.pirq) continue;
        ports.push(run(kernel.bind(0, kind, handler, 0)));
      }
    }
    // Past the first bucket of 64 channels, and a free list longer than one.
    for (let i = 0; i < 70; i++) {
      ports.push(run(kernel.bind(0, ChannelKind.unbound, HandlerKind.filter, 0)));
    }
    for (const fromUser of [false, true]) {
      for (const burst of [0, 1, 12]) {
        for (const port of ports.slice(0, burst)) run(channels.send(core, port));
        run(kernel.upcall(0, fromUser));
      }
    }
    const [moved] = ports;
    run(kernel.move(0, moved!, ChannelKind.unbound, 0));
    run(kernel.move(0, moved!, ChannelKind.virq, 0));
    for (const port of ports) if (kernel.servedByUser(port)) run(kernel.userWrites(0, port));
    // Linux waits until a port is on no queue, and only this takes it off: threads unmask, upcalls serve.
    for (let i = 0; i < 3; i++) {
      run(stopOnce());
      run(kernel.upcall(0, false));
    }
    for (const port of ports) run(kernel.unbind(0, port));
  }
}

/** Suspends a guest and binds a stale port anew. */
function suspend(guest: string): void {
  const bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, guest }));
  const { kernel, cores } = bench.guest;
  const core = cores[0]!;
  core.tape = new SizeTape(core);
  const run = <T>(kernel: Parameters<typeof bench.run<T>>[0]): T => {
    core.begin(core.now);
    return bench.run(kernel);
  };
  const ports = [ChannelKind.virq, ChannelKind.ipi, ChannelKind.unbound, ChannelKind.interdomain].map(
    (kind) => run(kernel.bind(0, kind, HandlerKind.filter, 0)),
  );
  const stale = ports.slice(2).map((port) => kernel.sourceOf(port));
  bench.guest.restored();
  run(kernel.resume(0));
  for (const source of stale) run(kernel.unbindStale(0, source));
  run(kernel.bind(0, ChannelKind.unbound, HandlerKind.ithread, 0));
}

/** A kernel that lets threads go first. */
function* stopOnce(): Kernel {
  yield;
}

test('no site is longer than it says', () => {
  for (const { name, findsIsrcs, unmasks } of GENERATIONS) {
    for (const unmask of unmasks) {
      if (!findsIsrcs) exercise(name, unmask);
      else for (const strategy of STRATEGIES) exercise(name, unmask, strategy.name);
    }
  }
  for (const guest of ['freebsd-a', 'freebsd-c']) suspend(guest);
  const offenders = [...emitted]
    .filter(([site, n]) => SITE_ADDRESS[site]! + n * INSTRUCTION_BYTES > SITE_END[site]!)
    .map(([site, n]) => {
      const { file, fn, what } = SITES[site]!;
      return `${file} ${fn}, ${what}: ${(SITE_END[site]! - SITE_ADDRESS[site]!) / INSTRUCTION_BYTES} declared, ${n} emitted`;
    });
  assert.ok(emitted.size > 150, `${emitted.size} sites ran`);
  assert.deepEqual(offenders.sort(), []);
});
