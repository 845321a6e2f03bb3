/**
 * The pCPUs of a run: their processors, the contexts of the vCPUs that share them and of their idle loops, and who
 * runs where.
 */
import type { Engine } from '../model/engine.ts';
import { ModelBug } from '../model/errors.ts';
import type { Cycle, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { haltExit, otherExit } from '../xen/hvm-exits.ts';
import { idleLoop } from '../xen/idle.ts';
import { HostVector, Mode, type Pcpu } from '../xen/pcpu.ts';
import type { VirtualCpu } from '../xen/virtual-cpu.ts';
import { vmEntry } from '../xen/vmexit.ts';
import type { Xen } from '../xen/xen.ts';
import type { Accounts } from './accounts.ts';
import { Context, Level } from './context.ts';
import type { Guest } from './guest.ts';
import { type InterruptHost, Interrupts } from './interrupts.ts';
import { Processor, type ProcessorOwner } from './processor.ts';

/** Who gives the vCPUs of the guest their work. */
export interface PcpuOwner extends ProcessorOwner {
  /** The upcall's vector is delivered to a vCPU of the guest; `cycles` as in `Hardware.deliver`. */
  startUpcall(processor: Processor, vcpu: Vcpu, cycles: Cycle): void;
  /** An interrupt finds a processor that may have had nothing to do. */
  disturbed(processor: Processor): void;
}

/** All pCPUs of a host with one guest, its senders and its hogs. */
export class Pcpus implements InterruptHost {
  readonly engine: Engine;
  readonly hardware = new Interrupts(this);
  readonly processors: Processor[] = [];
  readonly xenAccount: Float64Array;
  readonly #owner: PcpuOwner;
  readonly #accounts: Accounts;
  readonly #contexts = new Map<VirtualCpu, Context>();
  /** By pCPU. */
  #idle: Context[] = [];
  #guest: Guest | undefined;

  constructor(engine: Engine, accounts: Accounts, owner: PcpuOwner) {
    this.engine = engine;
    this.#accounts = accounts;
    this.xenAccount = accounts.xen;
    this.#owner = owner;
  }

  /** Puts the vCPUs of a guest, which was made with the `hardware` of this, on their pCPUs. */
  boot(guest: Guest): void {
    const { setup, sender, xen } = this.#accounts;
    this.#guest = guest;
    guest.domain.virtualCpus.forEach((vcpu, v) => {
      this.#contexts.set(vcpu, new Context(guest.cpus[v]!.stackTop, setup));
    });
    for (const { vcpu, sp } of guest.senders) this.#contexts.set(vcpu, new Context(sp, sender));
    for (const { vcpu, sp } of guest.hogs) this.#contexts.set(vcpu, new Context(sp, xen));
    for (const [i, core] of guest.cores.entries()) {
      const context = this.contextOf(guest.xen.pcpus[i]!.current!);
      this.processors.push(new Processor(i, core, this.engine, this.#owner, context));
    }
    this.#idle = guest.xen.pcpus.map((pcpu) => {
      const context = new Context(guest.stack(`idle ${pcpu.index}`), xen);
      context.put(Level.xen, idleLoop(guest.xen, pcpu), xen);
      return context;
    });
    // A vCPU that does not run at the start enters its guest when it first does.
    for (const [vcpu, context] of this.#contexts) {
      const pcpu = guest.xen.pcpus[vcpu.pcpu]!;
      if (pcpu.current !== vcpu) context.put(Level.xen, vmEntry(guest.xen, pcpu), xen);
    }
    for (const { vcpu } of guest.hogs) this.wakeByTimer(vcpu);
  }

  get xen(): Xen {
    return this.guest.xen;
  }

  /** The guest; a ModelBug before `boot`. */
  get guest(): Guest {
    if (this.#guest === undefined) throw new ModelBug('the pCPUs have no guest yet');
    return this.#guest;
  }

  contextOf(vcpu: VirtualCpu): Context {
    return this.#contexts.get(vcpu)!;
  }

  idleContext(pcpu: Pcpu): Context {
    return this.#idle[pcpu.index]!;
  }

  startUpcall(processor: Processor, vcpu: VirtualCpu, cycles: Cycle): void {
    this.#owner.startUpcall(processor, vcpu.id, cycles);
  }

  disturbed(processor: Processor): void {
    this.#owner.disturbed(processor);
  }

  /** Xen's view of a vCPU of the guest. */
  virtual(vcpu: Vcpu): VirtualCpu {
    return this.guest.domain.virtualCpus[vcpu]!;
  }

  /** The processor a vCPU of the guest is pinned to. */
  of(vcpu: Vcpu): Processor {
    return this.processors[this.virtual(vcpu).pcpu]!;
  }

  /** Whether a vCPU of the guest has its pCPU. */
  runs(vcpu: Vcpu): boolean {
    return this.#pcpu(vcpu).current === this.virtual(vcpu);
  }

  /** The vCPU of the guest that has this processor; -1 for another domain's or the idle one. */
  vcpuOn(processor: Processor): Vcpu {
    const { current } = this.xen.pcpus[processor.index]!;
    return current !== undefined && current.owner === this.guest.hvm ? current.id : -1;
  }

  /** The vCPU of the guest whose code runs on this core. */
  vcpuOnCore(core: Core): Vcpu {
    return this.xen.pcpuOf(core).current!.id;
  }

  /** Whether the code of a vCPU can go on here: Xen does not run. */
  inGuest(processor: Processor): boolean {
    return this.xen.pcpus[processor.index]!.mode === Mode.guest;
  }

  /** Whether the idle loop of a processor stands in its C-state. */
  idles(processor: Processor): boolean {
    return this.xen.pcpus[processor.index]!.mode === Mode.idle;
  }

  /** The HLT of a vCPU that runs. */
  halt(vcpu: Vcpu): Kernel {
    return haltExit(this.xen, this.#pcpu(vcpu));
  }

  /** A timer of a blocked vCPU's own, which nobody recorded, wakes it now. */
  wakeByTimer(vcpu: VirtualCpu): void {
    const pcpu = this.xen.pcpus[vcpu.pcpu]!;
    pcpu.timers.push(vcpu);
    this.hardware.interrupt(pcpu, HostVector.timer, this.engine.now);
  }

  /** An exit of a vCPU that runs, which has nothing to do with events. */
  exit(vcpu: Vcpu): Kernel {
    return otherExit(this.xen, this.#pcpu(vcpu));
  }

  /** An interrupt that is nobody's here reaches the pCPU of a vCPU now. */
  interrupt(vcpu: Vcpu): void {
    this.hardware.interrupt(this.#pcpu(vcpu), HostVector.other, this.engine.now);
  }

  /** Somebody outside gets the pCPU of a vCPU now, or gives it `back`: as fast as a timer's interrupt does it. */
  lend(vcpu: Vcpu, back: boolean): void {
    const pcpu = this.#pcpu(vcpu);
    pcpu.lends.push({ vcpu: this.virtual(vcpu), back });
    this.hardware.interrupt(pcpu, HostVector.timer, this.engine.now);
  }

  /** A VIRQ's timer, or a PIRQ's device, interrupts the pCPU of the vCPU that serves the port. */
  raise(port: Port, vcpu: Vcpu, virq: boolean): void {
    const pcpu = this.#pcpu(vcpu);
    (virq ? pcpu.virqs : pcpu.pirqs).push({ source: this.guest.hvm, port });
    this.hardware.interrupt(pcpu, virq ? HostVector.timer : HostVector.device, this.engine.now);
  }

  #pcpu(vcpu: Vcpu): Pcpu {
    return this.xen.pcpus[this.virtual(vcpu).pcpu]!;
  }
}
