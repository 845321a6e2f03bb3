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
import { LINE_BYTES, Memory, PAGE_BYTES } from '../x86/memory.ts';
import { TEXT_BASE, TEXT_BYTES } from '../x86/sites.ts';
import { Domain } from '../xen/domain.ts';
import type { EventChannels } from '../xen/event-channels.ts';
import { HvmDomain } from '../xen/hvm-domain.ts';
import { VCPU } from '../xen/layout.ts';
import type { Delivery } from '../xen/port-ops.ts';
import { newScheduler } from '../xen/sched/catalogue.ts';
import { TwoLevel } from '../xen/two-level.ts';
import { VirtualCpu } from '../xen/virtual-cpu.ts';
import { type Hardware, Xen } from '../xen/xen.ts';
import { press } from './pressure.ts';
import type { Scenario } from './scenario.ts';

/** Memory for one guest of up to 64 vCPUs and 4,096 ports, in MiB. */
const MEMORY_MIB = 32;
const STACK = 4 * PAGE_BYTES;

/** Whoever watches the guest, and the hardware around its pCPUs. */
export interface GuestHost extends Delivery, Observer {
  readonly horizon: Horizon;
  readonly hardware: Hardware;
}

/** A vCPU of another domain: one that sends, or one that only takes its share of a pCPU. */
export interface OtherVcpu {
  readonly vcpu: VirtualCpu;
  readonly sp: Addr;
}

/** A FreeBSD guest on a host. */
export class Guest {
  readonly scenario: Scenario;
  readonly memory: Memory;
  readonly uncore: Uncore;
  readonly xen: Xen;
  readonly hvm: HvmDomain;
  readonly domain: Domain;
  readonly channels: EventChannels;
  readonly os: FreeBsd;
  /** One core for each pCPU of the guest, then the cores of other domains' senders. */
  readonly cores: Core[] = [];
  readonly cpus: KernelCpu[] = [];
  /** By sender. */
  readonly senders: OtherVcpu[] = [];
  /** vCPUs of other domains that never stop, on the pCPUs of the guest. */
  readonly hogs: OtherVcpu[] = [];

  /** @param vcpus 1..64 @param senders cores of other domains, 0..16 */
  constructor(scenario: Scenario, vcpus: number, senders: number, host: GuestHost) {
    const { generation, machine, strategy, lumps, run } = scenario;
    this.scenario = scenario;
    this.memory = new Memory(MEMORY_MIB, run.pageBits);
    const image = new KernelImage(this.memory, vcpus, generation.pcpu, generation.isrc);
    const { sockets, senderSocket } = run;
    this.uncore = new Uncore(machine, this.memory, Math.max(sockets, senderSocket + 1));
    const scheduler = newScheduler(scenario.scheduler);
    this.xen = new Xen(this.memory, machine, scenario.delivery, scheduler, host.hardware);
    this.domain = new Domain(this.memory, vcpus, image.vcpuInfo, generation.vector);
    image.share(this.domain, scenario.delivery.needsEoi);
    this.hvm = new HvmDomain(
      this.memory,
      this.xen,
      this.domain,
      host,
      (marker, stats) => new TwoLevel(this.memory, this.domain, host, marker, stats),
    );
    this.channels = this.hvm.channels;
    const table = new IsrcTable(image, generation.isrc, generation.id);
    this.os = {
      generation,
      image,
      table,
      pages: this.domain,
      hypercalls: this.channels,
      hardware: this.hvm,
      allocator: strategy.make(table),
      lumps,
      observer: host,
    };
    const pcpus = run.pcpus === 0 ? vcpus : Math.min(run.pcpus, vcpus);
    for (let i = 0; i < pcpus + senders; i++) {
      const socket = i < pcpus ? i % sockets : senderSocket;
      const core = new Core(machine, this.memory, this.uncore, host.horizon, socket);
      this.cores.push(core);
      this.xen.addPcpu(core, socket);
    }
    for (let v = 0; v < vcpus; v++) {
      this.cpus.push(image.cpu(v, this.cores[v % pcpus]!));
      this.xen.pin(this.domain.virtualCpus[v]!, this.xen.pcpus[v % pcpus]!);
    }
    for (let i = 0; i < senders; i++) this.senders.push(this.#otherVcpu(`sender ${i}`, pcpus + i));
    for (let i = 0; i < run.hogs; i++) this.hogs.push(this.#otherVcpu(`hog ${i}`, i % pcpus));
  }

  /** The core a vCPU runs on. */
  coreOf(vcpu: Vcpu): Core {
    return this.cpus[vcpu]!.core;
  }

  #otherVcpu(name: string, pcpu: number): OtherVcpu {
    const { memory, xen } = this;
    const base = memory.place(`xen: struct vcpu of ${name}`, VCPU.bytes, LINE_BYTES);
    const info = memory.place(`${name}: vcpu_info`, LINE_BYTES, LINE_BYTES);
    const vcpu = new VirtualCpu(memory, name, 0, base, info, 0xf3);
    xen.pin(vcpu, xen.pcpus[pcpu]!);
    return { vcpu, sp: this.stack(name) };
  }

  /** A stack of its own. */
  stack(name: string): Addr {
    return this.memory.place(`${name}: stack`, STACK, PAGE_BYTES) + STACK;
  }

  /**
   * Puts code and data of a vCPU's core where the scenario says they are when an operation begins.
   *
   * @param now the cycle at which it begins; since the core's own present, other code of the guest ran
   */
  applyCacheState(vcpu: Vcpu, now: Cycle): void {
    const { workload } = this.scenario;
    const core = this.coreOf(vcpu);
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
    const { caches } = this.coreOf(vcpu);
    if (cache === 'l2-cold') caches.spillToL3(keep);
    else {
      caches.spillToMemory(keep);
      this.uncore.clearL3();
    }
  }
}
