/** The ports of a guest alone, set by hand to a state: nothing here is charged to what is measured. */

import { runAlone } from '../intr/os.ts';
import type { Scanner } from '../intr/scanner.ts';
import type { Addr, Port } from '../model/units.ts';
import { bitHi, bitLo } from '../x86/word64.ts';
import { ChannelKind, PORTS, SHARED_INFO, VCPU_INFO } from '../xen/abi.ts';
import { CONTROL_BLOCK, DEFAULT_PRIORITY, EVENT_WORD, QUEUES } from '../xen/abi-fifo.ts';
import { Fifo } from '../xen/fifo.ts';
import { EVTCHN_FIFO, FIFO_VCPU, type FifoStructs } from '../xen/fifo-structs.ts';
import { EVTCHN } from '../xen/layout.ts';
import type { Guest } from './guest.ts';

/** The words in which ports are pending and masked, by ABI. */
export interface BenchPorts {
  /** No port is pending or on its way, and no upcall is marked. */
  quiet(): void;
  /** No port is masked. */
  unmaskAll(): void;
  /** Masks a port. */
  mask(port: Port): void;
  /** Makes ports pending for vCPU 0, in this order where the ABI has one, and marks its upcall. */
  raise(ports: readonly Port[]): void;
  /** An event comes in while the guest runs, from another core. */
  arrive(port: Port): void;
  /** Ports that are pending, ascending. */
  pending(): Port[];
}

/** Binds ports 1 to `ports`, without hypercalls. */
export function bindPorts(guest: Guest, scanner: Scanner, ports: number): void {
  if (guest.channels.ops instanceof Fifo) openChannels(guest, ports);
  scanner.bindAll(ports);
}

/** The words of a guest's ports. */
export function portWords(guest: Guest): BenchPorts {
  const { ops } = guest.channels;
  return ops instanceof Fifo ? new FifoPorts(guest, ops.structs) : new TwoLevelPorts(guest);
}

/** Opens channels 1 to `ports` for vCPU 0, as if each had been bound. */
export function openChannels({ domain, memory, channels }: Guest, ports: number): void {
  while (domain.validEvtchns <= ports) domain.addBucket();
  for (let port = 1; port <= ports; port++) {
    const channel = domain.channel(port);
    memory.poke32(channel + EVTCHN.state, ChannelKind.unbound);
    if (channels.ops instanceof Fifo) memory.view8[channel + EVTCHN_FIFO.priority] = DEFAULT_PRIORITY;
  }
}

class TwoLevelPorts implements BenchPorts {
  readonly #guest: Guest;
  readonly #pendingBits: Addr;
  readonly #maskBits: Addr;
  readonly #info: Addr;

  constructor(guest: Guest) {
    this.#guest = guest;
    this.#pendingBits = guest.domain.sharedInfo + SHARED_INFO.pending;
    this.#maskBits = guest.domain.sharedInfo + SHARED_INFO.mask;
    this.#info = guest.domain.vcpuInfo[0]!;
  }

  quiet(): void {
    const { memory } = this.#guest;
    for (let w = 0; w < PORTS / 64; w++) memory.poke64(this.#pendingBits + 8 * w, 0);
    memory.poke64(this.#info + VCPU_INFO.pendingSel, 0);
    memory.poke64(this.#info + VCPU_INFO.upcallPending, 0);
  }

  unmaskAll(): void {
    const { memory } = this.#guest;
    for (let w = 0; w < PORTS / 64; w++) memory.poke64(this.#maskBits + 8 * w, 0);
  }

  mask(port: Port): void {
    this.#set(this.#maskBits, port);
  }

  raise(ports: readonly Port[]): void {
    const { memory } = this.#guest;
    let lo = 0;
    let hi = 0;
    for (const port of ports) {
      this.#set(this.#pendingBits, port);
      lo |= bitLo(port >>> 6);
      hi |= bitHi(port >>> 6);
    }
    memory.poke64(this.#info + VCPU_INFO.pendingSel, lo, hi);
    memory.poke64(this.#info + VCPU_INFO.upcallPending, ports.length > 0 ? 1 : 0);
  }

  arrive(port: Port): void {
    const { memory } = this.#guest;
    this.#set(this.#pendingBits, port);
    const mask = memory.peek32(this.#maskBits + (port >>> 5) * 4);
    if (((mask >>> (port & 31)) & 1) === 0) this.#set(this.#info + VCPU_INFO.pendingSel, port >>> 6);
  }

  pending(): Port[] {
    const { memory } = this.#guest;
    const ports: Port[] = [];
    for (let p = 0; p < PORTS; p++) {
      const word = memory.peek32(this.#pendingBits + (p >>> 5) * 4);
      if (((word >>> (p & 31)) & 1) === 1) ports.push(p);
    }
    return ports;
  }

  #set(words: Addr, bit: number): void {
    const { memory } = this.#guest;
    const word = words + (bit >>> 5) * 4;
    memory.poke32(word, memory.peek32(word) | (1 << (bit & 31)));
  }
}

class FifoPorts implements BenchPorts {
  readonly #guest: Guest;
  readonly #structs: FifoStructs;

  constructor(guest: Guest, structs: FifoStructs) {
    this.#guest = guest;
    this.#structs = structs;
  }

  /** Nothing is on a queue: Xen sees that from the tail's word, so its tails may stay. */
  quiet(): void {
    const { memory, domain } = this.#guest;
    this.#keep(1 << EVENT_WORD.masked);
    const block = memory.peek32(this.#structs.vcpu(0) + FIFO_VCPU.controlBlock);
    memory.poke32(block + CONTROL_BLOCK.ready, 0);
    for (let q = 0; q < QUEUES; q++) memory.poke32(block + CONTROL_BLOCK.head + 4 * q, 0);
    memory.poke64(domain.vcpuInfo[0]! + VCPU_INFO.upcallPending, 0);
  }

  unmaskAll(): void {
    this.#keep(~(1 << EVENT_WORD.masked));
  }

  mask(port: Port): void {
    const { memory } = this.#guest;
    const word = this.#structs.word(port);
    memory.poke32(word, memory.peek32(word) | (1 << EVENT_WORD.masked));
  }

  raise(ports: readonly Port[]): void {
    const { channels, cores } = this.#guest;
    const core = cores[0]!;
    core.begin(core.now);
    for (const port of ports) runAlone(channels.setPending(core, port));
  }

  arrive(port: Port): void {
    const { channels, cores } = this.#guest;
    const core = cores[1]!;
    core.begin(Math.max(core.now, cores[0]!.now));
    runAlone(channels.setPending(core, port));
  }

  pending(): Port[] {
    const { memory } = this.#guest;
    const ports: Port[] = [];
    for (let p = 1; p < this.#structs.ports; p++) if (memory.peek32(this.#structs.word(p)) < 0) ports.push(p);
    return ports;
  }

  /** Clears all other bits of every word. */
  #keep(bits: number): void {
    const { memory } = this.#guest;
    for (let p = 1; p < this.#structs.ports; p++) {
      const word = this.#structs.word(p);
      memory.poke32(word, memory.peek32(word) & bits);
    }
  }
}
