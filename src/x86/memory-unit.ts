/**
 * Loads and stores: the access to the modelled memory and its timing. Read-modify-writes and the stack are in
 * data-unit.ts, locked operations in atomics.ts.
 *
 * Accesses are naturally aligned, as the kernels' are; one that is not stays on its first line here.
 * A null pointer (an address in the first page) is a ModelBug, as it is a panic in a kernel.
 */
import type { Horizon } from '../model/engine.ts';
import { ModelBug } from '../model/errors.ts';
import type { Addr, Ready } from '../model/units.ts';
import { Cause } from './cause.ts';
import type { Uncore } from './coherence.ts';
import type { Machine } from './machine.ts';
import { type Memory, PAGE_BYTES } from './memory.ts';
import { NOW, Pipeline } from './pipeline.ts';
import { Forward } from './store-buffer.ts';
import { Uop } from './uop.ts';

/** The memory side of a core. */
export class MemoryUnit extends Pipeline {
  /** Value of the last load, read-modify-write or bit scan: low and high 32 bits, signed. */
  lo = 0;
  hi = 0;
  /** Stack pointer. */
  sp: Addr = 0;
  /** Port sets, out of the machine once: they are needed with every micro-op. */
  protected readonly aluPorts: number;
  protected readonly shiftPorts: number;
  protected readonly branchPorts: number;
  protected readonly loadPorts: number;
  protected readonly storeAddressPorts: number;
  protected readonly storeDataPorts: number;
  protected readonly storeAddressCycles: number;
  /** After `popReturn`: the address popped. */
  protected returnAddress: Addr = 0;

  protected readonly words: Int32Array;
  readonly #view8: Uint8Array;
  readonly #view16: Uint16Array;
  readonly #pageBits: number;

  /** @param socket the core's, 0 or 1 */
  constructor(machine: Machine, memory: Memory, uncore: Uncore, horizon: Horizon, socket = 0) {
    super(machine, uncore, horizon, socket);
    this.aluPorts = machine.n.aluPorts;
    this.shiftPorts = machine.n.shiftPorts;
    this.branchPorts = machine.n.branchPorts;
    this.loadPorts = machine.n.loadPorts;
    this.storeAddressPorts = machine.n.storeAddressPorts;
    this.storeDataPorts = machine.n.storeDataPorts;
    this.storeAddressCycles = machine.n.storeAddressCycles;
    this.#pageBits = memory.pageBits;
    this.words = memory.words;
    this.#view8 = memory.view8;
    this.#view16 = memory.view16;
  }

  /** Loads a byte, zero-extended, into `lo`. */
  load8(addr: Addr, dep: Ready): Ready {
    this.instruction();
    this.lo = this.#view8[addr]!;
    return this.loadUop(addr, 1, dep);
  }

  /** Loads 16 bits, zero-extended, into `lo`. */
  load16(addr: Addr, dep: Ready): Ready {
    this.instruction();
    this.lo = this.#view16[addr >>> 1]!;
    return this.loadUop(addr, 2, dep);
  }

  /** Loads 32 bits into `lo`. */
  load32(addr: Addr, dep: Ready): Ready {
    this.instruction();
    this.lo = this.words[addr >>> 2]!;
    return this.loadUop(addr, 4, dep);
  }

  /** Loads 64 bits into `lo` and `hi`. A pointer is `lo`. */
  load64(addr: Addr, dep: Ready): Ready {
    this.instruction();
    this.lo = this.words[addr >>> 2]!;
    this.hi = this.words[(addr >>> 2) + 1]!;
    return this.loadUop(addr, 8, dep);
  }

  /** The 8-bit memory operand of the instruction that follows: a load, but no instruction of its own. */
  operand8(addr: Addr, dep: Ready): Ready {
    this.lo = this.#view8[addr]!;
    return this.loadUop(addr, 1, dep);
  }

  /** The 32-bit memory operand of the instruction that follows. */
  operand32(addr: Addr, dep: Ready): Ready {
    this.lo = this.words[addr >>> 2]!;
    return this.loadUop(addr, 4, dep);
  }

  /** The 64-bit memory operand of the instruction that follows. */
  operand64(addr: Addr, dep: Ready): Ready {
    this.lo = this.words[addr >>> 2]!;
    this.hi = this.words[(addr >>> 2) + 1]!;
    return this.loadUop(addr, 8, dep);
  }

  /** Stores a byte. `data` is when the value is known, `address` when the address is. */
  store8(addr: Addr, value: number, data: Ready, address: Ready = NOW): void {
    this.instruction();
    this.#view8[addr] = value;
    this.storeUop(addr, 1, data, address);
  }

  /** Stores 16 bits. */
  store16(addr: Addr, value: number, data: Ready, address: Ready = NOW): void {
    this.instruction();
    this.#view16[addr >>> 1] = value;
    this.storeUop(addr, 2, data, address);
  }

  /** Stores 32 bits. */
  store32(addr: Addr, value: number, data: Ready, address: Ready = NOW): void {
    this.instruction();
    this.words[addr >>> 2] = value;
    this.storeUop(addr, 4, data, address);
  }

  /** Stores 64 bits. */
  store64(addr: Addr, lo: number, hi: number, data: Ready, address: Ready = NOW): void {
    this.instruction();
    this.words[addr >>> 2] = lo;
    this.words[(addr >>> 2) + 1] = hi;
    this.storeUop(addr, 8, data, address);
  }

  /** One micro-op with a fixed latency and no memory. */
  protected simple(kind: number, ports: number, dep: Ready, latency: number): Ready {
    const t = this.issue(kind, ports, dep);
    this.retireAt(t + latency, Cause.execute);
    if (kind <= Uop.branch) this.wroteRegister();
    return t + latency;
  }

  /** The store of a call. */
  protected pushReturn(pc: Addr): void {
    this.sp -= 8;
    this.words[this.sp >>> 2] = pc;
    this.storeUop(this.sp, 8, NOW, NOW);
  }

  /** The load of a return. */
  protected popReturn(): Ready {
    this.returnAddress = this.words[this.sp >>> 2]!;
    const ready = this.loadUop(this.sp, 8, NOW, true);
    this.sp += 8;
    return ready;
  }

  /**
   * One instruction that occupies retirement for `cycles`, after everything older, and (with `drain`) after
   * every older store is in L1D; fetch of what follows starts when it is done.
   */
  protected serialise(cycles: number, cause: number, kind: number, drain: boolean): Ready {
    this.instruction();
    this.issue(kind, 0, NOW);
    if (drain && this.stores.drained > this.retire) this.creditWait(this.stores.drained, Cause.drain);
    const done = this.retireAt(Math.max(this.retire, this.dispatch) + cycles, cause);
    this.front.refetch(done, cause);
    return done;
  }

  /** As `serialise`, but fetch goes on meanwhile: what follows waits in front of dispatch. */
  protected fence(cycles: number, drain: boolean): Ready {
    this.instruction();
    this.issue(Uop.fence, 0, NOW);
    if (drain && this.stores.drained > this.retire) this.creditWait(this.stores.drained, Cause.drain);
    const done = this.retireAt(Math.max(this.retire, this.dispatch) + cycles, Cause.serialise);
    this.holdDispatch(done, Cause.serialise);
    return done;
  }

  /** rep stos: the lines are owned one after another while the microcode runs. */
  protected zeroBlock(addr: Addr, bytes: number, dep: Ready, cycles: number): Ready {
    this.instruction();
    this.check(addr);
    // Microcode: one fill starts when everything older has retired.
    const t = Math.max(this.issue(Uop.repStos, this.storeAddressPorts, dep), this.retire);
    this.stream.add(addr);
    this.words.fill(0, addr >>> 2, (addr + bytes) >>> 2);
    let owned = t;
    for (let line = addr >>> 6; line <= (addr + bytes - 1) >>> 6; line++) {
      owned = Math.max(owned, this.caches.own(line, t));
    }
    const done = this.retireAt(Math.max(t + cycles, owned), Cause.serialise);
    this.stores.add(addr, 8, done, this.retire, owned);
    return done;
  }

  /** The line of `addr` is asked for at `t` in order to write it; returns when it may be. */
  protected own(addr: Addr, t: Ready): Ready {
    return this.caches.own(addr >>> 6, t + this.dtlb.access(addr >>> this.#pageBits));
  }

  /** @param returning a return's own load, whose word is never renamed */
  protected loadUop(addr: Addr, size: number, dep: Ready, returning = false): Ready {
    this.check(addr);
    this.holdDispatch(this.loadQueueFree, Cause.window);
    const t = this.issue(Uop.load, this.loadPorts, dep) + this.dtlb.access(addr >>> this.#pageBits);
    this.stream.add(addr);
    let done: Ready;
    let cause: number;
    const forward = this.stores.match(addr, size, t);
    if (forward === Forward.none) {
      done = this.caches.load(addr, t, this.pc);
      cause = this.caches.cause;
    } else {
      cause = Cause.forward;
      const { stores } = this;
      const { n } = this.machine;
      if (forward === Forward.exact && !returning)
        done = Math.max(t, stores.dataReady) + n.forwardExactCycles;
      else if (forward <= Forward.within) done = Math.max(t, stores.dataReady) + n.forwardWithinCycles;
      else if (forward === Forward.locked) done = Math.max(t + n.l1Cycles, stores.dataReady);
      else if (forward === Forward.lockedFails) done = Math.max(t, stores.drain) + n.forwardLockedCycles;
      else done = Math.max(t, stores.drain) + n.forwardFailCycles;
    }
    this.retireAt(done, cause);
    this.loadRetired();
    return done;
  }

  protected storeUop(addr: Addr, size: number, data: Ready, address: Ready): void {
    this.check(addr);
    this.holdDispatch(this.stores.free, Cause.window);
    const t = this.issue(Uop.store, this.storeAddressPorts, address);
    const known = this.ports.take(
      this.storeDataPorts,
      data > t ? Math.min(data, Math.max(this.retire, t)) : t,
    );
    this.stream.add(addr);
    this.retireAt(Math.max(t + this.storeAddressCycles, known + 1), Cause.execute);
    const owned = this.own(addr, t);
    this.stores.add(addr, size, known, this.retire, owned);
  }

  protected check(addr: Addr): void {
    if (addr < PAGE_BYTES) throw new ModelBug('null pointer dereference', { addr, site: this.site });
  }
}
