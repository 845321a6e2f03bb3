/**
 * The bits of a port that a guest changes itself, by ABI. `locate` is what the C does to find the bit; the caller
 * yields behind it if it must, then changes the bit.
 */
import type { Addr, Port, Ready, Vcpu } from '../model/units.ts';
import type { Core } from '../x86/core.ts';
import { SHARED_INFO } from '../xen/abi.ts';

/** Mask and pending bits of a guest's ports. */
export interface PortBits {
  /** Finds the word of a port. Returns when its address is known. */
  locate(core: Core, port: Port, dep: Ready): Ready;
  /** Sets the mask bit; the old one in `core.lo`. */
  mask(core: Core, port: Port, dep: Ready): Ready;
  /** Clears the pending bit; the old one in `core.lo`. */
  clearPending(core: Core, port: Port, dep: Ready): Ready;
  /** vCPU `to` serves the port from now on, `from` no longer. @param dep when the port is known, for each bit */
  own(core: Core, port: Port, from: Vcpu, to: Vcpu, dep: Ready, then: Ready): void;
}

/** The 2-level ABI: bit strings in the shared page, and an enabled bitmap for each CPU. */
export class TwoLevelBits implements PortBits {
  readonly #page: Addr;
  readonly #enabled: (cpu: Vcpu) => Addr;

  /** @param enabled the enabled words of a vCPU */
  constructor(sharedInfo: Addr, enabled: (cpu: Vcpu) => Addr) {
    this.#page = sharedInfo;
    this.#enabled = enabled;
  }

  locate(_core: Core, _port: Port, dep: Ready): Ready {
    return dep;
  }

  mask(core: Core, port: Port, dep: Ready): Ready {
    return core.lockBitSet(this.#page + SHARED_INFO.mask, port, dep);
  }

  clearPending(core: Core, port: Port, dep: Ready): Ready {
    return core.lockBitReset(this.#page + SHARED_INFO.pending, port, dep);
  }

  own(core: Core, port: Port, from: Vcpu, to: Vcpu, dep: Ready, then: Ready): void {
    core.lockBitReset(this.#enabled(from), port, dep);
    core.lockBitSet(this.#enabled(to), port, then);
  }
}
