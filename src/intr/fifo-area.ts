/**
 * A guest's side of the FIFO ABI: the event array with its page pointers, the control blocks it shares with Xen,
 * and the private heads of its queues (fact sheet on Xen, sections 2.1 and 10.3). FreeBSD has no such consumer; its
 * what-if shares this one.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Ready, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { LINE_BYTES, type Memory, PAGE_BYTES } from '../x86/memory.ts';
import {
  ARRAY_PAGES,
  CONTROL_BLOCK,
  EVENT_WORD,
  type FifoHypercalls,
  QUEUES,
  WORDS_PER_PAGE,
} from '../xen/abi-fifo.ts';
import type { PortBits } from './port-bits.ts';

/** The area of one guest. */
export class FifoArea implements PortBits {
  /** event_array[]: pointers to the pages, and how many there are. */
  readonly array: Addr;
  readonly pages: Addr;
  readonly #memory: Memory;
  readonly #blocks: Addr[] = [];
  readonly #heads: Addr[] = [];

  constructor(memory: Memory, vcpus: number) {
    this.#memory = memory;
    this.array = memory.place('event_array[]', ARRAY_PAGES * 8, LINE_BYTES);
    this.pages = memory.place('event_array_pages', 8, LINE_BYTES);
    for (let i = 0; i < vcpus; i++) {
      // A page of its own, as Linux allocates it; the heads are a per-CPU variable.
      this.#blocks.push(memory.place(`cpu${i}: fifo control block`, PAGE_BYTES, PAGE_BYTES));
      const heads = memory.place(`cpu${i}: fifo queue heads`, 4 * QUEUES + 8, LINE_BYTES);
      memory.poke64(heads + 4 * QUEUES, this.block(i));
      this.#heads.push(heads);
    }
  }

  /** Control block of a vCPU. */
  block(cpu: Vcpu): Addr {
    return this.#blocks[cpu]!;
  }

  /** Per-CPU variable that points to the control block. */
  blockPointer(cpu: Vcpu): Addr {
    return this.#heads[cpu]! + 4 * QUEUES;
  }

  /** Private head of a queue: the event to be taken next, 0 for the one in the control block. */
  head(cpu: Vcpu, queue: number): Addr {
    return this.#heads[cpu]! + 4 * queue;
  }

  /** Head of a queue in the control block. */
  sharedHead(cpu: Vcpu, queue: number): Addr {
    return this.#blocks[cpu]! + CONTROL_BLOCK.head + 4 * queue;
  }

  /** Event word of a port whose page exists. Not charged. */
  word(port: Port): Addr {
    const page = this.#memory.peek32(this.array + 8 * Math.floor(port / WORDS_PER_PAGE));
    if (page === 0) throw new ModelBug('port without an event word', { port });
    return page + 4 * (port % WORDS_PER_PAGE);
  }

  locate(core: Core, port: Port, dep: Ready): Ready {
    const tIndex = core.shift(dep);
    const tPage = core.load64(this.array + 8 * Math.floor(port / WORDS_PER_PAGE), tIndex);
    core.free(1);
    return core.alu(tPage);
  }

  mask(core: Core, port: Port, dep: Ready): Ready {
    return core.lockBitSet(this.word(port), EVENT_WORD.masked, dep);
  }

  clearPending(core: Core, port: Port, dep: Ready): Ready {
    return core.lockBitReset(this.word(port), EVENT_WORD.pending, dep);
  }

  /** Nothing: a port is on a queue of the vCPU it notifies. */
  own(): void {}

  /** Registers the control blocks of all vCPUs, before anything is bound. */
  *start(core: Core, fifo: FifoHypercalls): Kernel {
    for (let v = 0; v < this.#blocks.length; v++) yield* fifo.initControl(core, v, this.block(v));
  }

  /**
   * Makes sure that a port has its event word: pages are added up to its own.
   *
   * @param site the caller's site, where the pages are charged
   * @param mallocCycles one page from the kernel's allocator
   */
  *setUp(core: Core, fifo: FifoHypercalls, port: Port, site: number, mallocCycles: number): Kernel {
    core.at(site);
    core.free(2);
    const needed = Math.floor(port / WORDS_PER_PAGE) + 1;
    for (;;) {
      const tPages = core.load32(this.pages, NOW);
      const pages = core.lo;
      if (!core.branch(pages < needed, tPages)) return;
      core.lump(mallocCycles);
      const page = this.#memory.place(`event array page ${pages}`, PAGE_BYTES, PAGE_BYTES);
      // The kernel's loop of 1,024 stores, priced as a rep stos of the page: every word is masked.
      core.repStos(page, PAGE_BYTES, NOW);
      for (let w = 0; w < WORDS_PER_PAGE; w++) this.#memory.poke32(page + 4 * w, 1 << EVENT_WORD.masked);
      core.store64(this.array + 8 * pages, page, 0, NOW);
      yield* fifo.expandArray(core, page);
      core.at(site);
      core.store32(this.pages, pages + 1, NOW);
    }
  }
}
