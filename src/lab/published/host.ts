/**
 * A host with small guests for a published microbenchmark: Xen, its pCPUs and the messages between them are the
 * model's own; a guest is its vCPUs with the handler that an upcall starts. No FreeBSD is in it.
 */
import { Engine } from '../../model/engine.ts';
import type { Cycle } from '../../model/units.ts';
import { Uncore } from '../../x86/coherence.ts';
import { Core, type Kernel } from '../../x86/core.ts';
import type { Machine } from '../../x86/machine.ts';
import { LINE_BYTES, Memory, PAGE_BYTES } from '../../x86/memory.ts';
import { deliveryByName } from '../../xen/delivery-mode.ts';
import { Domain } from '../../xen/domain.ts';
import { HvmDomain } from '../../xen/hvm-domain.ts';
import { idleLoop } from '../../xen/idle.ts';
import { Mode, type Pcpu } from '../../xen/pcpu.ts';
import type { Delivery } from '../../xen/port-ops.ts';
import { newScheduler } from '../../xen/sched/catalogue.ts';
import { TwoLevel } from '../../xen/two-level.ts';
import type { VirtualCpu } from '../../xen/virtual-cpu.ts';
import { vmEntry } from '../../xen/vmexit.ts';
import { Xen } from '../../xen/xen.ts';
import { Context, Level } from '../context.ts';
import { chargeDelivery, EVENT_INTERRUPT, type InterruptHost, Interrupts } from '../interrupts.ts';
import { Processor, type ProcessorOwner } from '../processor.ts';
import { Path } from './path.ts';

/** Vector of the upcalls, as in Linux (HYPERVISOR_CALLBACK_VECTOR). */
const VECTOR = 0xf3;
const STACK = 2 * PAGE_BYTES;
/** Memory for the text and two domains, in MiB. */
const MEMORY_MIB = 8;

/** What a guest does when an upcall or IPI starts its handler; the path may end at its first instruction. */
export type Handler = (host: PublishedHost, vcpu: VirtualCpu, core: Core) => Kernel;

/** Tells the path when a message leaves. */
class WatchedInterrupts extends Interrupts {
  readonly #xen: () => Xen;
  readonly #path: Path;

  constructor(host: PublishedHost) {
    super(host);
    this.#xen = () => host.xen;
    this.#path = host.path;
  }

  override interrupt(pcpu: Pcpu, vector: number, cycle: Cycle): void {
    this.#leaves(pcpu);
    super.interrupt(pcpu, vector, cycle);
  }

  override wake(pcpu: Pcpu, cycle: Cycle): void {
    this.#leaves(pcpu);
    super.wake(pcpu, cycle);
  }

  /** Everything here has two pCPUs at most, so whoever sends to one runs on the other. */
  #leaves(target: Pcpu): void {
    const sender = this.#xen().pcpus.find((pcpu) => pcpu !== target);
    if (sender !== undefined) this.#path.sent(sender.core);
  }
}

/** One host. */
export class PublishedHost implements InterruptHost, ProcessorOwner {
  readonly engine = new Engine((kind, a, b) => this.#event(kind, a, b));
  readonly memory = new Memory(MEMORY_MIB);
  readonly path = new Path();
  readonly hardware: Interrupts = new WatchedInterrupts(this);
  readonly xen: Xen;
  /** The guests in the order of `placement`. */
  readonly vms: readonly HvmDomain[];
  readonly processors: readonly Processor[];
  readonly #contexts = new Map<VirtualCpu, Context>();
  readonly #idle: Context[];
  readonly #handler: Handler;

  /**
   * @param delivery name of a delivery mode
   * @param placement for each guest the pCPUs (0 or 1) of its vCPUs; the first vCPU of a pCPU runs at the start
   */
  constructor(
    machine: Machine,
    delivery: string,
    placement: ReadonlyArray<readonly number[]>,
    handler: Handler,
  ) {
    const { memory, path, engine } = this;
    this.#handler = handler;
    const uncore = new Uncore(machine, memory, 1);
    const xen = new Xen(memory, machine, deliveryByName(delivery), newScheduler('credit2'), this.hardware);
    this.xen = xen;
    for (let i = 0; i <= Math.max(...placement.flat()); i++) {
      xen.addPcpu(new Core(machine, memory, uncore, engine.horizon, 0), 0);
    }
    this.vms = placement.map((pcpus, vm) => this.#addVm(vm, pcpus));
    this.processors = xen.pcpus.map((pcpu, i) => {
      return new Processor(i, pcpu.core, engine, this, this.contextOf(pcpu.current!));
    });
    this.#idle = xen.pcpus.map((pcpu) => {
      const context = new Context(this.#stack(`idle ${pcpu.index}`), path.far);
      context.put(Level.xen, idleLoop(xen, pcpu), path.far);
      return context;
    });
  }

  /** Account of what interrupts a guest: at the end of a path. */
  get xenAccount(): Float64Array {
    return this.path.far;
  }

  /** The pCPU of a vCPU. */
  pcpuOf(vcpu: VirtualCpu): Pcpu {
    return this.xen.pcpus[vcpu.pcpu]!;
  }

  /** A guest's code at thread level, run until nothing is left to do on the host. */
  run(vcpu: VirtualCpu, kernel: Kernel, account: Float64Array): void {
    this.processors[vcpu.pcpu]!.start(Level.thread, kernel, account);
    this.engine.runTo(Number.POSITIVE_INFINITY);
  }

  /** Its handlers have no sections with interrupts off. */
  interruptsOn(): void {}

  contextOf(vcpu: VirtualCpu): Context {
    return this.#contexts.get(vcpu)!;
  }

  idleContext(pcpu: Pcpu): Context {
    return this.#idle[pcpu.index]!;
  }

  startUpcall(processor: Processor, vcpu: VirtualCpu, cycles: Cycle): void {
    processor.start(Level.upcall, this.#upcall(vcpu, cycles), this.path.far);
  }

  disturbed(): void {}

  ended(processor: Processor, level: number): void {
    if (level === Level.upcall) this.hardware.interruptsBackOn(processor);
  }

  next(): boolean {
    return false;
  }

  idles(processor: Processor): boolean {
    return this.xen.pcpus[processor.index]!.mode === Mode.idle;
  }

  *#upcall(vcpu: VirtualCpu, cycles: Cycle): Kernel {
    const { core } = this.pcpuOf(vcpu);
    chargeDelivery(core, cycles);
    yield* this.#handler(this, vcpu, core);
  }

  #addVm(vm: number, pcpus: readonly number[]): HvmDomain {
    const { memory, xen, path } = this;
    const infos = pcpus.map((_, v) => memory.place(`vm${vm}: vcpu_info of vcpu${v}`, LINE_BYTES, LINE_BYTES));
    const domain = new Domain(memory, pcpus.length, infos, VECTOR);
    const hvm = new HvmDomain(
      memory,
      xen,
      domain,
      NOBODY,
      (marker, stats) => new TwoLevel(memory, domain, NOBODY, marker, stats),
    );
    domain.virtualCpus.forEach((vcpu, v) => {
      const pcpu = xen.pcpus[pcpus[v]!]!;
      xen.pin(vcpu, pcpu);
      const context = new Context(this.#stack(`vm${vm} vcpu${v}`), path.near);
      // A vCPU that does not run at the start enters its guest when it first does.
      if (pcpu.current !== vcpu) context.put(Level.xen, vmEntry(xen, pcpu), path.near);
      this.#contexts.set(vcpu, context);
    });
    return hvm;
  }

  #stack(name: string): number {
    return this.memory.place(`${name}: stack`, STACK, PAGE_BYTES) + STACK;
  }

  #event(kind: number, a: number, b: number): void {
    if (kind >= EVENT_INTERRUPT) this.hardware.event(kind, a, b);
    else this.processors[a]!.event(kind);
  }
}

/** Nobody watches the events. */
const NOBODY: Delivery = { pending: () => {}, unmasked: () => {}, closed: () => {} };
