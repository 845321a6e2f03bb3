/**
 * The contract of the strategies: random allocations and releases from several vCPUs, each held against an oracle
 * that knows no cycles. Never a live isrc, none lost, none created while one could be had, and the order as declared.
 */
import assert from 'node:assert/strict';
import type { ListedStrategy } from '../../src/intr/alloc/strategies.ts';
import { claimVector, createIsrc } from '../../src/intr/alloc-isrc.ts';
import { FIRST_EVTCHN_IRQ, type KernelCpu } from '../../src/intr/kernel-image.ts';
import { EVTCHN_TYPE, INTSRC } from '../../src/intr/layout.ts';
import { type FreeBsd, runAlone } from '../../src/intr/os.ts';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { RandomStream } from '../../src/model/random.ts';
import type { Addr, Port } from '../../src/model/units.ts';
import { FunctionalCore } from '../support/functional-core.ts';
import { type Oracle, oracleOf } from './oracles.ts';

/** vCPUs that allocate and release. */
export const VCPUS = 4;
/** Ports that a run binds and unbinds, so the most isrcs in use. */
const MOST_PORTS = 250;
/** Ports that all isrcs of a run are taken for at its end: more than there can be isrcs. */
const ENOUGH_PORTS = 600;
/** Operations after which the population grows instead of shrinking, and the other way round. */
const TIDE = 3000;

/** A guest whose isrcs are handed out by one strategy, with its oracle. */
export class Contract {
  readonly os: FreeBsd;
  readonly cpus: readonly KernelCpu[];
  /** By port: the number of its isrc. */
  readonly live = new Map<Port, number>();
  readonly #oracle: Oracle;
  /** By number: where the isrc is, and whether it is in use. */
  readonly #isrcs: Addr[] = [];
  readonly #inUse: boolean[] = [];

  /** @param charged whether the cores charge cycles, at a tenth of the speed */
  constructor(strategy: ListedStrategy, guest: string, charged = false) {
    const scenario = { ...scenarioOf({ ...DEFAULT_NAMES, guest }), strategy };
    const bench = new BenchGuest(scenario, VCPUS);
    const { freeBsd, memory, uncore } = bench.guest;
    this.os = freeBsd.os;
    this.cpus = freeBsd.cpus.map((cpu) => {
      if (charged) return cpu;
      const core = new FunctionalCore(scenario.machine, memory, uncore, bench.horizon);
      core.sp = cpu.stackTop;
      return { ...cpu, core };
    });
    this.#oracle = oracleOf(strategy.order);
  }

  /** Isrcs that were created. */
  get created(): number {
    return this.os.table.count;
  }

  /**
   * A vCPU gets an isrc for a port that has none.
   *
   * @param creates whether one is created where none can be had
   * @returns whether it got one
   */
  take(on: number, port: Port, creates = true): boolean {
    const { os } = this;
    const cpu = this.cpus[on]!;
    const expected = this.#oracle.take(on, port);
    cpu.core.begin(cpu.core.now);
    cpu.core.call();
    let isrc = runAlone(os.generation.find(os, cpu, port));
    assert.equal(isrc !== 0, expected !== undefined, 'one comes back if and only if one can be had');
    if (isrc === 0) {
      if (!creates) return false;
      const index = claimVector(os, cpu);
      isrc = runAlone(createIsrc(os, cpu, index, EVTCHN_TYPE.port, port));
      this.#oracle.created(index, port);
      this.#inUse[index] = false;
    }
    const number = os.image.memory.peek32(isrc + INTSRC.index) - FIRST_EVTCHN_IRQ;
    assert.equal(os.image.memory.peek32(os.table.slot(number)), isrc, 'the vector leads to it');
    assert.equal(number, expected ?? this.created - 1, 'the one that is due');
    assert.equal(this.#inUse[number], false, 'never a live one');
    this.#inUse[number] = true;
    this.#isrcs[number] = isrc;
    this.live.set(port, number);
    return true;
  }

  /** A vCPU gives the isrc of a port back. */
  give(on: number, port: Port): void {
    const { os } = this;
    const cpu = this.cpus[on]!;
    const number = this.live.get(port)!;
    cpu.core.begin(cpu.core.now);
    runAlone(os.generation.putBack(os, cpu, this.#isrcs[number]!));
    this.#oracle.give(on, number);
    this.#inUse[number] = false;
    this.live.delete(port);
  }

  /** So many operations at random, on random vCPUs and for random ports. */
  run(operations: number, seed: number): void {
    const random = new RandomStream(seed, 'contract');
    const ports = Array.from({ length: MOST_PORTS }, (_, i) => i + 1);
    // The first `bound` of them are bound.
    let bound = 0;
    for (let i = 0; i < operations; i++) {
      const grows = random.below(100) < (i % (2 * TIDE) < TIDE ? 56 : 44);
      const takes = bound === 0 || (grows && bound < ports.length);
      const on = random.below(VCPUS);
      const at = takes ? bound + random.below(ports.length - bound) : random.below(bound);
      const port = ports[at]!;
      const border = takes ? bound++ : --bound;
      ports[at] = ports[border]!;
      ports[border] = port;
      if (takes) this.take(on, port);
      else this.give(on, port);
    }
  }

  /** Gives everything back, and takes on every vCPU what it can get: every isrc that was ever created. */
  drain(): void {
    for (const port of [...this.live.keys()]) this.give(port % VCPUS, port);
    for (let on = 0; on < VCPUS; on++) {
      for (let port = 1; port <= ENOUGH_PORTS; port++) if (!this.live.has(port)) this.take(on, port, false);
    }
    assert.equal(this.live.size, this.created, 'none leaked');
  }
}

/** Runs a strategy on a guest against its oracle; returns how many isrcs it created. */
export function holdTo(
  strategy: ListedStrategy,
  guest: string,
  operations: number,
  seed: number,
  charged = false,
): number {
  const contract = new Contract(strategy, guest, charged);
  contract.run(operations, seed);
  const { created } = contract;
  contract.drain();
  return created;
}
