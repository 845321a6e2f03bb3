/**
 * The only place that wires a machine, a domain, a guest's kernel and the cores together. What runs when is
 * decided in vcpus.ts, what a trace asks for in replay.ts.
 */

import { FreeBsdKernel } from '../intr/freebsd-kernel.ts';
import type { GuestCpu, GuestKernel } from '../intr/guest-kernel.ts';
import { type Observer, runAlone } from '../intr/os.ts';
import type { Horizon } from '../model/engine.ts';
import { usageError } from '../model/errors.ts';
import type { Cycle, Vcpu } from '../model/units.ts';
import { Uncore } from '../x86/coherence.ts';
import { Core } from '../x86/core.ts';
import { Memory, PAGE_BYTES } from '../x86/memory.ts';
import { TEXT_BASE, TEXT_BYTES } from '../x86/sites.ts';
import { PORTS } from '../xen/abi.ts';
import { FIFO_PORTS } from '../xen/abi-fifo.ts';
import { Domain } from '../xen/domain.ts';
import { EventChannels } from '../xen/event-channels.ts';
import { Fifo } from '../xen/fifo.ts';
import { FifoOps } from '../xen/fifo-ops.ts';
import type { Delivery } from '../xen/port-ops.ts';
import { TwoLevel } from '../xen/two-level.ts';
import { press } from './pressure.ts';
import type { Scenario } from './scenario.ts';

/** Memory for one guest of up to 64 vCPUs and 4,096 ports, in MiB. */
const MEMORY_MIB = 32;
const SENDER_STACK = 4 * PAGE_BYTES;

/** Whoever watches the guest and delivers its interrupts. */
export interface GuestHost extends Delivery, Observer {
  readonly horizon: Horizon;
}

/** A guest on a machine. */
export class Guest {
  readonly scenario: Scenario;
  readonly memory: Memory;
  readonly uncore: Uncore;
  readonly domain: Domain;
  readonly channels: EventChannels;
  readonly kernel: GuestKernel;
  /** One core for each vCPU, pinned, then the cores of other domains' senders. */
  readonly cores: Core[] = [];

  /** @param vcpus 1..64 @param senders cores of other domains, 0..16 */
  constructor(scenario: Scenario, vcpus: number, senders: number, host: GuestHost) {
    const { generation, machine, strategy, lumps } = scenario;
    this.scenario = scenario;
    this.memory = new Memory(MEMORY_MIB, scenario.run.pageBits);
    const placed = generation.place(this.memory, vcpus);
    const ports = generation.abi === 'fifo' ? FIFO_PORTS : PORTS;
    this.domain = new Domain(this.memory, vcpus, placed.vcpuInfo, ports);
    const { sockets, senderSocket } = scenario.run;
    this.uncore = new Uncore(machine, this.memory, Math.max(sockets, senderSocket + 1));
    const Abi = generation.abi === 'fifo' ? Fifo : TwoLevel;
    this.channels = new EventChannels(
      this.domain,
      host,
      (marker, stats) => new Abi(this.memory, this.domain, host, marker, stats),
    );
    for (let i = 0; i < vcpus + senders; i++) {
      const socket = i < vcpus ? i % sockets : senderSocket;
      this.cores.push(new Core(machine, this.memory, this.uncore, host.horizon, socket));
    }
    const { ops } = this.channels;
    this.kernel = placed.boot({
      pages: this.domain,
      hypercalls: this.channels,
      fifo: ops instanceof Fifo ? new FifoOps(this.channels, this.domain, ops) : undefined,
      allocator: strategy.make,
      lumps,
      observer: host,
      cores: this.cores.slice(0, vcpus),
    });
    for (let i = vcpus; i < vcpus + senders; i++) {
      const stack = this.memory.place(`sender ${i}: stack`, SENDER_STACK, PAGE_BYTES);
      this.cores[i]!.sp = stack + SENDER_STACK;
    }
    if (generation.abi === '2-level') return;
    this.cores[0]!.begin(0);
    runAlone(this.kernel.start());
  }

  /** The vCPUs, as the kernel knows them. */
  get cpus(): readonly GuestCpu[] {
    return this.kernel.cpus;
  }

  /** The kernel as FreeBSD's; a UserError (exit 2) where the guest is another. */
  get freeBsd(): FreeBsdKernel {
    if (this.kernel instanceof FreeBsdKernel) return this.kernel;
    throw usageError(
      `${this.scenario.generation.name} has no isrcs: this looks into those of FreeBSD, name one of its guests`,
    );
  }

  /**
   * Puts code and data of a vCPU's core where the scenario says they are when an operation begins.
   *
   * @param now the cycle at which it begins; since the core's own present, other code of the guest ran
   */
  applyCacheState(vcpu: Vcpu, now: Cycle): void {
    const { workload } = this.scenario;
    const core = this.cores[vcpu]!;
    if (workload === undefined) this.#chill(vcpu, () => false);
    else if (now > core.now) press(core, this.uncore, workload, now - core.now);
  }

  /**
   * The same for the data only: code, and what the kernel says, stay warm, as in the cold states of the ground
   * truth.
   */
  applyDataCacheState(vcpu: Vcpu): void {
    const warm = [[TEXT_BASE, TEXT_BASE + TEXT_BYTES] as const, ...this.kernel.warmData(vcpu)];
    this.#chill(vcpu, (line) => warm.some(([from, to]) => line >= from >>> 6 && line < to >>> 6));
  }

  #chill(vcpu: Vcpu, keep: (line: number) => boolean): void {
    const { cache } = this.scenario;
    if (cache !== 'l2-cold' && cache !== 'cold') return;
    const { caches } = this.cores[vcpu]!;
    if (cache === 'l2-cold') caches.spillToL3(keep);
    else {
      caches.spillToMemory(keep);
      this.uncore.clearL3();
    }
  }
}
