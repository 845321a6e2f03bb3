/**
 * Where things are in the modelled FreeBSD kernel: static variables, tables, per-CPU areas, and the heap that
 * isrcs, events and handlers come from. Built before time starts, so nothing here is charged.
 *
 * Placement that a linker or an allocator decides (which statics share a line, where a zone's pages lie) is one
 * plausible choice; the sheet asks for it to be a parameter, which it is not yet.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import { LINE_BYTES, type Memory, PAGE_BYTES } from '../x86/memory.ts';
import { PORTS, type SharedPages } from '../xen/abi.ts';
import {
  CPU_AREA,
  INTRNAME_BYTES,
  MTX_LOCK,
  MTX_UNOWNED,
  PCPU,
  type PcpuDataLayout,
  PIC,
  type Statics,
  THREAD,
  type XenIsrcLayout,
} from './layout.ts';
import {
  counterNamer,
  dynamicNamer,
  gatesNamer,
  heapNamer,
  picNamer,
  portTableNamer,
  runQueueNamer,
  staticsNamer,
  threadNamer,
  type Vectors,
  vectorTableNamer,
} from './names.ts';

/** First vector of the event-channel block: 24 I/O APIC pins and 512 MSI vectors come before it. */
export const FIRST_EVTCHN_IRQ = 536;
/** num_io_irqs: the block of 4,096 is the last. */
export const NUM_IO_IRQS = FIRST_EVTCHN_IRQ + PORTS;

const STACK_BYTES = 4 * PAGE_BYTES;

/** Per-CPU areas of one vCPU. The thread is the one the upcall interrupts. */
export interface KernelCpu {
  readonly id: Vcpu;
  readonly core: Core;
  readonly pcpu: Addr;
  readonly thread: Addr;
  readonly pcb: Addr;
  readonly stackTop: Addr;
  readonly pcpuData: Addr;
  /** DPCPU variable that points to the vcpu_info. */
  readonly vcpuInfoPtr: Addr;
  /** DPCPU variable that points to the upcall counter (generation C). */
  readonly pintrcnt: Addr;
  readonly vIntr: Addr;
  /** Run queue of the CPU: the lock that threads on it point to. */
  readonly runQueue: Addr;
  readonly tss: Addr;
  /** Port the scan is serving, for whoever observes the handler. */
  port: Port;
  /** Whether the pending bit that the scan cleared last was still set: another vCPU may have cleared it first. */
  fresh: boolean;
  /** How often the scan evaluated the active ports of a group. */
  evaluations: number;
  /** The enabled word the scan read last, as a compiler keeps it in a register. */
  enabledLo: number;
  enabledHi: number;
}

/** Memory of one FreeBSD kernel. */
export class KernelImage {
  readonly memory: Memory;
  readonly statics: Statics;
  readonly portToIsrc: Addr;
  readonly interruptSources: Addr;
  readonly intrcnt: Addr;
  readonly intrNames: Addr;
  readonly pic: Addr;
  readonly idt: Addr;
  readonly gdt: Addr;
  readonly vcpuInfo: readonly Addr[];
  readonly #cpus: ReadonlyArray<Omit<KernelCpu, 'core'>>;
  readonly #heap = new Map<number, { next: Addr; end: Addr; free: Addr[] }>();

  readonly #pcpuLayout: PcpuDataLayout;
  readonly #isrcLayout: XenIsrcLayout;
  readonly #vectors: Vectors;

  constructor(memory: Memory, vcpus: number, pcpuData: PcpuDataLayout, isrc: XenIsrcLayout) {
    this.memory = memory;
    this.#pcpuLayout = pcpuData;
    this.#isrcLayout = isrc;
    this.statics = placeStatics(memory);
    this.portToIsrc = memory.place('xen_intr_port_to_isrc', PORTS * 8, LINE_BYTES, portTableNamer);
    this.interruptSources = memory.place(
      'interrupt_sources[]',
      NUM_IO_IRQS * 8,
      PAGE_BYTES,
      vectorTableNamer,
    );
    this.#vectors = { memory, table: this.interruptSources, first: FIRST_EVTCHN_IRQ, count: NUM_IO_IRQS };
    const counters = 1 + 2 * NUM_IO_IRQS + 2 * vcpus;
    this.intrcnt = memory.place('intrcnt[]', 8 * counters, PAGE_BYTES, counterNamer(NUM_IO_IRQS));
    this.intrNames = memory.place('intrnames[]', INTRNAME_BYTES * counters, PAGE_BYTES);
    this.pic = memory.place('xen_intr_pic', PIC.bytes, LINE_BYTES, picNamer);
    this.idt = memory.place('idt[]', 256 * 16, PAGE_BYTES, gatesNamer);
    this.gdt = memory.place('gdt[]', 128, LINE_BYTES);
    memory.poke64(this.statics.interruptSourcesPtr, this.interruptSources);
    memory.poke32(this.statics.firstEvtchnIrq, FIRST_EVTCHN_IRQ);
    memory.poke32(this.statics.numIoIrqs, NUM_IO_IRQS);
    this.#cpus = Array.from({ length: vcpus }, (_, id) => placeCpu(memory, id, pcpuData, this.#counter(id)));
    this.vcpuInfo = this.#cpus.map((cpu) => memory.peek32(cpu.vcpuInfoPtr));
  }

  /** Number of vCPUs. */
  get cpus(): number {
    return this.#cpus.length;
  }

  /** The evtchn_enabled words of a vCPU. */
  enabledWords(id: Vcpu): Addr {
    return this.#cpus[id]!.pcpuData + this.#pcpuLayout.enabled;
  }

  /** Completes the picture once Xen has placed its pages; `needsEoi` says whether upcalls end with an EOI. */
  share(pages: SharedPages, needsEoi: boolean): void {
    this.memory.poke32(this.statics.needsAck, needsEoi ? 1 : 0);
    this.memory.poke64(this.statics.sharedInfoPtr, pages.sharedInfo);
  }

  /** The per-CPU area of a vCPU with the core that runs it. */
  cpu(id: Vcpu, core: Core): KernelCpu {
    const area = this.#cpus[id];
    if (area === undefined) throw new ModelBug('no such vCPU', { id });
    core.sp = area.stackTop;
    return { ...area, core };
  }

  /** An object from a malloc bucket: the one freed last, else the next of the zone's page. Not charged. */
  malloc(bucket: number): Addr {
    let zone = this.#heap.get(bucket);
    if (zone === undefined) {
      zone = { next: 0, end: 0, free: [] };
      this.#heap.set(bucket, zone);
    }
    const reused = zone.free.pop();
    if (reused !== undefined) return reused;
    if (zone.next === zone.end) {
      const namer = heapNamer(this.#vectors, this.#isrcLayout, bucket, () => page);
      const page = this.memory.place(`malloc-${bucket}`, PAGE_BYTES, PAGE_BYTES, namer);
      zone.next = page;
      zone.end = zone.next + PAGE_BYTES;
    }
    const object = zone.next;
    zone.next += bucket;
    return object;
  }

  /** Gives an object back to its bucket. Not charged. */
  free(bucket: number, object: Addr): void {
    this.#heap.get(bucket)!.free.push(object);
  }

  #counter(id: Vcpu): Addr {
    return this.intrcnt + 8 * (1 + 2 * NUM_IO_IRQS + 2 * id);
  }
}

function placeStatics(memory: Memory): Statics {
  // One .data/.bss neighbourhood: the words of xen_intr.c stand together, as a compiler emits them.
  const base = memory.place(
    'kernel statics',
    512,
    LINE_BYTES,
    staticsNamer(() => statics),
  );
  const statics: Statics = {
    sharedInfoPtr: base,
    isrcLock: base + 64,
    autoVectorCount: base + 96,
    firstEvtchnIrq: base + 100,
    needsAck: base + 104,
    x86Lock: base + 128,
    availList: base + 160,
    numIoIrqs: base + 192,
    interruptSourcesPtr: base + 200,
    intrTableLock: base + 224,
    icuLock: base + 256,
    eventListLock: base + 320,
    counterLock: base + 352,
    vmIntrPtr: base + 384,
    x2apicMode: base + 448,
    apicEoi: base + 456,
    ibrsActive: base + 464,
    mdsHandler: base + 472,
    apicCpuids: base + 480,
  };
  const locks = [
    statics.isrcLock,
    statics.x86Lock,
    statics.intrTableLock,
    statics.icuLock,
    statics.eventListLock,
    statics.counterLock,
  ];
  for (const lock of locks) memory.poke64(lock + MTX_LOCK, MTX_UNOWNED);
  memory.poke32(statics.x2apicMode, 1);
  return statics;
}

function placeCpu(memory: Memory, id: Vcpu, layout: PcpuDataLayout, counter: Addr): Omit<KernelCpu, 'core'> {
  const name = (what: string) => `cpu${id}: ${what}`;
  const pcpu = memory.place(name('struct pcpu'), PCPU.bytes, PAGE_BYTES);
  const thread = memory.place(name('struct thread'), THREAD.bytes, 32, threadNamer(name('struct thread')));
  const stack = memory.place(name('kernel stack'), STACK_BYTES, PAGE_BYTES);
  const pcb = memory.place(name('struct pcb'), 256, LINE_BYTES);
  const dynamic = memory.place(name('DPCPU area'), CPU_AREA.bytes, LINE_BYTES, dynamicNamer(id, layout));
  const vcpuInfoPtr = dynamic + CPU_AREA.vcpuInfoPtr;
  const pintrcnt = dynamic + CPU_AREA.pintrcnt;
  const vcpuInfo = dynamic + CPU_AREA.vcpuInfo;
  const pcpuData = dynamic + CPU_AREA.pcpuData;
  const vIntr = memory.place(name('counter v_intr'), 8, LINE_BYTES);
  const runQueue = memory.place(name('struct tdq'), 128, LINE_BYTES, runQueueNamer(name('struct tdq')));
  memory.poke64(runQueue + MTX_LOCK, MTX_UNOWNED);
  memory.poke64(pcpu + PCPU.curthread, thread);
  memory.poke64(pcpu + PCPU.curpcb, pcb);
  memory.poke32(pcpu + PCPU.cpuid, id);
  memory.poke64(pcpu + PCPU.dynamic, dynamic);
  memory.poke64(vcpuInfoPtr, vcpuInfo);
  memory.poke64(pintrcnt, counter);
  memory.poke32(pcpuData + layout.l1i, 63);
  memory.poke32(pcpuData + layout.l2i, 63);
  if (layout.counter >= 0) memory.poke64(pcpuData + layout.counter, counter);
  // All ports are enabled on CPU 0 and nowhere else, at initialisation.
  if (id === 0) for (let w = 0; w < 64; w++) memory.poke64(pcpuData + layout.enabled + 8 * w, -1, -1);
  return {
    id,
    pcpu,
    thread,
    pcb,
    stackTop: stack + STACK_BYTES - 512,
    pcpuData,
    vcpuInfoPtr,
    pintrcnt,
    vIntr,
    runQueue,
    tss: memory.place(name('struct amd64tss'), 128, LINE_BYTES),
    port: 0,
    fresh: false,
    evaluations: 0,
    enabledLo: 0,
    enabledHi: 0,
  };
}
