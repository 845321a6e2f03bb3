/** One call of the pending scan on a given state: which ports it serves, in which order, at what cost. */

import { createIsrcs, serve } from '../intr/populate.ts';
import { usageError } from '../model/errors.ts';
import type { Cycle, Port } from '../model/units.ts';
import { bitHi, bitLo } from '../x86/word64.ts';
import { PORTS, SHARED_INFO, VCPU_INFO } from '../xen/abi.ts';
import { BenchGuest } from './bench-guest.ts';
import type { Scenario } from './scenario.ts';

/** A port whose pending bit is set while the `during`-th handler of the call runs (1-based). */
export interface Arrival {
  readonly during: number;
  readonly port: Port;
}

/** The state before the call. */
export interface ScanCase {
  /** Cursors: group and bit served last, 0..63; (63, 63) before anything. */
  readonly lastL1: number;
  readonly lastL2: number;
  /** evtchn_pending_sel: low and high 32 bits. */
  readonly selectorLo: number;
  readonly selectorHi: number;
  readonly pending: readonly Port[];
  readonly masked: readonly Port[];
  /** Ports that are enabled on another CPU only. */
  readonly notEnabled: readonly Port[];
  /** Ports without an isrc. */
  readonly unbound: readonly Port[];
  readonly arrivals: readonly Arrival[];
}

/** What the call did. */
export interface ScanResult {
  readonly order: Port[];
  /** Evaluations of pending & ~mask & enabled, the ones a compiler folds included. */
  readonly activeReads: number;
  readonly cycles: Cycle;
  /** Instructions of the call, the caller's call instruction left out. */
  readonly instructions: number;
  readonly uops: number;
  readonly stillPending: Port[];
  readonly lastL1: number;
  readonly lastL2: number;
}

/** Runs cases one after the other on one guest whose 4,095 ports are all bound. */
export class ScanBench {
  readonly #bench: BenchGuest;
  readonly #isrcs: readonly number[];

  constructor(scenario: Scenario) {
    this.#bench = new BenchGuest(scenario);
    const { os, cpus } = this.#bench.guest;
    this.#isrcs = createIsrcs(os, cpus[0]!, PORTS - 1);
    for (let port = 1; port < PORTS; port++) serve(os, this.#isrcs[port - 1]!, port);
  }

  /**
   * Runs a case. With `warm`, the call is made twice from the same state and the second is reported, so that
   * its lines are in the caches and its branches known.
   */
  run(scanCase: ScanCase, warm: boolean): ScanResult {
    if (warm) this.#once(scanCase);
    return this.#once(scanCase);
  }

  #once(c: ScanCase): ScanResult {
    const bench = this.#bench;
    const { guest } = bench;
    const cpu = guest.cpus[0]!;
    this.#setUp(c);
    bench.order.length = 0;
    bench.onHandler = (_port, before) => {
      for (const a of c.arrivals) if (a.during === before + 1) this.#arrive(a.port);
    };
    cpu.evaluations = 0;
    if (guest.scenario.cache !== 'warm') guest.applyDataCacheState(0);
    const before = cpu.core.instructionCount;
    const uopsBefore = cpu.core.uopCount;
    const cycles = bench.measure(guest.os.generation.scan(guest.os, cpu));
    const { memory } = guest;
    const { l1i, l2i } = guest.os.generation.pcpu;
    return {
      order: [...bench.order],
      activeReads: cpu.evaluations,
      cycles,
      instructions: cpu.core.instructionCount - before - 1,
      uops: cpu.core.uopCount - uopsBefore,
      stillPending: this.#pendingPorts(),
      lastL1: memory.peek32(cpu.pcpuData + l1i),
      lastL2: memory.peek32(cpu.pcpuData + l2i),
    };
  }

  #setUp(c: ScanCase): void {
    const { guest } = this.#bench;
    const { memory, domain } = guest;
    const { image, generation } = guest.os;
    const cpu = guest.cpus[0]!;
    for (let w = 0; w < 64; w++) {
      memory.poke64(domain.sharedInfo + SHARED_INFO.pending + 8 * w, 0);
      memory.poke64(domain.sharedInfo + SHARED_INFO.mask + 8 * w, 0);
      memory.poke64(image.enabledWords(0) + 8 * w, -1, -1);
    }
    for (let p = 1; p < PORTS; p++) memory.poke64(image.portToIsrc + 8 * p, this.#isrcs[p - 1]!);
    for (const p of c.pending) this.#set(domain.sharedInfo + SHARED_INFO.pending, p, 1);
    for (const p of c.masked) this.#set(domain.sharedInfo + SHARED_INFO.mask, p, 1);
    for (const p of c.notEnabled) this.#set(image.enabledWords(0), p, 0);
    for (const p of c.unbound) memory.poke64(image.portToIsrc + 8 * p, 0);
    memory.poke32(cpu.pcpuData + generation.pcpu.l1i, c.lastL1);
    memory.poke32(cpu.pcpuData + generation.pcpu.l2i, c.lastL2);
    const info = domain.vcpuInfo[0]!;
    memory.poke64(info + VCPU_INFO.pendingSel, c.selectorLo, c.selectorHi);
    memory.poke64(info + VCPU_INFO.upcallPending, 1);
  }

  /** An event comes in: its pending bit, and if it is not masked its selector bit for the next upcall. */
  #arrive(port: Port): void {
    const { memory, domain } = this.#bench.guest;
    this.#set(domain.sharedInfo + SHARED_INFO.pending, port, 1);
    const mask = memory.peek32(domain.sharedInfo + SHARED_INFO.mask + (port >>> 5) * 4);
    if (((mask >>> (port & 31)) & 1) === 0) {
      this.#set(domain.vcpuInfo[0]! + VCPU_INFO.pendingSel, port >>> 6, 1);
    }
  }

  #set(words: number, bit: number, value: number): void {
    const { memory } = this.#bench.guest;
    const word = words + (bit >>> 5) * 4;
    const mask = 1 << (bit & 31);
    const old = memory.peek32(word);
    memory.poke32(word, value === 1 ? old | mask : old & ~mask);
  }

  #pendingPorts(): Port[] {
    const { memory, domain } = this.#bench.guest;
    const ports: Port[] = [];
    for (let p = 0; p < PORTS; p++) {
      const word = memory.peek32(domain.sharedInfo + SHARED_INFO.pending + (p >>> 5) * 4);
      if (((word >>> (p & 31)) & 1) === 1) ports.push(p);
    }
    return ports;
  }
}

/** A case in which every pending port is unmasked, enabled, bound and selected. */
export function plainCase(ports: readonly Port[], lastL1: number, lastL2: number): ScanCase {
  let selectorLo = 0;
  let selectorHi = 0;
  for (const port of ports) {
    if (!Number.isInteger(port) || port < 1 || port >= PORTS) {
      throw usageError(`--ports names port ${port}, expected 1..${PORTS - 1}`);
    }
    selectorLo |= bitLo(port >>> 6);
    selectorHi |= bitHi(port >>> 6);
  }
  for (const cursor of [lastL1, lastL2]) {
    if (!Number.isInteger(cursor) || cursor < 0 || cursor > 63) {
      throw usageError(`--last names ${cursor}, expected two integers 0..63`);
    }
  }
  const none: readonly Port[] = [];
  return {
    lastL1,
    lastL2,
    selectorLo,
    selectorHi,
    pending: ports,
    masked: none,
    notEnabled: none,
    unbound: none,
    arrivals: [],
  };
}
