/**
 * Guests as small as they can be: two vCPUs, one of which serves, a few bound ports, and a core for each task.
 */

import { placeFreeBsd } from '../../src/intr/freebsd-kernel.ts';
import type { Generation, GuestKernel } from '../../src/intr/guest-kernel.ts';
import { buildIrq } from '../../src/intr/linux/build-irq.ts';
import type { LinuxImage } from '../../src/intr/linux/image.ts';
import { LinuxKernel } from '../../src/intr/linux/kernel.ts';
import { IRQT } from '../../src/intr/linux/layout.ts';
import { FREEBSD_LUMPS } from '../../src/intr/lumps.ts';
import { type FreeBsdGeneration, HandlerKind, type HandlerKindCode, runAlone } from '../../src/intr/os.ts';
import type { Addr, Port, Vcpu } from '../../src/model/units.ts';
import { type Kernel, NOW } from '../../src/x86/core.ts';
import { SourceFile } from '../../src/x86/sites.ts';
import { ChannelKind, VCPU_INFO } from '../../src/xen/abi.ts';
import { EVTCHN } from '../../src/xen/layout.ts';
import {
  type Actor,
  type Consumer,
  Happening,
  type Listener,
  type Plan,
  type Scene,
  type Task,
} from './scene.ts';
import { System } from './system.ts';
import type { WatchedCore } from './watched-core.ts';

/** The vCPU that serves, and the one on which the guest unbinds. */
const SERVING = 0;
const OTHER = 1;

const AT_READ = new SourceFile('drivers/xen/evtchn.c', 'read').fn('evtchn_read').site('wait for the ring', 4);

/** A kernel as a consumer. @param tasks what can be done to it */
export function consumerOf(generation: Generation, tasks: Consumer['tasks']): Consumer {
  return {
    name: generation.name,
    abi: generation.abi,
    tasks,
    build: (plan, listener) => build(generation, plan, listener),
  };
}

/** A generation of FreeBSD of one's own, with the 2-level ABI. */
export function freeBsdWith(name: string, code: FreeBsdGeneration): Generation {
  const place: Generation['place'] = (memory, vcpus) => placeFreeBsd(memory, vcpus, code, '2-level');
  return {
    name,
    what: '',
    abi: '2-level',
    vector: 0x93,
    findsIsrcs: true,
    unmasks: ['hypercall'],
    lumps: FREEBSD_LUMPS,
    place,
  };
}

function build(generation: Generation, plan: Plan, listener: Listener): Scene {
  let ring = 0;
  let waits = false;
  const system = new System(generation, 2, 32, {
    handled: (port, fresh, core) => {
      listener.happens(fresh ? Happening.served : Happening.servedStale, port);
      if (waits) core.store32(ring, 1, NOW);
    },
    marked: (vcpu) => {
      if (vcpu === SERVING) listener.happens(Happening.marked, vcpu);
    },
  });
  const { memory, channels, kernel } = system;
  ring = memory.place('ring of the evtchn device', 64, 64);
  const handler = plan.maskingHandlers ? HandlerKind.user : HandlerKind.filter;
  for (let i = 0; i < plan.ports; i++) {
    system.coreOf(SERVING).begin(0);
    runAlone(kernel.bind(SERVING, plan.kind, handler, SERVING));
  }
  // An interdomain channel is pending from its bind on: that is over when anybody acts.
  for (let tries = 0; tries < 2; tries++) {
    system.coreOf(SERVING).begin(0);
    runAlone(kernel.upcall(SERVING, false));
    // What a handler masked is unmasked again.
    for (let port = 1; port <= plan.ports; port++) {
      system.coreOf(SERVING).begin(0);
      if (plan.maskingHandlers) runAlone(kernel.userUnmasks(SERVING, port));
    }
  }
  memory.poke64(system.domain.vcpuInfo[SERVING]! + VCPU_INFO.pendingSel, 0);
  memory.poke32(system.domain.vcpuInfo[SERVING]! + VCPU_INFO.upcallPending, 0);
  const { abi } = system;
  for (const { word, mask } of [...plan.masked.map(abi.masked), ...plan.pending.map(abi.pending)]) {
    memory.poke32(word, memory.peek32(word) | mask);
  }
  memory.poke32(ring, 0);
  // Linux lets a process end an event only when its handler has run; FreeBSD lets it unmask at any time.
  waits = plan.maskingHandlers && kernel instanceof LinuxKernel;
  system.horizon.cycle = Number.NEGATIVE_INFINITY;
  const kernelOf = ({ does, port }: Task, core: WatchedCore): Kernel<unknown> => {
    if (does === 'send') return channels.send(core, port);
    if (does === 'unmask') {
      return waits ? reader(kernel, core, ring, port) : channels.unmask(core, port);
    }
    if (does === 'close') return channels.close(core, port);
    return does === 'unbind' ? kernel.unbind(OTHER, port) : rebind(system, port, plan, handler);
  };
  const restart = kernel instanceof LinuxKernel ? keepFreed(kernel.os.image, plan) : undefined;
  const tasks = plan.tasks.map((task, i): Actor => {
    const { does, port } = task;
    const nth = plan.tasks.slice(0, i + 1).filter((t) => t.does === does).length;
    const name = plan.tasks.some((t, j) => t.does === does && j !== i) ? `${does} ${nth}` : does;
    const guests = does === 'unbind' || does === 'rebind' || (does === 'unmask' && waits);
    const core = guests ? system.coreOf(OTHER) : system.newCore(name);
    const actor = { name, role: does, port, core, kernel: () => kernelOf(task, core) };
    return guests && restart !== undefined ? { ...actor, restart } : actor;
  });
  const serve: Actor = {
    name: 'upcall',
    role: 'serve',
    port: 0,
    core: system.coreOf(SERVING),
    kernel: () => kernel.upcall(SERVING, false),
  };
  const enabled = (port: Port) => system.enabled(SERVING, port);
  const flag = system.domain.vcpuInfo[SERVING]! + VCPU_INFO.upcallPending;
  const open = (port: Port) => system.domain.channel(port) + EVTCHN.state;
  return { memory, abi, actors: [serve, ...tasks], enabled, open, waited: waits ? [flag, ring] : [flag] };
}

/**
 * Linux frees an interrupt's structures when no CPU is in its event loop any more, and that may take as long as it
 * likes: here it never comes to it, so a bind has a number and structures of its own. They are made before anybody
 * acts, and a bind that is run once more gets the same.
 *
 * @returns what to call before a kernel is run once more
 */
function keepFreed(image: LinuxImage, { kind, maskingHandlers }: Plan): () => void {
  const objects: Addr[] = [];
  let next = 0;
  const kmalloc = image.kmalloc.bind(image);
  image.kmalloc = (bytes) => {
    objects[next] ??= kmalloc(bytes);
    return objects[next++]!;
  };
  const takeIrq = image.takeIrq.bind(image);
  let irq: number | undefined;
  image.takeIrq = (desc) => {
    irq ??= takeIrq(desc);
    return irq;
  };
  image.freeLater = () => {};
  buildIrq(image, {
    type: IRQT.evtchn,
    chip: maskingHandlers ? 'lateeoi' : 'dynamic',
    handler: maskingHandlers ? HandlerKind.user : HandlerKind.filter,
    device: kind === ChannelKind.interdomain,
  });
  return () => {
    next = 0;
  };
}

/** A process that reads a port of the evtchn device and writes it back. */
function* reader(kernel: GuestKernel, core: WatchedCore, ring: Addr, port: Port): Kernel {
  for (;;) {
    core.at(AT_READ);
    core.load32(ring, NOW);
    if (core.lo !== 0) break;
    core.lfence();
    yield;
  }
  yield* kernel.userUnmasks(OTHER, port);
}

/**
 * A driver goes and another comes: both have the port and the isrc, one after the other. With the FIFO ABI the port
 * may still be on a queue, and Xen then hands out the next.
 */
function* rebind(system: System, port: Port, plan: Plan, handler: HandlerKindCode): Kernel {
  yield* system.kernel.unbind(OTHER, port);
  const again = yield* system.kernel.bind(OTHER, plan.kind, handler, SERVING as Vcpu);
  if (again === port || (system.abi.name === 'fifo' && again === plan.ports + 1)) return;
  throw new Error(`bound port ${again} instead of ${port}`);
}
