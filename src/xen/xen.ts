/**
 * The hypervisor of one host: its pCPUs, its global lines, how it delivers and schedules. The functions of Xen's
 * that work on it are in files of their own, named as in Xen.
 */

import type { Addr, Cycle } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import type { Machine } from '../x86/machine.ts';
import { LINE_BYTES, type Memory } from '../x86/memory.ts';
import type { DeliveryMode } from './delivery-mode.ts';
import { VCPU } from './layout.ts';
import { lockNamer } from './names.ts';
import { Pcpu } from './pcpu.ts';
import type { Scheduler, SchedulerHost } from './sched/scheduler.ts';
import { newXenStats } from './stats.ts';
import { PauseFlag, Runstate, type VirtualCpu } from './virtual-cpu.ts';

/** What Xen asks of the hardware and of whoever runs the vCPUs. Cycles are absolute. */
export interface Hardware {
  /** An interrupt message that reaches a pCPU at a cycle; `vector` is a `HostVector`. */
  interrupt(pcpu: Pcpu, vector: number, cycle: Cycle): void;
  /** Sets the APIC timer of a pCPU; an earlier setting is forgotten. Infinity: it is off. */
  timer(pcpu: Pcpu, cycle: Cycle): void;
  /** A store to the line that a pCPU monitors ends its MWAIT. */
  wake(pcpu: Pcpu, cycle: Cycle): void;
  /**
   * The VM entry under way, or the hardware itself, delivers the upcall's vector to the vCPU that runs here.
   * `cycles`: what the hardware takes for it, where the caller has not charged it.
   */
  deliver(pcpu: Pcpu, cycles: Cycle): void;
  /** Whether the vCPU that runs here takes interrupts (RFLAGS.IF). */
  interruptsOn(vcpu: VirtualCpu): boolean;
  /** The kernel under way ends here for now: the vCPU (undefined: the idle one) goes on when it stops. */
  switchTo(pcpu: Pcpu, vcpu: VirtualCpu | undefined): void;
}

/** One host. */
export class Xen implements SchedulerHost {
  readonly machine: Machine;
  readonly mode: DeliveryMode;
  readonly scheduler: Scheduler;
  readonly hardware: Hardware;
  readonly pcpus: Pcpu[] = [];
  readonly stats = newXenStats();
  /** Whether interrupts of the virtual local APIC are posted: APICv in the machine. */
  readonly posted: boolean;
  /** The rwlock of the CPU maps, taken by every sender of an IPI (3.3). */
  readonly cpuMapsLock: Addr;
  readonly taskletLock: Addr;
  readonly #runQueueLocks: readonly Addr[];
  readonly #units: VirtualCpu[][] = [];
  readonly #memory: Memory;

  constructor(
    memory: Memory,
    machine: Machine,
    mode: DeliveryMode,
    scheduler: Scheduler,
    hardware: Hardware,
  ) {
    this.machine = machine;
    this.mode = mode;
    this.scheduler = scheduler;
    this.hardware = hardware;
    this.posted = machine.n.apicv === 1;
    this.#memory = memory;
    const lock = (name: string) => memory.place(name, LINE_BYTES, LINE_BYTES, lockNamer(name));
    this.cpuMapsLock = lock('xen: cpu_add_remove_lock');
    this.taskletLock = lock('xen: tasklet_lock');
    this.#runQueueLocks = [0, 1].map((q) => lock(`xen: run queue ${q}`));
  }

  /** Adds the pCPU of a core, on a socket (0 or 1). */
  addPcpu(core: Core, socket: number): Pcpu {
    const pcpu = new Pcpu(this.#memory, this.pcpus.length, core, socket);
    this.pcpus.push(pcpu);
    this.#units.push([]);
    return pcpu;
  }

  /** Pins a vCPU to a pCPU. The first of a pCPU runs there from the start; the others are blocked. */
  pin(vcpu: VirtualCpu, pcpu: Pcpu): void {
    vcpu.pcpu = pcpu.index;
    this.#memory.poke32(vcpu.base + VCPU.processor, pcpu.index);
    this.#units[pcpu.index]!.push(vcpu);
    if (pcpu.current !== undefined) {
      this.#memory.poke32(vcpu.base + VCPU.pauseFlags, 1 << PauseFlag.blocked);
      return;
    }
    pcpu.current = vcpu;
    pcpu.loaded = vcpu;
    this.#memory.poke32(vcpu.base + VCPU.isRunning, 1);
    this.#memory.poke32(vcpu.base + VCPU.runstate, Runstate.running);
  }

  /** The vCPUs pinned to a pCPU. */
  unitsOf(pcpu: Pcpu): readonly VirtualCpu[] {
    return this.#units[pcpu.index]!;
  }

  setTimer(pcpu: Pcpu, cycle: Cycle): void {
    this.hardware.timer(pcpu, cycle);
  }

  /** The lock of the run queue a pCPU belongs to: one for each socket. */
  runQueueLock(pcpu: Pcpu): Addr {
    return this.#runQueueLocks[pcpu.socket]!;
  }

  /** Whether the hardware delivers upcalls from the virtual local APIC by itself. */
  get usesVirtualDelivery(): boolean {
    return this.posted && (this.mode.lapic || this.mode.line);
  }

  /** The pCPU whose core this is. */
  pcpuOf(core: Core): Pcpu {
    return this.pcpus[core.caches.core]!;
  }
}
