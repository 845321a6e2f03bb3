/**
 * What the explorer needs to know of a small system: a consumer with its ABI, and the actors that work on it.
 *
 * A further consumer is one object `Consumer` in consumers.ts; a further ABI is one object `Abi`.
 */

import type { AbiName } from '../../src/intr/guest-kernel.ts';
import type { Addr, Port } from '../../src/model/units.ts';
import type { Kernel } from '../../src/x86/core.ts';
import type { Memory } from '../../src/x86/memory.ts';
import type { ChannelKindCode } from '../../src/xen/abi.ts';
import type { WatchedCore } from './watched-core.ts';

/** One bit of the modelled memory: a 32-bit word's address and the bit's mask in it. */
export interface Bit {
  readonly word: Addr;
  readonly mask: number;
}

/** Where an ABI keeps what the oracle looks at. */
export interface Abi {
  readonly name: string;
  pending(port: Port): Bit;
  masked(port: Port): Bit;
}

/** What somebody does in a scenario, besides the vCPU that serves. */
export interface Task {
  /**
   * `send`: an event from another domain; `unmask`: EVTCHNOP_unmask; `close`: EVTCHNOP_close alone; `unbind`: the
   * guest's own way to close, on another vCPU; `rebind`: that, and a bind that gets the same port and isrc again.
   */
  readonly does: 'send' | 'unmask' | 'close' | 'unbind' | 'rebind';
  readonly port: Port;
}

/** The state before anybody acts, and who acts. */
export interface Plan {
  /** Ports that are bound; 1..n must all be bound, as Xen hands out the lowest that is free. */
  readonly ports: number;
  /** What the ports are: `interdomain`, or `ipi`. */
  readonly kind: ChannelKindCode;
  /** Whether the handlers mask their port, as the evtchn device's do. */
  readonly maskingHandlers: boolean;
  /** Ports that are masked before. */
  readonly masked: readonly Port[];
  /** Ports that are pending before; they must be masked. */
  readonly pending: readonly Port[];
  readonly tasks: readonly Task[];
}

/** Who takes a step: the vCPU that serves, or a task. */
export interface Actor {
  readonly name: string;
  readonly role: 'serve' | Task['does'];
  /** The port of a task; 0 for the serving vCPU. */
  readonly port: Port;
  readonly core: WatchedCore;
  /** The task, or one upcall's scan. Each call starts a new one. */
  kernel(): Kernel<unknown>;
  /** Called before a kernel is run once more, from the same start: what is kept outside the memory is as it was. */
  restart?(): void;
}

/** What a kernel tells whoever watches; `Happening.marked` is what makes an interrupt. */
export const Happening = { served: 1, servedStale: 2, marked: 3 } as const;

/** Receives what happens while a kernel runs: one of `Happening` and a port (a vCPU for `marked`). */
export interface Listener {
  happens(what: number, port: Port): void;
}

/** A system that is ready to run. */
export interface Scene {
  readonly memory: Memory;
  readonly abi: Abi;
  /** The serving vCPU first. */
  readonly actors: readonly Actor[];
  /**
   * Words that are shared even before two were seen to access them: those that somebody waits for from his start,
   * and the mark, without which the vCPU that serves does nothing.
   */
  readonly waited: readonly Addr[];
  /** The bit that lets the serving vCPU serve a port; undefined where there is none. */
  enabled(port: Port): Bit | undefined;
  /** The word that is 0 while the port is closed: the state of its channel. */
  open(port: Port): Addr;
}

/** A consumer of events, built small. */
export interface Consumer {
  readonly name: string;
  readonly abi: AbiName;
  /** What can be done to it; plans with other tasks are not for it. */
  readonly tasks: ReadonlyArray<Task['does']>;
  build(plan: Plan, listener: Listener): Scene;
}
