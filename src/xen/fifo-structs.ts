/**
 * Xen's private side of the FIFO ABI: the pointers to the event array, the queues of each vCPU, and what a channel
 * remembers of its last queue (fact sheet on Xen, section 2.1). Sizes follow the structures of
 * xen/common/event_fifo.c; where the pointers to them stand in struct domain and struct vcpu is ours.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Core, NOW } from '../x86/core.ts';
import { LINE_BYTES, type Memory } from '../x86/memory.ts';
import { ARRAY_PAGES, CONTROL_BLOCK, QUEUES, WORDS_PER_PAGE } from './abi-fifo.ts';
import type { Domain } from './domain.ts';
import { DOMAIN } from './layout.ts';

/** Fields of struct evtchn that only this ABI uses; `lastq` packs vCPU (from bit 16) and priority. */
export const EVTCHN_FIFO = { lastq: 48, priority: 52, pendingSaved: 53 } as const;

/** struct evtchn_fifo_queue. */
export const QUEUE = { head: 0, tail: 8, priority: 12, lock: 16, bytes: 24 } as const;

/** struct evtchn_fifo_vcpu: the control block, then the queues, one behind the other. */
export const FIFO_VCPU = { controlBlock: 0, queues: 8, bytes: 8 + QUEUES * QUEUE.bytes } as const;

/** struct evtchn_fifo_domain. */
export const FIFO_DOMAIN = { array: 0, ports: ARRAY_PAGES * 8, bytes: ARRAY_PAGES * 8 + 8 } as const;

/** Where struct vcpu keeps its pointer to these (ours). */
export const VCPU_FIFO = 40;

/** `lastq` of a queue. */
export function lastQueue(vcpu: Vcpu, priority: number): number {
  return (vcpu << 16) | priority;
}

/** The structures of one domain. */
export class FifoStructs {
  readonly #memory: Memory;
  readonly #domain: Domain;
  readonly #base: Addr;
  readonly #vcpus: Addr;

  constructor(memory: Memory, domain: Domain) {
    this.#memory = memory;
    this.#domain = domain;
    this.#base = memory.place('xen: struct evtchn_fifo_domain', FIFO_DOMAIN.bytes, LINE_BYTES);
    this.#vcpus = memory.place('xen: struct evtchn_fifo_vcpu[]', domain.vcpus * vcpuBytes(), LINE_BYTES);
    memory.poke64(domain.base + DOMAIN.evtchnFifo, this.#base);
    for (let v = 0; v < domain.vcpus; v++) {
      memory.poke64(domain.vcpu(v) + VCPU_FIFO, this.vcpu(v));
      for (let q = 0; q < QUEUES; q++) memory.poke32(this.queue(v, q) + QUEUE.priority, q);
    }
  }

  /** struct evtchn_fifo_vcpu of a vCPU. */
  vcpu(vcpu: Vcpu): Addr {
    return this.#vcpus + vcpu * vcpuBytes();
  }

  /** struct evtchn_fifo_queue of a vCPU and a priority. */
  queue(vcpu: Vcpu, priority: number): Addr {
    return this.vcpu(vcpu) + FIFO_VCPU.queues + priority * QUEUE.bytes;
  }

  /** The queue that a channel's `lastq` names. */
  queueOf(lastq: number): Addr {
    return this.queue(lastq >>> 16, lastq & 0xff);
  }

  /** Ports that have an event word: 1,024 for each page. Not charged. */
  get ports(): number {
    return this.#memory.peek32(this.#base + FIFO_DOMAIN.ports);
  }

  /** Event word of a port; 0 while its page is not registered. Not charged. */
  word(port: Port): Addr {
    if (port >= this.ports) return 0;
    return this.#memory.peek32(this.#base + this.#slot(port)) + (port % WORDS_PER_PAGE) * 4;
  }

  /** evtchn_fifo_word_from_port: leaves the address, or 0, in `core.lo`; returns when it is known. */
  wordFromPort(core: Core, port: Port): number {
    const tFifo = core.load64(this.#domain.base + DOMAIN.evtchnFifo, NOW);
    const tPorts = core.load32(this.#base + FIFO_DOMAIN.ports, tFifo);
    if (core.branch(port >= core.lo, tPorts)) {
      core.lo = 0;
      return tPorts;
    }
    // Page and word of the port, the page bounded against speculation.
    core.free(4);
    const tPage = core.load64(this.#base + this.#slot(port), tFifo);
    const page = core.lo;
    const tWord = core.alu(tPage);
    core.lo = page + (port % WORDS_PER_PAGE) * 4;
    return tWord;
  }

  /** map_control_block: the block of a vCPU and the heads of its queues. */
  registerBlock(core: Core, vcpu: Vcpu, block: Addr): void {
    const fifo = this.vcpu(vcpu);
    const tOld = core.load64(fifo + FIFO_VCPU.controlBlock, NOW);
    if (core.branch(core.lo !== 0, tOld)) throw new ModelBug('a vCPU has one control block', { vcpu });
    core.store64(fifo + FIFO_VCPU.controlBlock, block, 0, NOW);
    for (let q = 0; q < QUEUES; q++) {
      core.store64(this.queue(vcpu, q) + QUEUE.head, block + CONTROL_BLOCK.head + 4 * q, 0, NOW);
    }
  }

  /** The next page of the event array. Returns the first port on it. */
  registerPage(core: Core, page: Addr): Port {
    const tPorts = core.load32(this.#base + FIFO_DOMAIN.ports, NOW);
    const first = core.lo;
    if (core.branch(first >= ARRAY_PAGES * WORDS_PER_PAGE, tPorts))
      throw new ModelBug('the event array has all its pages', { pages: ARRAY_PAGES });
    core.store64(this.#base + this.#slot(first), page, 0, NOW, tPorts);
    core.store32(this.#base + FIFO_DOMAIN.ports, first + WORDS_PER_PAGE, core.alu(tPorts));
    return first;
  }

  /** Offset of a port's page pointer in struct evtchn_fifo_domain. */
  #slot(port: Port): number {
    return FIFO_DOMAIN.array + Math.floor(port / WORDS_PER_PAGE) * 8;
  }
}

/** xzalloc rounds to lines here: two vCPUs do not share one. */
function vcpuBytes(): number {
  return Math.ceil(FIFO_VCPU.bytes / LINE_BYTES) * LINE_BYTES;
}
