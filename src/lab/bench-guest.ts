/** A guest alone on one core, with nobody who sends: for measuring one function at a time. */

import { runAlone } from '../intr/os.ts';
import type { Cycle, Port, Vcpu } from '../model/units.ts';
import type { Core, Kernel } from '../x86/core.ts';
import { Guest, type GuestHost } from './guest.ts';
import type { Scenario } from './scenario.ts';

/** Told when a handler runs; the port and how many ran before it in this call. */
export type OnHandler = (port: Port, before: number) => void;

/** A guest whose kernels run undisturbed. */
export class BenchGuest implements GuestHost {
  readonly horizon = { cycle: Number.POSITIVE_INFINITY };
  readonly guest: Guest;
  /** Ports served since `order` was last cleared. */
  readonly order: Port[] = [];
  onHandler: OnHandler = () => {};

  constructor(scenario: Scenario) {
    this.guest = new Guest(scenario, 1, 0, this);
  }

  /** Runs a kernel on the only vCPU and returns its cycles. */
  measure(kernel: Kernel<unknown>): Cycle {
    const { core } = this.guest.cpus[0]!;
    core.begin(core.now);
    core.call();
    core.mark();
    runAlone(kernel);
    return core.spent();
  }

  handled(port: Port): void {
    this.onHandler(port, this.order.length);
    this.order.push(port);
  }

  stray(): void {}
  findBegins(): void {}
  findEnds(): void {}
  pendingCleared(): void {}
  ithreadRunnable(): void {}
  pending(_port: Port, _from: Core): void {}
  unmasked(_port: Port, _from: Core): void {}
  marked(_vcpu: Vcpu, _from: Core): void {}
}
