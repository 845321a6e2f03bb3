/**
 * A guest's kernel as the lab drives it, whatever its operating system: what it lays out in memory, what it does
 * for an interrupt, for a driver and for a process.
 */
import { type UserError, usageError } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import type { ChannelKindCode, Hypercalls, SharedPages, VirtualHardware } from '../xen/abi.ts';
import type { FifoHypercalls } from '../xen/abi-fifo.ts';
import type { AllocatorFactory } from './alloc/allocator.ts';
import type { Lumps } from './lumps.ts';
import type { HandlerKindCode, Observer, UnmaskName } from './os.ts';
import type { Scanner } from './scanner.ts';

/** The event-channel ABIs. */
export type AbiName = '2-level' | 'fifo';

/** A vCPU of any guest. */
export interface GuestCpu {
  readonly id: Vcpu;
  readonly core: Core;
  /** Where the stack of what runs there begins. */
  readonly stackTop: Addr;
}

/** What a kernel is booted on. */
export interface KernelEnv {
  readonly pages: SharedPages;
  readonly hypercalls: Hypercalls;
  readonly hardware: VirtualHardware;
  /** Whether upcalls end with an EOI. */
  readonly needsEoi: boolean;
  /** Whether each vCPU has upcalls of its own; otherwise all go to vCPU 0. */
  readonly perVcpu: boolean;
  /** The hypercalls of the FIFO ABI; undefined where Xen was not asked for it. */
  readonly fifo: FifoHypercalls | undefined;
  /** How ports are unmasked. */
  readonly unmask: UnmaskName;
  /** How FreeBSD finds an unused isrc. */
  readonly allocator: AllocatorFactory;
  readonly lumps: Lumps;
  readonly observer: Observer;
  /** One for each vCPU. */
  readonly cores: readonly Core[];
}

/** A kernel that has its place in memory, before Xen's pages have theirs. */
export interface PlacedKernel {
  /** Where it registers each vCPU's vcpu_info. */
  readonly vcpuInfo: readonly Addr[];
  /** Completes it. Nothing runs yet. */
  boot(env: KernelEnv): GuestKernel;
}

/** A kernel that runs. Each operation runs on the core of the vCPU that is named first. */
export interface GuestKernel {
  readonly cpus: readonly GuestCpu[];
  /** Interrupt sources created so far: isrcs, or interrupt numbers in use. */
  readonly sources: number;
  /** What the kernel does with Xen before it binds anything. */
  start(): Kernel;
  /** From the interrupt gate to the iretq, EOI included. */
  upcall(on: Vcpu, fromUser: boolean): Kernel;
  /** A driver binds a port with a handler, to be served by vCPU `to`. Returns the port. */
  bind(on: Vcpu, kind: ChannelKindCode, handler: HandlerKindCode, to: Vcpu): Kernel<Port>;
  /** A driver gives a port back. */
  unbind(on: Vcpu, port: Port): Kernel;
  /**
   * The kernel after its domain was restored on a new host: every channel is gone; it binds its IPIs and VIRQs again.
   * The other vCPUs are stopped. A UserError (exit 2) where this model has no such operation.
   */
  resume(on: Vcpu): Kernel;
  /**
   * A driver gives back what served its port before a resume.
   *
   * @param source as `sourceOf` returned it then
   */
  unbindStale(on: Vcpu, source: Addr): Kernel;
  /** A port is served by vCPU `to` from now on. */
  move(on: Vcpu, port: Port, kind: ChannelKindCode, to: Vcpu): Kernel;
  /** The thread that `Observer.ithreadRunnable` named runs until it sleeps again. */
  thread(on: Vcpu, thread: Addr): Kernel;
  /** A process writes a port to the evtchn device: it has seen the event. @param port 0: unbound meanwhile */
  userWrites(on: Vcpu, port: Port): Kernel;
  /** What the write does to the port, without the system call. */
  userUnmasks(on: Vcpu, port: Port): Kernel;
  /** Whether a port is served by the evtchn device: masked by the kernel, unmasked by its user. Not charged. */
  servedByUser(port: Port): boolean;
  /** What serves a port, isrc or interrupt descriptor; 0 for none. Not charged. */
  sourceOf(port: Port): Addr;
  /** Data that stays warm when only the data of drivers and of event channels turns cold: ranges of addresses. */
  warmData(cpu: Vcpu): ReadonlyArray<readonly [Addr, Addr]>;
  /** Its scan alone, on a given state. */
  scanner(): Scanner;
}

/** The error of a guest whose resume is not modelled. */
export function noResume(guest: string): UserError {
  return usageError(
    `${guest}: what it does after a restore is not modelled; replay a trace with a row of kind restore on freebsd-a or freebsd-c`,
  );
}

/** A kernel with a name on the command line. */
export interface Generation {
  readonly name: string;
  readonly what: string;
  readonly abi: AbiName;
  /** Vector at which upcalls arrive. */
  readonly vector: number;
  /** Whether it looks for unused isrcs, so that the strategies apply. */
  readonly findsIsrcs: boolean;
  /** The ways it can unmask ports, its own first. */
  readonly unmasks: readonly UnmaskName[];
  /** Names of the lumps it charges. */
  readonly lumps: readonly string[];
  /** Lays it out in memory. */
  place(memory: Memory, vcpus: number): PlacedKernel;
}
