/**
 * Where things are in the modelled Linux kernel: per-CPU areas, static variables, the tree of descriptors, and the
 * slab objects of interrupts. Built before time starts or inside a lump, so nothing here is charged.
 *
 * Placement that a linker or an allocator decides is one plausible choice.
 */
import { ModelBug } from '../../model/errors.ts';
import type { Addr, Port, Vcpu } from '../../model/units.ts';
import type { Core } from '../../x86/core.ts';
import { LINE_BYTES, type Memory, PAGE_BYTES } from '../../x86/memory.ts';
import { SITE_ADDRESS } from '../../x86/sites.ts';
import type { SharedPages } from '../../xen/abi.ts';
import type { ConsumingCpu } from '../fifo-consumer.ts';
import {
  CHIP,
  type ChipName,
  EVTCHN_OPS,
  EVTCHN_PER_ROW,
  FIRST_IRQ,
  PERCPU,
  RADIX,
  VIRQS,
} from './layout.ts';

const STACK_BYTES = 4 * PAGE_BYTES;

/** One vCPU. */
export interface LinuxCpu extends ConsumingCpu {
  readonly id: Vcpu;
  readonly core: Core;
  /** Per-CPU area, behind %gs. */
  readonly pcpu: Addr;
  readonly stackTop: Addr;
  readonly irqStackTop: Addr;
  readonly tss: Addr;
  /** Port whose event was acknowledged last, for whoever observes the handler. */
  port: Port;
  /** Whether its pending bit was still set then. */
  fresh: boolean;
  evaluations: number;
}

/** Static variables by address. */
export interface LinuxStatics {
  readonly sharedInfoPtr: Addr;
  readonly evtchnToIrq: Addr;
  readonly evtchnOpsPtr: Addr;
  readonly evtchnOps: Addr;
  readonly irqTree: Addr;
  readonly mappingLock: Addr;
  readonly idt: Addr;
  readonly gdt: Addr;
  readonly apic: Addr;
}

/** Memory of one Linux kernel. */
export class LinuxImage {
  readonly memory: Memory;
  readonly statics: LinuxStatics;
  readonly vcpuInfo: readonly Addr[];
  /** Descriptors whose event came again while their handlers ran elsewhere. */
  readonly cameAgain = new Set<Addr>();
  /** struct irq_chip by address. */
  readonly #chips = new Map<Addr, ChipName>();
  readonly #chipOf = new Map<ChipName, Addr>();
  /** By irq_info: softirqs and threads that still have to end an event. */
  readonly #late = new Map<Addr, number>();
  /** CPUs in the event loop, and what waits for them to leave it. */
  readonly #reading = new Set<Vcpu>();
  readonly #limbo: Array<{ readonly readers: Set<Vcpu>; readonly free: () => void }> = [];
  readonly #areas: ReadonlyArray<Omit<LinuxCpu, 'core'>>;
  readonly #slabs = new Map<number, { next: Addr; end: Addr; free: Addr[] }>();
  /** Interrupt numbers in use; the lowest free one is handed out. */
  readonly #irqs = new Set<number>();
  #treeHeight = 0;

  constructor(memory: Memory, vcpus: number) {
    this.memory = memory;
    const base = memory.place('linux: static variables', 512, LINE_BYTES);
    this.statics = {
      sharedInfoPtr: base,
      evtchnToIrq: base + 8,
      evtchnOpsPtr: base + 16,
      irqTree: base + 64,
      mappingLock: base + 128,
      apic: base + 192,
      evtchnOps: memory.place('linux: evtchn_ops', EVTCHN_OPS.bytes, LINE_BYTES),
      idt: memory.place('linux: idt_table', 256 * 16, PAGE_BYTES),
      gdt: memory.place('linux: gdt_page', 128, LINE_BYTES),
    };
    memory.poke64(this.statics.evtchnOpsPtr, this.statics.evtchnOps);
    memory.poke64(
      this.statics.evtchnToIrq,
      memory.place('linux: evtchn_to_irq rows', PAGE_BYTES, PAGE_BYTES),
    );
    this.#areas = Array.from({ length: vcpus }, (_, id) => placeCpu(memory, id));
    this.vcpuInfo = this.#areas.map(({ pcpu }) => pcpu + PERCPU.vcpuInfo);
  }

  /** Interrupt numbers in use. */
  get irqs(): number {
    return this.#irqs.size;
  }

  /** Completes the picture once Xen has placed its pages, and fills a table of operations by slot and site. */
  share(pages: SharedPages, ops: ReadonlyArray<readonly [slot: number, site: number]>): void {
    this.memory.poke64(this.statics.sharedInfoPtr, pages.sharedInfo);
    for (const [slot, site] of ops) this.memory.poke64(this.statics.evtchnOps + slot, SITE_ADDRESS[site]!);
  }

  /** A vCPU with the core that runs it. */
  cpu(id: Vcpu, core: Core): LinuxCpu {
    const area = this.#areas[id];
    if (area === undefined) throw new ModelBug('no such vCPU', { id });
    core.sp = area.stackTop;
    return { ...area, core };
  }

  /** Per-CPU area of a vCPU. */
  percpu(id: Vcpu): Addr {
    return this.#areas[id]!.pcpu;
  }

  /** Places a chip, with the site of its irq_ack. */
  placeChip(name: ChipName, ack: number): void {
    const at = this.memory.place(`linux: xen_${name}_chip`, CHIP.bytes, LINE_BYTES);
    this.memory.poke64(at + CHIP.ack, SITE_ADDRESS[ack]!);
    this.#chips.set(at, name);
    this.#chipOf.set(name, at);
  }

  /** Address of a chip. */
  chip(name: ChipName): Addr {
    return this.#chipOf.get(name)!;
  }

  /** The chip at an address. */
  chipAt(at: Addr): ChipName {
    return this.#chips.get(at)!;
  }

  /** A handler scheduled what will end its event. */
  lateBegins(info: Addr): void {
    this.#late.set(info, (this.#late.get(info) ?? 0) + 1);
  }

  /** It has ended it. */
  lateEnds(info: Addr): void {
    this.#late.set(info, this.#late.get(info)! - 1);
  }

  /** Whether something still has to end an event of this interrupt. */
  isLate(info: Addr): boolean {
    return (this.#late.get(info) ?? 0) > 0;
  }

  /** A CPU begins to handle events: what is freed from now on it may still look at. */
  readLock(id: Vcpu): void {
    this.#reading.add(id);
  }

  /** It has handled them. */
  readUnlock(id: Vcpu): void {
    this.#reading.delete(id);
    for (const one of this.#limbo) one.readers.delete(id);
    while (this.#limbo.length > 0 && this.#limbo[0]!.readers.size === 0) this.#limbo.shift()!.free();
  }

  /** Frees once no CPU can look any more: queue_rcu_work. */
  freeLater(free: () => void): void {
    if (this.#reading.size === 0) free();
    else this.#limbo.push({ readers: new Set(this.#reading), free });
  }

  /** The lowest free interrupt number, with its place in the tree; the descriptor is stored there. */
  takeIrq(desc: Addr): number {
    let irq = FIRST_IRQ;
    while (this.#irqs.has(irq)) irq++;
    this.#irqs.add(irq);
    this.#slot(irq, desc);
    return irq;
  }

  /** Gives an interrupt number back. */
  freeIrq(irq: number): void {
    this.#irqs.delete(irq);
    this.#slot(irq, 0);
  }

  /** Levels of the tree of descriptors. */
  get treeHeight(): number {
    return this.#treeHeight;
  }

  /** Where the interrupt number of a port stands: -1 for none; 0 while the port's row does not exist. */
  rowSlot(port: Port): Addr {
    return this.memory.peek32(this.statics.evtchnToIrq) + 8 * Math.floor(port / EVTCHN_PER_ROW);
  }

  /** Makes the row of a port, every entry -1. */
  makeRow(port: Port): void {
    const row = this.memory.place('linux: evtchn_to_irq row', PAGE_BYTES, PAGE_BYTES);
    for (let i = 0; i < EVTCHN_PER_ROW; i++) this.memory.poke32(row + 4 * i, -1);
    this.memory.poke64(this.rowSlot(port), row);
  }

  /** Entry of a port in its row, which must exist. */
  irqSlot(port: Port): Addr {
    const row = this.memory.peek32(this.rowSlot(port));
    if (row === 0) throw new ModelBug('port without a row of evtchn_to_irq', { port });
    return row + 4 * (port % EVTCHN_PER_ROW);
  }

  /** The descriptor of an interrupt number that is in use. */
  desc(irq: number): Addr {
    let node = this.memory.peek32(this.statics.irqTree);
    for (let level = this.#treeHeight; level > 0; level--)
      node = this.memory.peek32(childSlot(node, irq, level));
    return node;
  }

  /** A slab object of a size that divides a page, or nearly: the one freed last, else the next of the page. */
  kmalloc(bytes: number): Addr {
    let slab = this.#slabs.get(bytes);
    if (slab === undefined) {
      slab = { next: 0, end: 0, free: [] };
      this.#slabs.set(bytes, slab);
    }
    const reused = slab.free.pop();
    if (reused !== undefined) return reused;
    if (slab.next + bytes > slab.end) {
      slab.next = this.memory.place(`linux: kmalloc-${bytes}`, PAGE_BYTES, PAGE_BYTES);
      slab.end = slab.next + PAGE_BYTES;
    }
    const object = slab.next;
    slab.next += bytes;
    return object;
  }

  /** Gives an object back. */
  kfree(bytes: number, object: Addr): void {
    this.#slabs.get(bytes)!.free.push(object);
  }

  /** Stores a descriptor in the tree, which grows as it must. */
  #slot(irq: number, desc: Addr): void {
    const { memory, statics } = this;
    while (this.#treeHeight === 0 || irq >> (RADIX.bits * this.#treeHeight) > 0) {
      const root = memory.place('linux: radix_tree_node', RADIX.bytes, LINE_BYTES);
      if (this.#treeHeight > 0) memory.poke64(root + RADIX.slots, memory.peek32(statics.irqTree));
      memory.poke64(statics.irqTree, root);
      this.#treeHeight++;
    }
    let node = memory.peek32(statics.irqTree);
    for (let level = this.#treeHeight; level > 1; level--) {
      const slot = childSlot(node, irq, level);
      if (memory.peek32(slot) === 0)
        memory.poke64(slot, memory.place('linux: radix_tree_node', RADIX.bytes, LINE_BYTES));
      node = memory.peek32(slot);
    }
    memory.poke64(childSlot(node, irq, 1), desc);
  }
}

/** Slot of a node of the tree at a level, 1 for the lowest. */
export function childSlot(node: Addr, irq: number, level: number): Addr {
  return node + RADIX.slots + 8 * ((irq >> (RADIX.bits * (level - 1))) & 63);
}

function placeCpu(memory: Memory, id: Vcpu): Omit<LinuxCpu, 'core'> {
  const name = (what: string) => `linux cpu${id}: ${what}`;
  const pcpu = memory.place(name('per-CPU area'), PERCPU.bytes, PAGE_BYTES);
  const stack = memory.place(name('stack of the thread'), STACK_BYTES, PAGE_BYTES);
  const irqStack = memory.place(name('stack of interrupts'), STACK_BYTES, PAGE_BYTES);
  memory.poke64(pcpu + PERCPU.xenVcpu, pcpu + PERCPU.vcpuInfo);
  memory.poke32(pcpu + PERCPU.cpuNumber, id);
  memory.poke64(pcpu + PERCPU.hardirqStack, irqStack + STACK_BYTES);
  for (let v = 0; v < VIRQS; v++) memory.poke32(pcpu + PERCPU.virqToIrq + 4 * v, -1);
  return {
    id,
    pcpu,
    stackTop: stack + STACK_BYTES - 512,
    irqStackTop: irqStack + STACK_BYTES,
    tss: memory.place(name('tss'), 128, LINE_BYTES),
    port: 0,
    fresh: false,
    evaluations: 0,
  };
}
