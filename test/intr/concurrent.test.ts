/**
 * The allocators' contract with vCPUs that bind and unbind at the same time: each kernel runs until somebody else
 * is due, so they interleave at every access to a shared word. No isrc is handed out twice, and none is lost.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IsrcAllocator } from '../../src/intr/alloc/allocator.ts';
import { STRATEGIES, type Strategy } from '../../src/intr/alloc/strategies.ts';
import { GENERATIONS, generationByName } from '../../src/intr/generations.ts';
import type { Generation } from '../../src/intr/guest-kernel.ts';
import { runIthread } from '../../src/intr/ithread.ts';
import type { KernelCpu } from '../../src/intr/kernel-image.ts';
import { type FreeBsd, HandlerKind, type HandlerKindCode } from '../../src/intr/os.ts';
import { Guest, type GuestHost } from '../../src/lab/guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { RandomStream } from '../../src/model/random.ts';
import type { Addr, Port } from '../../src/model/units.ts';
import { type Kernel, NOW } from '../../src/x86/core.ts';
import { ChannelKind, type ChannelKindCode } from '../../src/xen/abi.ts';

const OPERATIONS = 400;
const KINDS: readonly ChannelKindCode[] = [ChannelKind.unbound, ChannelKind.virq, ChannelKind.ipi];

/** Watches what an allocator hands out and takes back. */
class Watched implements IsrcAllocator {
  readonly locksItself: boolean;
  readonly live = new Set<Addr>();
  created = 0;
  reused = 0;
  readonly #inner: IsrcAllocator;

  constructor(inner: IsrcAllocator) {
    this.#inner = inner;
    this.locksItself = inner.locksItself;
  }

  *alloc(cpu: KernelCpu, port: Port): Kernel<Addr> {
    const isrc = yield* this.#inner.alloc(cpu, port);
    if (isrc !== 0) {
      this.#take(isrc);
      this.reused++;
    }
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    assert.ok(this.live.delete(isrc), 'an isrc that is in use');
    yield* this.#inner.release(cpu, isrc);
  }

  adopt(isrc: Addr, index: number, port: Port): void {
    this.#take(isrc);
    this.created++;
    this.#inner.adopt(isrc, index, port);
  }

  #take(isrc: Addr): void {
    assert.ok(!this.live.has(isrc), 'an isrc is handed out twice');
    this.live.add(isrc);
  }
}

/** vCPUs that bind and unbind at random, each as soon as it is done with the last. */
class Race {
  readonly horizon = { cycle: Number.POSITIVE_INFINITY };
  readonly watched: Watched;
  readonly os: FreeBsd;
  /** How often a kernel stopped with another under way on the other vCPU. */
  stops = 0;
  readonly bound = new Map<Port, Addr>();
  readonly #cpus: readonly KernelCpu[];
  readonly #random: RandomStream;
  /** By vCPU: its kernels, what is interrupted first, and the cycle at which the last goes on. */
  readonly #kernels: Kernel<unknown>[][];
  readonly #due: number[];
  readonly #ports: Port[][];

  constructor(generation: Generation, strategy: Strategy, seed: number, vcpus: number) {
    const nothing = () => {};
    const host: GuestHost = {
      horizon: this.horizon,
      hardware: {
        interrupt: nothing,
        timer: nothing,
        wake: nothing,
        deliver: nothing,
        interruptsOn: () => false,
        switchTo: nothing,
      },
      handled: nothing,
      findBegins: nothing,
      findEnds: nothing,
      pendingCleared: nothing,
      stray: nothing,
      unclaimed: nothing,
      pending: nothing,
      unmasked: nothing,
      closed: nothing,
      ithreadRunnable: (event, vcpu) => this.#preempt(vcpu, event),
    };
    const scenario = scenarioOf({ ...DEFAULT_NAMES, guest: generation.name });
    const guest = new Guest({ ...scenario, strategy }, vcpus, 0, host);
    const { os, cpus } = guest.freeBsd;
    this.watched = new Watched(os.allocator);
    this.os = { ...os, allocator: this.watched };
    this.#cpus = cpus;
    this.#random = new RandomStream(seed, `${generation.name} ${strategy.name}`);
    this.#kernels = guest.cpus.map(() => []);
    this.#due = guest.cpus.map(() => 0);
    this.#ports = guest.cpus.map(() => []);
  }

  /** Runs so many operations, always the vCPU that is due first. */
  run(operations: number): void {
    for (;;) {
      for (let i = 0; i < this.#cpus.length && operations > 0; i++) {
        if (this.#kernels[i]!.length > 0) continue;
        this.#begin(i);
        operations--;
      }
      let next = -1;
      for (let i = 0; i < this.#cpus.length; i++) {
        if (this.#kernels[i]!.length === 0) continue;
        if (next < 0 || this.#due[i]! < this.#due[next]!) next = i;
      }
      if (next < 0) return;
      this.#step(next);
    }
  }

  #begin(i: number): void {
    const cpu = this.#cpus[i]!;
    this.#due[i] = cpu.core.begin(this.#due[i]! + this.#random.below(3000));
    const ports = this.#ports[i]!;
    const bind = ports.length === 0 || (ports.length < 12 && this.#random.below(2) === 0);
    this.#kernels[i]!.push(bind ? this.#bind(i, cpu) : this.#unbind(i, cpu));
  }

  *#bind(i: number, cpu: KernelCpu): Kernel {
    const kind = KINDS[this.#random.below(KINDS.length)]!;
    const handler = this.#random.below(Object.keys(HandlerKind).length) as HandlerKindCode;
    const port = yield* this.os.generation.bind(this.os, cpu, kind, handler, i);
    const isrc = this.os.image.memory.peek32(this.os.image.portToIsrc + 8 * port);
    assert.ok(![...this.bound.values()].includes(isrc), 'two ports have one isrc');
    assert.ok(this.watched.live.has(isrc));
    this.bound.set(port, isrc);
    this.#ports[i]!.push(port);
  }

  *#unbind(i: number, cpu: KernelCpu): Kernel {
    const ports = this.#ports[i]!;
    const [port] = ports.splice(this.#random.below(ports.length), 1);
    this.bound.delete(port!);
    yield* this.os.generation.unbind(this.os, cpu, port!);
  }

  #preempt(vcpu: number, event: Addr): void {
    this.#kernels[vcpu]!.push(runIthread(this.os, this.#cpus[vcpu]!, event));
  }

  #step(i: number): void {
    const { core } = this.#cpus[i]!;
    const kernels = this.#kernels[i]!;
    const kernel = kernels[kernels.length - 1]!;
    const others = this.#due.filter((_, j) => j !== i && this.#kernels[j]!.length > 0);
    this.horizon.cycle = Math.min(Number.POSITIVE_INFINITY, ...others);
    const step = kernel.next();
    if (step.done === true) {
      kernels.splice(kernels.indexOf(kernel), 1);
      this.#due[i] = core.now;
    } else {
      if (others.length > 0) this.stops++;
      this.#due[i] = Math.max(this.#due[i]!, core.resumeCycle);
    }
  }
}

/** An allocator that looks, lets others go first, and then takes what it saw: it needs a lock it does not take. */
class Careless implements IsrcAllocator {
  readonly locksItself = true;
  readonly #unused: Addr[] = [];

  *alloc(cpu: KernelCpu): Kernel<Addr> {
    const isrc = this.#unused.at(-1) ?? 0;
    cpu.core.chain(NOW, 3000);
    if (cpu.core.behind(NOW)) yield;
    if (this.#unused.includes(isrc)) this.#unused.splice(this.#unused.indexOf(isrc), 1);
    cpu.core.ret();
    return isrc;
  }

  *release(cpu: KernelCpu, isrc: Addr): Kernel {
    this.#unused.push(isrc);
    cpu.core.ret();
  }

  adopt(): void {}
}

test('the race notices an allocator without a lock, where the caller takes none', () => {
  const careless = { name: 'careless', what: 'no lock', make: () => new Careless() };
  const run = (generation: Generation) => {
    for (const seed of [1, 2, 3]) new Race(generation, careless, seed, 4).run(OPERATIONS);
  };
  assert.throws(() => run(generationByName('freebsd-c')), /handed out twice/);
  // Generation A holds xen_intr_isrc_lock around the search.
  run(generationByName('freebsd-a'));
});

for (const generation of GENERATIONS.filter((g) => g.findsIsrcs)) {
  for (const strategy of STRATEGIES) {
    test(`${strategy.name} on ${generation.name}: no isrc is handed out twice`, () => {
      for (const vcpus of [2, 4]) {
        for (const seed of [1, 2, 3]) {
          const race = new Race(generation, strategy, seed, vcpus);
          race.run(OPERATIONS);
          const { watched } = race;
          assert.ok(race.stops > 3 * OPERATIONS, `${race.stops} stops`);
          assert.ok(watched.reused > OPERATIONS / 4, `${watched.reused} reused`);
          assert.deepEqual(
            [...watched.live].sort(),
            [...race.bound.values()].sort(),
            'in use: the bound ones',
          );
          assert.equal(race.os.table.count, watched.created);
          // Never more than every vCPU's most ports, and one under way each.
          assert.ok(watched.created <= vcpus * 13, `${watched.created} created`);
        }
      }
    });
  }
}
