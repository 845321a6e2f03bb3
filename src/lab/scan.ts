/** One call of the pending scan on a given state: which ports it serves, in which order, at what cost. */

import type { Cursor, Scanner } from '../intr/scanner.ts';
import { usageError } from '../model/errors.ts';
import type { Cycle, Port } from '../model/units.ts';
import { bitHi, bitLo } from '../x86/word64.ts';
import { PORTS, VCPU_INFO } from '../xen/abi.ts';
import { BenchGuest } from './bench-guest.ts';
import { type BenchPorts, bindPorts, portWords } from './bench-ports.ts';
import type { Scenario } from './scenario.ts';

/** A port whose pending bit is set while the `during`-th handler of the call runs (1-based). */
export interface Arrival {
  readonly during: number;
  readonly port: Port;
}

/** The state before the call. */
export interface ScanCase {
  /** Cursors, 0..63: FreeBSD's group and bit served last, Linux's next ones; -1 before anything. */
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
  /** Where the scan stands; undefined with the FIFO ABI. */
  readonly cursor: Cursor | undefined;
}

/** Runs cases one after the other on one guest whose 4,095 ports are all bound. */
export class ScanBench {
  readonly #bench: BenchGuest;
  readonly #scanner: Scanner;
  readonly #ports: BenchPorts;

  constructor(scenario: Scenario) {
    this.#bench = new BenchGuest(scenario, 1, 1);
    const { guest } = this.#bench;
    this.#scanner = guest.kernel.scanner();
    bindPorts(guest, this.#scanner, PORTS - 1);
    this.#ports = portWords(guest);
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
    const scanner = this.#scanner;
    const { guest } = bench;
    this.#setUp(c);
    bench.order.length = 0;
    bench.onHandler = (_port, before) => {
      for (const a of c.arrivals) if (a.during === before + 1) this.#ports.arrive(a.port);
    };
    scanner.looks = 0;
    if (guest.scenario.cache !== 'warm') guest.applyDataCacheState(0);
    const core = guest.cores[0]!;
    const before = core.instructionCount;
    const uopsBefore = core.uopCount;
    const cycles = bench.measure(scanner.scan());
    bench.onHandler = () => {};
    return {
      order: [...bench.order],
      activeReads: scanner.looks,
      cycles,
      instructions: core.instructionCount - before - 1,
      uops: core.uopCount - uopsBefore,
      stillPending: this.#ports.pending(),
      cursor: scanner.cursor,
    };
  }

  #setUp(c: ScanCase): void {
    const { memory, domain } = this.#bench.guest;
    const scanner = this.#scanner;
    this.#ports.quiet();
    this.#ports.unmaskAll();
    scanner.enableAll();
    for (let p = 1; p < PORTS; p++) scanner.setBound(p, true);
    for (const p of c.masked) this.#ports.mask(p);
    this.#ports.raise(c.pending);
    for (const p of c.notEnabled) scanner.disable(p);
    for (const p of c.unbound) scanner.setBound(p, false);
    scanner.cursor = c.lastL1 < 0 ? scanner.initial : { word: c.lastL1, bit: c.lastL2 };
    if (scanner.cursor === undefined) return;
    const info = domain.vcpuInfo[0]!;
    memory.poke64(info + VCPU_INFO.pendingSel, c.selectorLo, c.selectorHi);
    memory.poke64(info + VCPU_INFO.upcallPending, 1);
  }
}

/** A case in which every pending port is unmasked, enabled, bound and selected. Without cursors: before anything. */
export function plainCase(ports: readonly Port[], lastL1 = -1, lastL2 = -1): ScanCase {
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
    if (!Number.isInteger(cursor) || cursor < -1 || cursor > 63) {
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
