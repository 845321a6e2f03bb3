/**
 * The 2-level ABI on Xen's side: xen/common/event_2l.c, as the fact sheet on Xen describes it (sections 3.3, 3.7).
 * Every access to a page shared with the guest is a step of its own, at which others may come first.
 */

import type { Addr, Port } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import { SourceFile } from '../x86/sites.ts';
import { SHARED_INFO, VCPU_INFO } from './abi.ts';
import type { Domain } from './domain.ts';
import { EVTCHN, VCPU } from './layout.ts';
import type { Delivery, Marker, PortOps } from './port-ops.ts';
import type { EvtchnStats } from './stats.ts';

const file = new SourceFile('xen/common/event_2l.c');
const setPendingFn = file.fn('evtchn_2l_set_pending');
const unmaskFn = file.fn('evtchn_2l_unmask');
const clearFn = file.fn('evtchn_2l_clear_pending');

const At = {
  pending: setPendingFn.site('set the pending bit', 8),
  mask: setPendingFn.site('test the mask bit', 6),
  selector: setPendingFn.site('set the selector bit of the vCPU', 8),
  unmask: unmaskFn.site('clear the mask bit', 8),
  unmaskPending: unmaskFn.site('test the pending bit', 6),
  unmaskSelector: unmaskFn.site('set the selector bit of the vCPU', 8),
  clear: clearFn.site('clear the pending bit of a closed port', 8),
};

/** The 2-level ABI of one domain. */
export class TwoLevel implements PortOps {
  readonly #memory: Memory;
  readonly #domain: Domain;
  readonly #delivery: Delivery;
  readonly #marker: Marker;
  readonly #stats: EvtchnStats;
  readonly #pendingBits: Addr;
  readonly #maskBits: Addr;

  constructor(memory: Memory, domain: Domain, delivery: Delivery, marker: Marker, stats: EvtchnStats) {
    this.#memory = memory;
    this.#domain = domain;
    this.#delivery = delivery;
    this.#marker = marker;
    this.#stats = stats;
    this.#pendingBits = domain.sharedInfo + SHARED_INFO.pending;
    this.#maskBits = domain.sharedInfo + SHARED_INFO.mask;
  }

  *setPending(core: Core, port: Port, channel: Addr): Kernel {
    core.at(At.pending);
    core.free(4);
    if (core.behind(NOW)) yield;
    const tOld = core.lockBitSet(this.#pendingBits, port, NOW);
    if (core.branch(core.lo !== 0, tOld)) {
      this.#stats.coalesced++;
      return;
    }
    this.#delivery.pending(port, core);
    core.at(At.mask);
    if (core.behind(tOld)) yield;
    const tMask = core.bitTest(this.#maskBits, port, NOW);
    if (core.jcc(core.lo !== 0, tMask)) {
      this.#stats.masked++;
      return;
    }
    if (!(yield* this.#select(core, At.selector, port, channel))) this.#stats.selector_set++;
  }

  *unmask(core: Core, port: Port, channel: Addr): Kernel {
    core.at(At.unmask);
    if (core.behind(NOW)) yield;
    const tMask = core.lockBitReset(this.#maskBits, port, NOW);
    if (!core.jcc(core.lo !== 0, tMask)) return;
    this.#delivery.unmasked(port, core);
    core.at(At.unmaskPending);
    if (core.behind(tMask)) yield;
    const tPending = core.bitTest(this.#pendingBits, port, NOW);
    if (!core.jcc(core.lo !== 0, tPending)) return;
    yield* this.#select(core, At.unmaskSelector, port, channel);
  }

  *clearPending(core: Core, port: Port): Kernel {
    core.at(At.clear);
    if (core.behind(NOW)) yield;
    core.lockBitReset(this.#pendingBits, port, NOW);
    if (core.lo !== 0) this.#stats.cancelled++;
  }

  /** Nothing: this ABI has no such operation. */
  opened(): void {}

  /** Never: this ABI has no such operation. */
  isBusy(): boolean {
    return false;
  }

  stillPending(): number {
    let n = 0;
    for (let w = 0; w < 128; w++) {
      for (let bits = this.#memory.peek32(this.#pendingBits + 4 * w); bits !== 0; bits &= bits - 1) n++;
    }
    return n;
  }

  /** The selector bit of the port's word in its vCPU, then the mark; false when the bit was set already. */
  *#select(core: Core, site: number, port: Port, channel: Addr): Kernel<boolean> {
    core.at(site);
    core.load32(channel + EVTCHN.notifyVcpu, NOW);
    const vcpu = core.lo;
    const tInfo = core.load64(this.#domain.vcpu(vcpu) + VCPU.vcpuInfo, NOW);
    const info = core.lo;
    core.free(2);
    if (core.behind(tInfo)) yield;
    const tSel = core.lockBitSet(info + VCPU_INFO.pendingSel, port >>> 6, tInfo);
    if (core.branch(core.lo !== 0, tSel)) return false;
    yield* this.#marker.mark(core, vcpu);
    return true;
  }
}
