/**
 * The hypercalls of the FIFO ABI alone: EVTCHNOP_init_control, expand_array, set_priority (fact sheet on Xen,
 * section 6). Mapping the guest's page into Xen is part of the operation's lump.
 *
 * Left out: the switch from the 2-level ABI with channels bound (a guest here is booted with its ABI), and reset.
 */
import { ModelBug } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import { PAGE_BYTES } from '../x86/memory.ts';
import { SourceFile } from '../x86/sites.ts';
import { CONTROL_BLOCK, type FifoHypercalls, QUEUES, WORDS_PER_PAGE } from './abi-fifo.ts';
import type { Domain } from './domain.ts';
import type { Fifo } from './fifo.ts';
import { EVTCHN_FIFO } from './fifo-structs.ts';

const file = new SourceFile('xen/common/event_fifo.c', 'ops');

const At = {
  control: file.fn('map_control_block').site('block and heads of the queues', 24),
  page: file.fn('add_page_to_event_array').site('one page more', 10),
  saved: file.fn('add_page_to_event_array').site('an event saved for this port?', 16),
  priority: file.fn('evtchn_fifo_set_priority').site('store the priority', 4),
};

/** How an operation is wrapped: exit, entry, the part of it that is one number, and the lock. */
export interface OpWrapper {
  /** Runs `body` in a hypercall. */
  op(core: Core, body: Kernel): Kernel;
  /** Runs `body` in a hypercall with the domain's event_lock held. */
  lockedOp(core: Core, body: Kernel): Kernel;
}

/** The operations of one domain. */
export class FifoOps implements FifoHypercalls {
  readonly #wrapper: OpWrapper;
  readonly #domain: Domain;
  readonly #fifo: Fifo;

  constructor(wrapper: OpWrapper, domain: Domain, fifo: Fifo) {
    this.#wrapper = wrapper;
    this.#domain = domain;
    this.#fifo = fifo;
  }

  *initControl(core: Core, vcpu: Vcpu, block: Addr): Kernel {
    const offset = block % PAGE_BYTES;
    if (offset % 8 !== 0 || offset > PAGE_BYTES - CONTROL_BLOCK.bytes)
      throw new ModelBug('a control block is 8-byte aligned and within a page', { vcpu, offset });
    yield* this.#wrapper.lockedOp(core, this.#mapBlock(core, vcpu, block));
  }

  *expandArray(core: Core, page: Addr): Kernel {
    if (page % PAGE_BYTES !== 0) throw new ModelBug('the event array is made of pages', { page });
    yield* this.#wrapper.lockedOp(core, this.#addPage(core, page));
  }

  *setPriority(core: Core, port: Port, priority: number): Kernel {
    if (!(priority >= 0 && priority < QUEUES))
      throw new ModelBug('priorities are 0 to 15', { port, priority });
    yield* this.#wrapper.op(core, this.#storePriority(core, port, priority));
  }

  *#mapBlock(core: Core, vcpu: Vcpu, block: Addr): Kernel {
    core.at(At.control);
    if (core.behind(NOW)) yield;
    this.#fifo.structs.registerBlock(core, vcpu, block);
  }

  *#addPage(core: Core, page: Addr): Kernel {
    core.at(At.page);
    if (core.behind(NOW)) yield;
    const first = this.#fifo.structs.registerPage(core, page);
    const end = Math.min(first + WORDS_PER_PAGE, this.#domain.validEvtchns);
    for (let port = first; port < end; port++) {
      core.at(At.saved);
      core.free(4);
      const channel = this.#domain.channel(port);
      const tSaved = core.load8(channel + EVTCHN_FIFO.pendingSaved, NOW);
      if (core.branch(core.lo !== 0, tSaved)) yield* this.#fifo.raiseSaved(core, port, channel);
    }
  }

  *#storePriority(core: Core, port: Port, priority: number): Kernel {
    core.at(At.priority);
    if (core.behind(NOW)) yield;
    core.store8(this.#domain.channel(port) + EVTCHN_FIFO.priority, priority, NOW);
  }
}
