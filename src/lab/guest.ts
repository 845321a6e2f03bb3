/**
 * The only place that wires a machine, a domain, a FreeBSD kernel and the cores together. What runs when is
 * decided in vcpus.ts, what a trace asks for in replay.ts.
 */

import { IsrcTable } from '../intr/isrc-table.ts';
import { type KernelCpu, KernelImage } from '../intr/kernel-image.ts';
import type { FreeBsd, Observer } from '../intr/os.ts';
import type { Horizon } from '../model/engine.ts';
import type { Addr, Cycle, Vcpu } from '../model/units.ts';
import { Uncore } from '../x86/coherence.ts';
import { Core } from '../x86/core.ts';
import { Memory, PAGE_BYTES } from '../x86/memory.ts';
import { TEXT_BASE, TEXT_BYTES } from '../x86/sites.ts';
import { Domain } from '../xen/domain.ts';
import { type Delivery, EventChannels } from '../xen/event-channels.ts';
import { press } from './pressure.ts';
import type { Scenario } from './scenario.ts';

/** Memory for one guest of up to 64 vCPUs and 4,096 ports, in MiB. */
const MEMORY_MIB = 32;
const SENDER_STACK = 4 * PAGE_BYTES;

/** Whoever watches the guest and delivers its interrupts. */
export interface GuestHost extends Delivery, Observer {
  readonly horizon: Horizon;
}

/** A FreeBSD guest on a machine. */
export class Guest {
  readonly scenario: Scenario;
  readonly memory: Memory;
  readonly uncore: Uncore;
  readonly domain: Domain;
  readonly channels: EventChannels;
  readonly os: FreeBsd;
  /** One core for each vCPU, pinned, then the cores of other domains' senders. */
  readonly cores: Core[] = [];
  readonly cpus: KernelCpu[] = [];

  /** @param vcpus 1..64 @param senders cores of other domains, 0..16 */
  constructor(scenario: Scenario, vcpus: number, senders: number, host: GuestHost) {
    const { generation, machine, strategy, lumps } = scenario;
    this.scenario = scenario;
    this.memory = new Memory(MEMORY_MIB, scenario.run.pageBits);
    const image = new KernelImage(this.memory, vcpus, generation.pcpu, generation.isrc);
    this.domain = new Domain(this.memory, vcpus, image.vcpuInfo);
    image.share(this.domain);
    const { sockets, senderSocket } = scenario.run;
    this.uncore = new Uncore(machine, this.memory, Math.max(sockets, senderSocket + 1));
    this.channels = new EventChannels(this.domain, host);
    const table = new IsrcTable(image, generation.isrc, generation.id);
    this.os = {
      generation,
      image,
      table,
      pages: this.domain,
      hypercalls: this.channels,
      allocator: strategy.make(table),
      lumps,
      observer: host,
    };
    for (let i = 0; i < vcpus + senders; i++) {
      const socket = i < vcpus ? i % sockets : senderSocket;
      const core = new Core(machine, this.memory, this.uncore, host.horizon, socket);
      this.cores.push(core);
      if (i < vcpus) this.cpus.push(image.cpu(i, core));
      else core.sp = this.memory.place(`sender ${i}: stack`, SENDER_STACK, PAGE_BYTES) + SENDER_STACK;
    }
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
   * The same for the data only: code, stack, per-CPU area and the kernel's scalars stay warm, as in the cold
   * states of the ground truth; the lock and the head of the free list go.
   */
  applyDataCacheState(vcpu: Vcpu): void {
    const cpu = this.cpus[vcpu]!;
    const { statics } = this.os.image;
    const warm: Array<readonly [Addr, Addr]> = [
      [TEXT_BASE, TEXT_BASE + TEXT_BYTES],
      [cpu.pcpu, cpu.pcpu + PAGE_BYTES],
      [cpu.stackTop - PAGE_BYTES, cpu.stackTop],
      [statics.sharedInfoPtr, statics.x86Lock],
      [statics.numIoIrqs, statics.ibrsActive],
    ];
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
