/**
 * One bind or unbind at a time on a FreeBSD guest alone: what it costs, stage by stage, on a given population. What a
 * removed handler costs its ithread is kept apart.
 */
import type { KernelCpu } from '../intr/kernel-image.ts';
import { ModelBug } from '../model/errors.ts';
import type { Cycle, Port, Vcpu } from '../model/units.ts';
import { CAUSE_COUNT } from '../x86/cause.ts';
import type { Kernel } from '../x86/core.ts';
import { newAccount } from '../x86/retirement.ts';
import { SITES } from '../x86/sites.ts';
import { EVTCHN } from '../xen/layout.ts';
import { totalOf } from './accounts.ts';
import { BenchGuest } from './bench-guest.ts';
import { openChannels, portWords } from './bench-ports.ts';
import { BIND_KINDS, type BindKind } from './bind-kinds.ts';

/** Binds and unbinds before the measured one: enough for predictors and caches to settle. */
const WARM_UP = 4;

/** What one bind or unbind took. */
export interface BindCost {
  /** The port that was bound or unbound. */
  readonly port: Port;
  /** All of it on the vCPU that binds, the thread it waits for left out. */
  readonly cycles: Cycle;
  /** The search for an unused isrc with its locks; 0 for an unbind. */
  readonly findCycles: Cycle;
  /** Hypercalls of the caller. */
  readonly hypercalls: number;
  /** Cycles and hypercalls of the ithread that removes a handler; 0 where there is none. */
  readonly ithreadCycles: Cycle;
  readonly ithreadHypercalls: number;
  /** Cycles by site and cause, the ithread's left out: index as in `newAccount`. */
  readonly account: Float64Array;
}

/** Cycles of one place. */
export interface BindStage {
  readonly file: string;
  readonly fn: string;
  readonly stage: string;
  readonly cycles: Cycle;
}

/** A bind in four parts that sum to its cycles. */
export interface BindParts {
  /** The guest's search for an unused isrc. */
  readonly find: Cycle;
  /** Xen's search for a free port: get_free_port. */
  readonly portSearch: Cycle;
  /** The rest of the hypercalls: exits, entries, locks of Xen's, lumps. */
  readonly hypercalls: Cycle;
  /** The rest of the guest: locks, handler, names, CPU. */
  readonly guest: Cycle;
}

/** A guest on which binds are measured. The vCPU that binds is 0. */
export class BindBench extends BenchGuest {
  #findFrom = 0;
  #find = 0;
  #ithreadCycles = 0;
  #ithreadHypercalls = 0;
  readonly #ithreads = newAccount();

  /**
   * `ports` ports bound, from port 1 on, each to the isrc of its place in vector order; nothing is charged. The guest
   * must have none yet.
   */
  populate(ports: number): void {
    const { guest } = this;
    if (ports === 0) return;
    openChannels(guest, ports);
    guest.kernel.scanner().bindAll(ports);
    portWords(guest).unmaskAll();
  }

  /** Binds a port. @param to vCPU that is to serve it */
  bind(kind: BindKind = BIND_KINDS[0]!, to: Vcpu = 0): BindCost {
    const { os, cpus } = this.guest.freeBsd;
    const { generation } = os;
    const local = kind.local ? this.#openLocal(kind) : 0;
    return this.#measured(cpus[0]!, () =>
      kind.local
        ? generation.bindLocal(os, cpus[0]!, local, kind.handler, to)
        : generation.bind(os, cpus[0]!, kind.channel, kind.handler, to),
    );
  }

  /** Unbinds a port. */
  unbind(port: Port): BindCost {
    const { os, cpus } = this.guest.freeBsd;
    const cost = this.#measured(cpus[0]!, function* (): Kernel<Port> {
      yield* os.generation.unbind(os, cpus[0]!, port);
      return port;
    });
    return cost;
  }

  /**
   * A bind in the scenario's state of the caches, when everything else has settled, with `isrcs` isrcs of which one is
   * unused.
   *
   * @param isrcs 1..4095 @param free place of the unused one in vector order, and of its port in Xen's table, from 0
   * @returns the bind, and the unbind before it
   */
  settled(
    isrcs: number,
    free: number,
    kind: BindKind = BIND_KINDS[0]!,
  ): { readonly bind: BindCost; readonly unbind: BindCost } {
    this.populate(isrcs);
    let port: Port = free + 1;
    for (let call = 0; ; call++) {
      portWords(this.guest).quiet();
      const unbind = this.unbind(port);
      if (call === WARM_UP) this.guest.applyCacheState(0, this.guest.cpus[0]!.core.now);
      const bind = this.bind(kind);
      port = bind.port;
      if (call === WARM_UP) return { bind, unbind };
    }
  }

  override findBegins(): void {
    this.#findFrom = this.#core.spent();
  }

  override findEnds(): void {
    this.#find = this.#core.spent() - this.#findFrom;
  }

  protected override runIthreads(): void {
    const core = this.#core;
    const { stats } = this.guest.channels;
    const { credits } = core;
    const cycles = core.credited;
    const hypercalls = stats.hypercalls;
    core.credits = this.#ithreads;
    super.runIthreads();
    core.credits = credits;
    this.#ithreadCycles += core.credited - cycles;
    this.#ithreadHypercalls += stats.hypercalls - hypercalls;
  }

  get #core() {
    return this.guest.cpus[0]!.core;
  }

  /** The toolstack opens a channel for the guest: the lowest free port. */
  #openLocal({ channel }: BindKind): Port {
    const { domain, memory } = this.guest;
    let port = 1;
    while (port < domain.validEvtchns && domain.kindOf(port) !== 0) port++;
    if (port === domain.validEvtchns && !domain.addBucket()) throw new ModelBug('no free port', { port });
    memory.poke32(domain.channel(port) + EVTCHN.state, channel);
    return port;
  }

  #measured({ core }: KernelCpu, work: () => Kernel<Port>): BindCost {
    const { stats } = this.guest.channels;
    const account = newAccount();
    const hypercalls = stats.hypercalls;
    this.#find = 0;
    this.#ithreadCycles = 0;
    this.#ithreadHypercalls = 0;
    core.begin(core.now);
    core.credits = account;
    const port = this.run(work());
    const cycles = core.spent() - this.#ithreadCycles;
    if (totalOf(account) !== cycles)
      throw new ModelBug('a bind has cycles that nobody was credited', { cycles });
    return {
      port,
      cycles,
      findCycles: this.#find,
      hypercalls: stats.hypercalls - hypercalls - this.#ithreadHypercalls,
      ithreadCycles: this.#ithreadCycles,
      ithreadHypercalls: this.#ithreadHypercalls,
      account,
    };
  }
}

/** Cycles by place, the dearest first. */
export function stagesOf({ account }: BindCost): BindStage[] {
  return SITES.map(({ file, fn, what }, site) => ({ file, fn, stage: what, cycles: cyclesAt(account, site) }))
    .filter(({ cycles }) => cycles > 0)
    .sort((a, b) => b.cycles - a.cycles || (a.fn + a.stage < b.fn + b.stage ? -1 : 1));
}

/** A bind in its parts. */
export function partsOf(cost: BindCost): BindParts {
  let portSearch = 0;
  let hypercalls = 0;
  SITES.forEach(({ file, fn }, site) => {
    if (fn === 'get_free_port') portSearch += cyclesAt(cost.account, site);
    else if (file.startsWith('xen/') || file === '(hardware)') hypercalls += cyclesAt(cost.account, site);
  });
  const find = cost.findCycles;
  return { find, portSearch, hypercalls, guest: cost.cycles - find - portSearch - hypercalls };
}

function cyclesAt(account: Float64Array, site: number): Cycle {
  let cycles = 0;
  for (let c = 0; c < CAUSE_COUNT; c++) cycles += account[site * CAUSE_COUNT + c]!;
  return cycles;
}
