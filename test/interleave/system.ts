/** Xen, a guest and its vCPUs, and as many other cores as one asks for. The only file here that wires them together. */
import { SlistAllocator } from '../../src/intr/alloc/slist.ts';
import { FreeBsdKernel } from '../../src/intr/freebsd-kernel.ts';
import type { Generation, GuestKernel } from '../../src/intr/guest-kernel.ts';
import type { LinuxCpu } from '../../src/intr/linux/image.ts';
import { LinuxKernel } from '../../src/intr/linux/kernel.ts';
import { PERCPU } from '../../src/intr/linux/layout.ts';
import { runAlone } from '../../src/intr/os.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Addr, Port, Vcpu } from '../../src/model/units.ts';
import { Uncore } from '../../src/x86/coherence.ts';
import type { Core } from '../../src/x86/core.ts';
import type { Machine } from '../../src/x86/machine.ts';
import { Memory } from '../../src/x86/memory.ts';
import { PORTS, SHARED_INFO } from '../../src/xen/abi.ts';
import { EVENT_WORD, FIFO_PORTS } from '../../src/xen/abi-fifo.ts';
import { Domain } from '../../src/xen/domain.ts';
import { EventChannels, type HypercallGate } from '../../src/xen/event-channels.ts';
import { Fifo } from '../../src/xen/fifo.ts';
import { FifoOps } from '../../src/xen/fifo-ops.ts';
import { markUpcall } from '../../src/xen/mark.ts';
import type { Marker } from '../../src/xen/port-ops.ts';
import { type EvtchnStats, newEvtchnStats } from '../../src/xen/stats.ts';
import { TwoLevel } from '../../src/xen/two-level.ts';
import type { Abi, Bit } from './scene.ts';
import { WatchedCore } from './watched-core.ts';

const STACK_BYTES = 16384;
/** Where upcalls arrive: nobody here looks at it. */
const VECTOR = 0xf3;

/** A hypercall's exit and entry access nothing that another CPU does. */
const OPEN_GATE: HypercallGate = { *enter() {}, *leave() {} };

/** The bit of a port in a bit string. */
const bitOf = (base: Addr, port: Port): Bit => ({ word: base + (port >>> 5) * 4, mask: 1 << (port & 31) });

/** Who is told what happens in a system. */
export interface Watcher {
  handled(port: Port, fresh: boolean, core: Core): void;
  marked(vcpu: Vcpu): void;
}

/** One system. */
export class System {
  readonly memory: Memory;
  readonly domain: Domain;
  readonly channels: EventChannels;
  readonly kernel: GuestKernel;
  readonly abi: Abi;
  /** Below any cycle, every kernel gives way before each access it thinks of as shared. */
  readonly horizon = { cycle: Number.POSITIVE_INFINITY };
  readonly #machine: Machine;
  readonly #uncore: Uncore;

  /** @param megabytes size of the memory, a power of two from 8 */
  constructor(generation: Generation, vcpus: number, megabytes: number, watcher: Watcher) {
    const { machine, lumps } = scenarioOf(DEFAULT_NAMES);
    this.#machine = machine;
    this.memory = new Memory(megabytes);
    const placed = generation.place(this.memory, vcpus);
    const isFifo = generation.abi === 'fifo';
    this.domain = new Domain(this.memory, vcpus, placed.vcpuInfo, VECTOR, isFifo ? FIFO_PORTS : PORTS);
    this.#uncore = new Uncore(machine, this.memory);
    const nothing = () => {};
    const delivery = { pending: nothing, unmasked: nothing, closed: nothing };
    const stats = newEvtchnStats();
    const Ops = isFifo ? Fifo : TwoLevel;
    const ops = new Ops(this.memory, this.domain, delivery, this.#marker(watcher, stats), stats);
    this.abi = ops instanceof Fifo ? fifo(ops) : twoLevel(this.domain.sharedInfo);
    this.channels = new EventChannels(this.domain, delivery, OPEN_GATE, ops, stats);
    this.kernel = placed.boot({
      pages: this.domain,
      hypercalls: this.channels,
      hardware: { *eoi() {} },
      needsEoi: false,
      perVcpu: true,
      unmask: 'hypercall',
      fifo: ops instanceof Fifo ? new FifoOps(this.channels, this.domain, ops) : undefined,
      allocator: (table) => new SlistAllocator(table),
      lumps,
      observer: {
        handled: (port, fresh, core) => watcher.handled(port, fresh, core),
        findBegins: nothing,
        findEnds: nothing,
        pendingCleared: nothing,
        stray: nothing,
        unclaimed: nothing,
        unmasked: nothing,
        ithreadRunnable: nothing,
      },
      cores: Array.from({ length: vcpus }, () => this.#core()),
    });
    for (const cpu of this.kernel.cpus) {
      const second = this.kernel instanceof LinuxKernel ? (cpu as LinuxCpu).irqStackTop : 0;
      (cpu.core as WatchedCore).ownStack(second);
    }
    runAlone(this.kernel.start());
  }

  /** The core of a vCPU. */
  coreOf(vcpu: Vcpu): WatchedCore {
    return this.kernel.cpus[vcpu]!.core as WatchedCore;
  }

  /** A core of nobody's. */
  newCore(name: string): WatchedCore {
    const core = this.#core();
    core.sp = this.memory.place(`${name}: stack`, STACK_BYTES, STACK_BYTES) + STACK_BYTES / 2;
    core.ownStack();
    return core;
  }

  /** The bit that lets a vCPU serve a port; undefined with the FIFO ABI, where the queue decides. */
  enabled(vcpu: Vcpu, port: Port): Bit | undefined {
    const { kernel } = this;
    if (this.abi.name === 'fifo') return undefined;
    if (kernel instanceof FreeBsdKernel) return bitOf(kernel.os.image.enabledWords(vcpu), port);
    return bitOf((kernel as LinuxKernel).os.image.percpu(vcpu) + PERCPU.evtchnMask, port);
  }

  /** What follows the mark, up to the interrupt, is hardware: it is on its way, and arrives at any time. */
  #marker(watcher: Watcher, stats: EvtchnStats): Marker {
    const { virtualCpus } = this.domain;
    return {
      *mark(core, vcpu) {
        if (yield* markUpcall(core, virtualCpus[vcpu]!, stats)) watcher.marked(vcpu);
      },
    };
  }

  #core(): WatchedCore {
    return new WatchedCore(this.#machine, this.memory, this.#uncore, this.horizon);
  }
}

function twoLevel(sharedInfo: Addr): Abi {
  return {
    name: '2l',
    pending: (port) => bitOf(sharedInfo + SHARED_INFO.pending, port),
    masked: (port) => bitOf(sharedInfo + SHARED_INFO.mask, port),
  };
}

function fifo(ops: Fifo): Abi {
  const bit = (port: Port, at: number): Bit => ({ word: ops.structs.word(port), mask: 1 << at });
  return {
    name: 'fifo',
    pending: (port) => bit(port, EVENT_WORD.pending),
    masked: (port) => bit(port, EVENT_WORD.masked),
  };
}
