/** One Linux guest as its kernels see it, and what differs between the two ABIs: struct evtchn_ops. */
import type { Port, Vcpu } from '../../model/units.ts';
import type { Kernel } from '../../x86/core.ts';
import type { Hypercalls, SharedPages, VirtualHardware } from '../../xen/abi.ts';
import type { Lumps } from '../lumps.ts';
import type { Observer } from '../os.ts';
import type { LinuxCpu, LinuxImage } from './image.ts';

/** Everything a kernel of this guest needs. */
export interface Linux {
  readonly image: LinuxImage;
  readonly ops: EventOps;
  /** Site at which `handleEvents` of the ABI starts. */
  readonly handleEvents: number;
  readonly pages: SharedPages;
  readonly hypercalls: Hypercalls;
  readonly hardware: VirtualHardware;
  /** Whether upcalls end with an EOI. */
  readonly needsEoi: boolean;
  /** Whether each vCPU has upcalls of its own; otherwise they are a line to vCPU 0. */
  readonly perVcpu: boolean;
  readonly lumps: Lumps;
  readonly observer: Observer;
}

/** The operations of an ABI. Each is reached through a pointer, which it charges. */
export interface EventOps {
  /** Site at which each operation starts, by slot of struct evtchn_ops. */
  readonly entries: ReadonlyArray<readonly [slot: number, site: number]>;
  /** Makes sure that a port can be used. */
  setUp(os: Linux, cpu: LinuxCpu, port: Port): Kernel;
  /** Clears PENDING; whether it was set is left in `cpu.fresh`. */
  clearPending(os: Linux, cpu: LinuxCpu, port: Port): Kernel;
  mask(os: Linux, cpu: LinuxCpu, port: Port): Kernel;
  /** Unmasks locally; a hypercall only where it must. */
  unmask(os: Linux, cpu: LinuxCpu, port: Port): Kernel;
  /** vCPU `to` looks at the port from now on, `from` no longer. */
  bindToCpu(os: Linux, cpu: LinuxCpu, port: Port, from: Vcpu, to: Vcpu): Kernel;
  /** The port is about to be closed. */
  remove(os: Linux, cpu: LinuxCpu, port: Port, from: Vcpu): Kernel;
  /** Handles what is pending for this CPU. */
  handleEvents(os: Linux, cpu: LinuxCpu): Kernel;
}
