/**
 * A guest with a given population of isrcs, on a host where nothing else happens: one search and one whole bind,
 * again and again.
 *
 * Isrc i serves port i + 1, as after a boot without churn; the unused isrcs' ports are free. So Xen's own search for
 * a port walks as far as FreeBSD's scan for an isrc, which is what happens when the same few ports come and go.
 */
import { HandlerKind, runAlone } from '../../intr/os.ts';
import { layIsrc, serve } from '../../intr/populate.ts';
import type { Addr, Cycle, Port } from '../../model/units.ts';
import { newAccount } from '../../x86/retirement.ts';
import { ChannelKind } from '../../xen/abi.ts';
import { BenchGuest } from '../bench-guest.ts';
import { type BenchPorts, openChannel, portWords } from '../bench-ports.ts';
import type { Board } from '../guest.ts';
import type { CacheState, Scenario } from '../scenario.ts';
import { IDLE_CYCLES } from '../taped.ts';
import { type PopulationSpec, unusedIndexes } from './placement.ts';

/** The vCPU that binds. */
const VCPU = 0;

/** A guest whose isrcs and ports were laid out. */
export class PopulatedGuest extends BenchGuest {
  /** Where the cycles of the last bind went, by site and cause: in the search for an unused isrc, and elsewhere. */
  readonly inFind = newAccount();
  readonly inBind = newAccount();
  readonly #unwatched = newAccount();
  readonly #words: BenchPorts;
  /** The lowest free port: the next one that Xen hands out. */
  readonly #port: Port;

  /** @param board as for `Guest` */
  constructor(scenario: Scenario, spec: PopulationSpec, board?: Board) {
    super(scenario, 1, 0, board);
    const { os, cpus } = this.guest.freeBsd;
    const unused = unusedIndexes(spec);
    const idle = new Set(unused);
    const isrcs: Addr[] = [];
    for (let i = 0; i < spec.isrcs; i++) {
      const isrc = layIsrc(os, i + 1);
      isrcs.push(isrc);
      if (idle.has(i)) continue;
      serve(os, isrc, i + 1);
      openChannel(this.guest, i + 1);
    }
    this.#words = portWords(this.guest);
    this.#port = unused[0]! + 1;
    for (const index of unused) runAlone(os.generation.putBack(os, cpus[VCPU]!, isrcs[index]!));
  }

  /**
   * Cycles of one search alone, with the locks that belong to it; what it found is put back.
   *
   * @param cache where the data is when it begins; code stays warm, as in the ground truth
   */
  find(cache: CacheState): Cycle {
    const { os, cpus } = this.guest.freeBsd;
    const { core } = cpus[VCPU]!;
    this.guest.applyDataCacheState(VCPU, cache);
    core.begin(core.now);
    core.call();
    core.mark();
    const isrc = runAlone(os.generation.find(os, cpus[VCPU]!, this.#port));
    const cycles = core.spent();
    runAlone(os.generation.putBack(os, cpus[VCPU]!, isrc));
    return cycles;
  }

  /**
   * Cycles of one bind of a backend's port with a filter, xen_intr_bind_remote_port as a whole; it is unbound again.
   *
   * @param cache where code and data of the guest and of Xen are when it begins
   */
  bind(cache: CacheState): Cycle {
    const { kernel } = this.guest;
    const core = this.guest.coreOf(VCPU);
    // Nobody takes the upcall for the event with which such a channel starts.
    this.#words.quiet();
    this.guest.applyCacheState(VCPU, core.now + IDLE_CYCLES, cache);
    this.inFind.fill(0);
    this.inBind.fill(0);
    core.credits = this.inBind;
    core.begin(core.now + IDLE_CYCLES);
    const port = this.run(kernel.bind(VCPU, ChannelKind.interdomain, HandlerKind.filter, VCPU));
    const cycles = core.spent();
    core.credits = this.#unwatched;
    this.#words.quiet();
    core.begin(core.now);
    this.run(kernel.unbind(VCPU, port));
    return cycles;
  }

  override findBegins(): void {
    const core = this.guest.coreOf(VCPU);
    if (core.credits === this.inBind) core.credits = this.inFind;
  }

  override findEnds(): void {
    const core = this.guest.coreOf(VCPU);
    if (core.credits === this.inFind) core.credits = this.inBind;
  }
}
