/**
 * Larger systems in one random order: all ports bound, several vCPUs that scan, senders, unmasks and closes. A turn ends
 * where a kernel gives way, and a seed says whose is the next.
 */

import type { Generation } from '../../src/intr/guest-kernel.ts';
import { RandomStream } from '../../src/model/random.ts';
import type { Port, Vcpu } from '../../src/model/units.ts';
import type { Kernel } from '../../src/x86/core.ts';
import { ChannelKind, PORTS } from '../../src/xen/abi.ts';
import { EVTCHN } from '../../src/xen/layout.ts';
import { Ledger } from './ledger.ts';
import type { Bit } from './scene.ts';
import { System } from './system.ts';
import type { WatchedCore } from './watched-core.ts';

/** A port of a case. */
export interface CasePort {
  readonly port: Port;
  /** Which vCPU serves it; taken modulo their number. */
  readonly vcpu: number;
  readonly masked: boolean;
  /** Whether it is pending before; of no effect unless it is masked. */
  readonly pending: boolean;
}

/** What happens in a case; ports are named by their place in `ports`, taken modulo their number. */
export interface RaceCase {
  readonly vcpus: number;
  readonly ports: readonly CasePort[];
  /** For each sender what it sends to, in order. */
  readonly senders: ReadonlyArray<readonly number[]>;
  readonly unmasks: readonly number[];
  readonly closes: readonly number[];
  readonly seed: number;
}

/** Most vCPUs and senders a case may have. */
export const MOST_VCPUS = 4;
export const MOST_SENDERS = 8;

/** Turns after which a case is a livelock. */
const MOST_TURNS = 1_000_000;

/** Whoever takes turns: a core with work to do. */
interface Runner {
  readonly core: WatchedCore;
  /** The next piece of work, or undefined when there is none now. */
  next(): Kernel<unknown> | undefined;
  kernel: Kernel<unknown> | undefined;
}

/** A system of 4,095 bound ports that is used for one case after the other. */
export class RandomRace {
  readonly #system: System;
  readonly #fresh: Int32Array;
  readonly #others: readonly WatchedCore[];
  readonly #latched = new Uint8Array(MOST_VCPUS);
  #ledger = new Ledger();

  constructor(generation: Generation) {
    const system = new System(generation, MOST_VCPUS, 64, {
      handled: (port, fresh, core) => this.#ledger.serve(this.#vcpuOf(core), port, fresh),
      marked: (vcpu) => {
        this.#latched[vcpu] = 1;
      },
    });
    this.#system = system;
    while (system.domain.validEvtchns < PORTS && system.domain.addBucket());
    system.coreOf(0).begin(0);
    system.kernel.scanner().bindAll(PORTS - 1);
    for (let port = 1; port < PORTS; port++) {
      system.channels.ops.opened(system.coreOf(0), system.domain.channel(port));
      system.memory.poke32(system.domain.channel(port) + EVTCHN.state, ChannelKind.interdomain);
    }
    this.#others = Array.from({ length: MOST_SENDERS + 2 }, (_, i) => system.newCore(`core ${i}`));
    this.#fresh = system.memory.words.slice();
    system.horizon.cycle = Number.NEGATIVE_INFINITY;
  }

  /** Runs a case to its end and returns what the model and the ledger say, each in the same words. */
  run(c: RaceCase) {
    const { channels } = this.#system;
    this.#setUp(c);
    const before = { ...channels.stats };
    const runners = this.#runners(c);
    const random = new RandomStream(c.seed, 'turns');
    for (let turns = 0; ; turns++) {
      if (turns > MOST_TURNS) throw new Error('no end: does a kernel wait for something that never comes?');
      const able = runners.filter((runner) => this.#able(runner));
      if (able.length === 0) break;
      this.#turn(able[random.below(able.length)]!);
    }
    const ledger = this.#ledger;
    ledger.rest();
    const { stats } = channels;
    const since = (name: keyof typeof stats) => stats[name] - before[name];
    const settled = c.ports.filter((p) => p.masked && p.pending).length;
    return {
      model: {
        sends: since('sends'),
        coalesced: since('coalesced'),
        dropped: since('dropped'),
        cancelled: since('cancelled'),
        pending: c.ports
          .map((p) => p.port)
          .filter((port) => this.#bit(this.#system.abi.pending(port)))
          .sort((a, b) => a - b),
      },
      ledger: {
        sends: ledger.total('accepted') - settled + ledger.coalesced,
        coalesced: ledger.coalesced,
        dropped: ledger.dropped,
        cancelled: ledger.total('cancelled'),
        pending: ledger.pending(),
      },
      served: ledger.total('served'),
      stale: ledger.stale,
    };
  }

  #setUp(c: RaceCase): void {
    const { memory, domain, abi } = this.#system;
    memory.words.set(this.#fresh);
    this.#latched.fill(0);
    const ledger = new Ledger();
    this.#ledger = ledger;
    for (const { port, vcpu, masked, pending } of c.ports) {
      const to = vcpu % c.vcpus;
      memory.poke32(domain.channel(port) + EVTCHN.notifyVcpu, to);
      for (let v = 0; v < MOST_VCPUS; v++) {
        const enabled = this.#system.enabled(v, port);
        if (enabled !== undefined) this.#set(enabled, v === to);
      }
      this.#set(abi.masked(port), masked);
      this.#set(abi.pending(port), masked && pending);
      ledger.bound(port, to, masked, masked && pending);
    }
  }

  #runners(c: RaceCase): Runner[] {
    const { channels, kernel } = this.#system;
    const port = (i: number) => c.ports[i % c.ports.length]!.port;
    const vcpus = kernel.cpus.slice(0, c.vcpus).map((_, v): Runner => {
      const next = () => {
        if (this.#latched[v] === 0) return undefined;
        this.#latched[v] = 0;
        return kernel.upcall(v, false);
      };
      return { core: this.#system.coreOf(v), next, kernel: undefined };
    });
    const senders = c.senders.map((sends, i) => {
      const core = this.#others[i]!;
      return this.#worker(core, sends, (n) => this.#send(core, port(n)));
    });
    const unmasker = this.#others[MOST_SENDERS]!;
    const closer = this.#others[MOST_SENDERS + 1]!;
    return [
      ...vcpus,
      ...senders,
      this.#worker(unmasker, c.unmasks, (n) => {
        this.#expect(unmasker, this.#system.abi.masked(port(n)), () => this.#ledger.unmask(port(n)));
        return channels.unmask(unmasker, port(n));
      }),
      this.#worker(closer, [...new Set(c.closes.map(port))], (p) => {
        this.#expect(closer, this.#system.abi.pending(p), () => this.#ledger.close(p));
        return channels.close(closer, p);
      }),
    ];
  }

  /** Does one piece of work after the other. */
  #worker(core: WatchedCore, items: readonly number[], work: (item: number) => Kernel<unknown>): Runner {
    let i = 0;
    const next = () => (i < items.length ? work(items[i++]!) : undefined);
    return { core, next, kernel: undefined };
  }

  *#send(core: WatchedCore, port: Port): Kernel {
    let sent = false;
    this.#expect(core, this.#system.abi.pending(port), () => {
      this.#ledger.send(port);
      sent = true;
    });
    yield* this.#system.channels.send(core, port);
    if (!sent) this.#ledger.drop(port);
  }

  /** The first access of a core that may write a bit's word is where its operation takes effect. */
  #expect(core: WatchedCore, { word }: Bit, takesEffect: () => void): void {
    let done = false;
    core.onAccess = (addr, _bytes, writes) => {
      if (done || !writes || addr !== word) return;
      done = true;
      takesEffect();
    };
  }

  #able(runner: Runner): boolean {
    if (runner.kernel !== undefined) return true;
    runner.kernel = runner.next();
    if (runner.kernel !== undefined) runner.core.begin(runner.core.now);
    return runner.kernel !== undefined;
  }

  #turn(runner: Runner): void {
    if (runner.kernel!.next().done === true) runner.kernel = undefined;
  }

  #vcpuOf(core: unknown): Vcpu {
    return this.#system.kernel.cpus.findIndex((cpu) => cpu.core === core);
  }

  #bit({ word, mask }: Bit): boolean {
    return (this.#system.memory.peek32(word) & mask) !== 0;
  }

  #set({ word, mask }: Bit, on: boolean): void {
    const old = this.#system.memory.peek32(word);
    this.#system.memory.poke32(word, on ? old | mask : old & ~mask);
  }
}
