/**
 * A virtual CPU as Xen keeps it: what the paths here touch of struct vcpu, the page of its virtual local APIC, and
 * its posted-interrupt descriptor.
 *
 * The registers of the local APIC stand where the architecture has them (32 bits every 16 bytes; Intel SDM vol. 3,
 * 10.8.4), the descriptor as the SDM has it (vol. 3, 29.6). The offsets inside struct vcpu are ours: scheduling
 * fields have a line of their own (fact sheet on Xen, 3.5, line 7), and so have the fields of the control block.
 */
import type { Addr, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { LINE_BYTES, type Memory } from '../x86/memory.ts';
import { VCPU } from './layout.ts';
import { lapicNamer, postedNamer } from './names.ts';

/** Bits of the pause flags. `taken` is ours: the pCPU was given to somebody outside. */
export const PauseFlag = { blocked: 0, taken: 1 } as const;

/**
 * Runstates, as VCPUOP_get_runstate_info numbers them; 3 is offline. `taken` is ours: runnable or blocked, but to
 * be picked by no scheduler before its pCPU is given back.
 */
export const Runstate = { running: 0, runnable: 1, blocked: 2, taken: 4 } as const;

/** Offsets of the register blocks in the page of the virtual local APIC. */
const VLAPIC = { isr: 0x100, tmr: 0x180, irr: 0x200, bytes: 1024 } as const;

/** Offsets in the posted-interrupt descriptor; ON and SN are bits of `control`. */
const PI_DESC = { pir: 0, control: 32 } as const;
export const PiControl = { on: 0, sn: 1 } as const;

/** A callback line, as the exits of its domain see it. */
export interface Line {
  /** At every exit: the line falls when nothing is pending any more. */
  maybeDeassert(core: Core): Kernel;
  /** At the EOI of its vector. */
  eoi(core: Core): Kernel;
}

/** What an exit needs to know of the domain of a vCPU. */
export interface Owner {
  /** Its callback line, where upcalls are one. */
  readonly line: Line | undefined;
}

/** One vCPU of one domain. */
export class VirtualCpu {
  readonly id: Vcpu;
  /** struct vcpu. */
  readonly base: Addr;
  /** Its struct vcpu_info, in the guest's memory. */
  readonly info: Addr;
  /** Vector at which its upcalls arrive. */
  readonly vector: number;
  /** Bit of the vector in its 32-bit register. */
  readonly bit: number;
  readonly irr: Addr;
  readonly isr: Addr;
  readonly tmr: Addr;
  readonly pir: Addr;
  readonly piControl: Addr;
  owner: Owner = { line: undefined };
  /** The pCPU it is pinned to. */
  pcpu = 0;
  readonly #words: Int32Array;

  /**
   * @param owner name of the domain, for reports
   * @param base struct vcpu, `VCPU.bytes` long
   */
  constructor(memory: Memory, owner: string, id: Vcpu, base: Addr, info: Addr, vector: number) {
    this.#words = memory.words;
    this.id = id;
    this.base = base;
    this.info = info;
    this.vector = vector;
    this.bit = vector & 31;
    const register = (vector >>> 5) * 16;
    const vlapic = memory.place(
      `xen: ${owner} vcpu${id} virtual local APIC`,
      VLAPIC.bytes,
      LINE_BYTES,
      lapicNamer(`${owner} vcpu${id}`),
    );
    this.irr = vlapic + VLAPIC.irr + register;
    this.isr = vlapic + VLAPIC.isr + register;
    this.tmr = vlapic + VLAPIC.tmr + register;
    const descriptor = memory.place(
      `xen: ${owner} vcpu${id} posted-interrupt descriptor`,
      64,
      LINE_BYTES,
      postedNamer(`${owner} vcpu${id}`),
    );
    this.pir = descriptor + PI_DESC.pir + (vector >>> 5) * 4;
    this.piControl = descriptor + PI_DESC.control;
    memory.poke64(base + VCPU.vcpuInfo, info);
    memory.poke32(base + VCPU.upcallVector, vector);
    memory.poke32(base + VCPU.lapicEnabled, 1);
    memory.poke32(base + VCPU.runstate, Runstate.blocked);
  }

  /**
   * The hardware delivers by itself (virtual interrupt delivery; SDM vol. 3, 29.2): the vector moves from IRR to
   * ISR unless one is in service. The caller says that the guest takes interrupts, and charges. Returns whether.
   */
  hardwareDelivers(): boolean {
    const bit = 1 << this.bit;
    const words = this.#words;
    if ((words[this.irr >>> 2]! & bit) === 0 || words[this.isr >>> 2] !== 0) return false;
    words[this.irr >>> 2]! &= ~bit;
    words[this.isr >>> 2]! |= bit;
    return true;
  }

  /** The hardware takes what was posted: PIR into IRR, ON cleared (SDM vol. 3, 29.6). The caller charges. */
  hardwareMergesPosted(): void {
    const words = this.#words;
    words[this.piControl >>> 2]! &= ~(1 << PiControl.on);
    words[this.irr >>> 2]! |= words[this.pir >>> 2]!;
    words[this.pir >>> 2] = 0;
  }

  /** The hardware ends the interrupt in service (EOI virtualisation; SDM vol. 3, 29.1.4). The caller charges. */
  hardwareEndsInterrupt(): void {
    this.#words[this.isr >>> 2]! &= ~(1 << this.bit);
  }

  /** Whether the interrupt window is armed: the hardware's own test at the end of an interrupt shadow. */
  get windowArmed(): boolean {
    return this.#words[(this.base + VCPU.window) >>> 2] !== 0;
  }
}
