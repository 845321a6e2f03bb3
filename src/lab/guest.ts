/**
 * The only place that wires a machine, a domain, a guest's kernel and the cores together. What runs when is
 * decided in vcpus.ts, what a trace asks for in replay.ts.
 */

import { FreeBsdKernel } from '../intr/freebsd-kernel.ts';
import type { GuestCpu, GuestKernel } from '../intr/guest-kernel.ts';
import { type Observer, runAlone } from '../intr/os.ts';
import type { Horizon } from '../model/engine.ts';
import { usageError } from '../model/errors.ts';
import type { Addr, Cycle, Vcpu } from '../model/units.ts';
import { Uncore } from '../x86/coherence.ts';
import { Core } from '../x86/core.ts';
import { LINE_BYTES, Memory, PAGE_BYTES } from '../x86/memory.ts';
import { TEXT_BASE, TEXT_BYTES } from '../x86/sites.ts';
import { PORTS } from '../xen/abi.ts';
import { FIFO_PORTS } from '../xen/abi-fifo.ts';
import { Domain } from '../xen/domain.ts';
import type { EventChannels } from '../xen/event-channels.ts';
import { Fifo } from '../xen/fifo.ts';
import { FifoOps } from '../xen/fifo-ops.ts';
import { HvmDomain } from '../xen/hvm-domain.ts';
import { VCPU } from '../xen/layout.ts';
import { otherVcpuNamer } from '../xen/names.ts';
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

/** A guest on a host. */
export class Guest {
  readonly scenario: Scenario;
  readonly memory: Memory;
  readonly uncore: Uncore;
  readonly xen: Xen;
  readonly hvm: HvmDomain;
  readonly domain: Domain;
  readonly channels: EventChannels;
  /** The hypercalls of the FIFO ABI, in a guest that has it. */
  readonly fifo: FifoOps | undefined;
  readonly kernel: GuestKernel;
  /** One core for each pCPU of the guest, then the cores of other domains' senders. */
  readonly cores: Core[] = [];
  /** By sender. */
  readonly senders: OtherVcpu[] = [];
  /** vCPUs of other domains that never stop, on the pCPUs of the guest. */
  readonly hogs: OtherVcpu[] = [];

  /** @param vcpus 1..64 @param senders cores of other domains, 0..16 */
  constructor(scenario: Scenario, vcpus: number, senders: number, host: GuestHost) {
    const { generation, machine, strategy, lumps, run } = scenario;
    this.scenario = scenario;
    this.memory = new Memory(MEMORY_MIB, run.pageBits);
    const placed = generation.place(this.memory, vcpus);
    const { sockets, senderSocket } = run;
    this.uncore = new Uncore(machine, this.memory, Math.max(sockets, senderSocket + 1));
    const scheduler = newScheduler(scenario.scheduler);
    this.xen = new Xen(this.memory, machine, scenario.delivery, scheduler, host.hardware);
    const ports = generation.abi === 'fifo' ? FIFO_PORTS : PORTS;
    this.domain = new Domain(this.memory, vcpus, placed.vcpuInfo, generation.vector, ports);
    const Abi = generation.abi === 'fifo' ? Fifo : TwoLevel;
    this.hvm = new HvmDomain(
      this.memory,
      this.xen,
      this.domain,
      host,
      (marker, stats) => new Abi(this.memory, this.domain, host, marker, stats),
    );
    this.channels = this.hvm.channels;
    const pcpus = run.pcpus === 0 ? vcpus : Math.min(run.pcpus, vcpus);
    // Two that never stop would take turns for ever.
    if (run.hogs > pcpus)
      throw usageError(`hogs=${run.hogs}: at most one for each of the guest's ${pcpus} pCPUs`);
    for (let i = 0; i < pcpus + senders; i++) {
      const socket = i < pcpus ? i % sockets : senderSocket;
      const core = new Core(machine, this.memory, this.uncore, host.horizon, socket);
      this.cores.push(core);
      this.xen.addPcpu(core, socket);
    }
    const { ops } = this.channels;
    this.fifo = ops instanceof Fifo ? new FifoOps(this.channels, this.domain, ops) : undefined;
    const { delivery } = scenario;
    this.kernel = placed.boot({
      pages: this.domain,
      hypercalls: this.channels,
      hardware: this.hvm,
      needsEoi: delivery.needsEoi,
      perVcpu: !delivery.line,
      fifo: this.fifo,
      unmask: scenario.unmask,
      allocator: strategy.make,
      lumps,
      observer: host,
      cores: Array.from({ length: vcpus }, (_, v) => this.cores[v % pcpus]!),
    });
    for (let v = 0; v < vcpus; v++) this.xen.pin(this.domain.virtualCpus[v]!, this.xen.pcpus[v % pcpus]!);
    for (let i = 0; i < senders; i++) this.senders.push(this.#otherVcpu(`sender ${i}`, pcpus + i));
    for (let i = 0; i < run.hogs; i++) this.hogs.push(this.#otherVcpu(`hog ${i}`, i % pcpus));
    if (generation.abi === '2-level') return;
    this.cores[0]!.begin(0);
    runAlone(this.kernel.start());
  }

  /** The domain is restored on a new host: no channels, and caches that hold nothing of it. TLBs and predictors stay. */
  restored(): void {
    this.channels.restored();
    for (const { caches } of this.cores) caches.spillToMemory(() => false);
    this.uncore.clearL3();
  }

  /** The core a vCPU runs on. */
  coreOf(vcpu: Vcpu): Core {
    return this.cpus[vcpu]!.core;
  }

  #otherVcpu(name: string, pcpu: number): OtherVcpu {
    const { memory, xen } = this;
    const base = memory.place(`xen: struct vcpu of ${name}`, VCPU.bytes, LINE_BYTES, otherVcpuNamer(name));
    const info = memory.place(`${name}: vcpu_info`, LINE_BYTES, LINE_BYTES);
    const vcpu = new VirtualCpu(memory, name, 0, base, info, 0xf3);
    xen.pin(vcpu, xen.pcpus[pcpu]!);
    return { vcpu, sp: this.stack(name) };
  }

  /** A stack of its own. */
  stack(name: string): Addr {
    return this.memory.place(`${name}: stack`, STACK, PAGE_BYTES) + STACK;
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
    const core = this.coreOf(vcpu);
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
    const { caches } = this.coreOf(vcpu);
    if (cache === 'l2-cold') caches.spillToL3(keep);
    else {
      caches.spillToMemory(keep);
      this.uncore.clearL3();
    }
  }
}
