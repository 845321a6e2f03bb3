/**
 * A FreeBSD guest as small as it can be: two vCPUs, one of which serves, a few bound ports, and a core for each
 * task. The only file here that knows how Xen's and the guest's parts are put together.
 */
import { SlistAllocator } from '../../src/intr/alloc/slist.ts';
import { IsrcTable } from '../../src/intr/isrc-table.ts';
import { type KernelCpu, KernelImage } from '../../src/intr/kernel-image.ts';
import {
  type FreeBsd,
  type Generation,
  HandlerKind,
  type HandlerKindCode,
  runAlone,
} from '../../src/intr/os.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import type { Addr, Port, Vcpu } from '../../src/model/units.ts';
import { Uncore } from '../../src/x86/coherence.ts';
import type { Core, Kernel } from '../../src/x86/core.ts';
import type { Machine } from '../../src/x86/machine.ts';
import { Memory } from '../../src/x86/memory.ts';
import { type ChannelKindCode, SHARED_INFO, VCPU_INFO } from '../../src/xen/abi.ts';
import { Domain } from '../../src/xen/domain.ts';
import { EventChannels, type HypercallGate } from '../../src/xen/event-channels.ts';
import { markUpcall } from '../../src/xen/mark.ts';
import type { Marker } from '../../src/xen/port-ops.ts';
import { type EvtchnStats, newEvtchnStats } from '../../src/xen/stats.ts';
import { TwoLevel } from '../../src/xen/two-level.ts';
import {
  type Abi,
  type Actor,
  type Bit,
  type Consumer,
  Happening,
  type Listener,
  type Plan,
  type Scene,
  type Task,
} from './scene.ts';
import { WatchedCore } from './watched-core.ts';

/** The vCPU that serves, and the one on which the guest unbinds. */
const SERVING = 0;
const OTHER = 1;
const STACK_BYTES = 16384;

/** A hypercall's exit and entry access nothing that another CPU does. */
const OPEN_GATE: HypercallGate = { *enter() {}, *leave() {} };

/** The bit of a port in a bit string. */
const bitOf = (base: Addr, port: Port): Bit => ({ word: base + (port >>> 5) * 4, mask: 1 << (port & 31) });

/** The 2-level ABI of a domain. */
function twoLevel(sharedInfo: Addr): Abi {
  return {
    name: '2l',
    pending: (port) => bitOf(sharedInfo + SHARED_INFO.pending, port),
    masked: (port) => bitOf(sharedInfo + SHARED_INFO.mask, port),
  };
}

/** A generation of FreeBSD as a consumer. */
export function freeBsd(generation: Generation): Consumer {
  const tasks: Consumer['tasks'] = ['send', 'unmask', 'close', 'unbind', 'rebind'];
  return { name: generation.name, tasks, build: (plan, listener) => build(generation, plan, listener) };
}

/** Who is told what happens in a system. */
export interface Watcher {
  handled(port: Port, fresh: boolean, core: Core): void;
  marked(vcpu: Vcpu): void;
}

/** Xen, a guest and its vCPUs, and as many other cores as one asks for. */
export class System {
  readonly memory: Memory;
  readonly image: KernelImage;
  readonly domain: Domain;
  readonly channels: EventChannels;
  readonly os: FreeBsd;
  readonly cpus: readonly KernelCpu[];
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
    this.image = new KernelImage(this.memory, vcpus, generation.pcpu, generation.isrc);
    this.domain = new Domain(this.memory, vcpus, this.image.vcpuInfo, generation.vector);
    this.image.share(this.domain, false);
    this.abi = twoLevel(this.domain.sharedInfo);
    this.#uncore = new Uncore(machine, this.memory);
    const nothing = () => {};
    const delivery = { pending: nothing, unmasked: nothing, closed: nothing };
    const stats = newEvtchnStats();
    const ops = new TwoLevel(this.memory, this.domain, delivery, this.#marker(watcher, stats), stats);
    this.channels = new EventChannels(this.domain, delivery, OPEN_GATE, ops, stats);
    const table = new IsrcTable(this.image, generation.isrc, generation.id);
    this.os = {
      generation,
      image: this.image,
      table,
      pages: this.domain,
      hypercalls: this.channels,
      hardware: { *eoi() {} },
      allocator: new SlistAllocator(table),
      lumps,
      observer: {
        handled: (port, fresh, core) => watcher.handled(port, fresh, core),
        findBegins: nothing,
        findEnds: nothing,
        pendingCleared: nothing,
        stray: nothing,
        unclaimed: nothing,
        ithreadRunnable: nothing,
      },
    };
    this.cpus = Array.from({ length: vcpus }, (_, vcpu) => {
      const core = this.#core();
      const cpu = this.image.cpu(vcpu, core);
      core.ownStack();
      return cpu;
    });
  }

  /** The core of a vCPU. */
  coreOf(vcpu: Vcpu): WatchedCore {
    return this.cpus[vcpu]!.core as WatchedCore;
  }

  /** A core of nobody's. */
  newCore(name: string): WatchedCore {
    const core = this.#core();
    core.sp = this.memory.place(`${name}: stack`, STACK_BYTES, STACK_BYTES) + STACK_BYTES / 2;
    core.ownStack();
    return core;
  }

  /** The bit that lets a vCPU serve a port. */
  enabled(vcpu: Vcpu, port: Port): Bit {
    return bitOf(this.image.enabledWords(vcpu), port);
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

function build(generation: Generation, plan: Plan, listener: Listener): Scene {
  const system = new System(generation, 2, 8, {
    handled: (port, fresh) => listener.happens(fresh ? Happening.served : Happening.servedStale, port),
    marked: (vcpu) => {
      if (vcpu === SERVING) listener.happens(Happening.marked, vcpu);
    },
  });
  const { memory, channels, os, abi } = system;
  const [server, other] = system.cpus as [KernelCpu, KernelCpu];
  const handler = plan.maskingHandlers ? HandlerKind.user : HandlerKind.filter;
  for (let i = 0; i < plan.ports; i++) {
    server.core.begin(server.core.now);
    runAlone(generation.bind(os, server, plan.kind, handler, SERVING));
  }
  // An interdomain channel is pending from its bind on: that is over when anybody acts.
  for (let port = 1; port <= plan.ports; port++) {
    const { word, mask } = abi.pending(port);
    memory.poke32(word, memory.peek32(word) & ~mask);
  }
  memory.poke64(system.domain.vcpuInfo[SERVING]! + VCPU_INFO.pendingSel, 0);
  memory.poke32(system.domain.vcpuInfo[SERVING]! + VCPU_INFO.upcallPending, 0);
  for (const { word, mask } of [...plan.masked.map(abi.masked), ...plan.pending.map(abi.pending)]) {
    memory.poke32(word, memory.peek32(word) | mask);
  }
  system.horizon.cycle = Number.NEGATIVE_INFINITY;
  const kernelOf = ({ does, port }: Task, core: WatchedCore): Kernel<unknown> => {
    if (does === 'send') return channels.send(core, port);
    if (does === 'unmask') return channels.unmask(core, port);
    if (does === 'close') return channels.close(core, port);
    return does === 'unbind'
      ? generation.unbind(os, other, port)
      : rebind(os, other, port, plan.kind, handler);
  };
  const tasks = plan.tasks.map((task, i): Actor => {
    const { does, port } = task;
    const nth = plan.tasks.slice(0, i + 1).filter((t) => t.does === does).length;
    const name = plan.tasks.some((t, j) => t.does === does && j !== i) ? `${does} ${nth}` : does;
    const core = does === 'unbind' || does === 'rebind' ? system.coreOf(OTHER) : system.newCore(name);
    return { name, role: does, port, core, kernel: () => kernelOf(task, core) };
  });
  const serve: Actor = {
    name: 'upcall',
    role: 'serve',
    port: 0,
    core: system.coreOf(SERVING),
    kernel: () => generation.scan(os, server),
  };
  return { memory, abi, actors: [serve, ...tasks], enabled: (port) => system.enabled(SERVING, port) };
}

/** A driver goes and another comes: both have the port and the isrc, one after the other. */
function* rebind(
  os: FreeBsd,
  cpu: KernelCpu,
  port: Port,
  kind: ChannelKindCode,
  handler: HandlerKindCode,
): Kernel {
  yield* os.generation.unbind(os, cpu, port);
  const again = yield* os.generation.bind(os, cpu, kind, handler, SERVING);
  if (again !== port) throw new Error(`bound port ${again} instead of ${port}`);
}
