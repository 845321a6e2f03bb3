/** A guest on whose host nothing happens by itself: for measuring one function at a time. */

import { runAlone } from '../intr/os.ts';
import type { Addr, Cycle, Port } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import type { Hardware } from '../xen/xen.ts';
import { Guest, type GuestHost } from './guest.ts';
import type { Scenario } from './scenario.ts';

/** Told when a handler runs; the port and how many ran before it in this call. */
export type OnHandler = (port: Port, before: number) => void;

/** A guest whose kernels run undisturbed. */
export class BenchGuest implements GuestHost {
  readonly horizon = { cycle: Number.POSITIVE_INFINITY };
  /** A machine on which nothing else happens; its methods can be replaced to watch what Xen asks for. */
  readonly hardware: Hardware = {
    interrupt: () => {},
    wake: () => {},
    deliver: () => {},
    interruptsOn: () => true,
    switchTo: () => {},
  };
  readonly guest: Guest;
  /** Ports served since `order` was last cleared. */
  readonly order: Port[] = [];
  onHandler: OnHandler = () => {};
  readonly #runnable: Addr[] = [];

  /** @param vcpus of the guest, of which the first is measured @param senders cores of other domains */
  constructor(scenario: Scenario, vcpus = 1, senders = 0) {
    this.guest = new Guest(scenario, vcpus, senders, this);
  }

  /** Runs a kernel on the first vCPU and returns its cycles. */
  measure(kernel: Kernel<unknown>): Cycle {
    const { core } = this.guest.cpus[0]!;
    core.begin(core.now);
    core.call();
    core.mark();
    this.run(kernel);
    return core.spent();
  }

  /** Runs a kernel to its end; ithreads it wakes run where it stops for them. */
  run<T>(kernel: Kernel<T>): T {
    return runAlone(kernel, () => this.runIthreads());
  }

  handled(port: Port): void {
    this.onHandler(port, this.order.length);
    this.order.push(port);
  }

  stray(): void {}
  findBegins(): void {}
  findEnds(): void {}
  pendingCleared(): void {}
  unclaimed(): void {}
  ithreadRunnable(event: Addr): void {
    this.#runnable.push(event);
  }

  pending(_port: Port, _from: Core): void {}
  unmasked(_port: Port, _from: Core): void {}
  closed(_port: Port): void {}

  /** The threads that wait run to their end, on the first vCPU. */
  protected runIthreads(): void {
    const { kernel } = this.guest;
    for (let event = this.#runnable.shift(); event !== undefined; event = this.#runnable.shift()) {
      runAlone(kernel.thread(0, event));
    }
  }
}
