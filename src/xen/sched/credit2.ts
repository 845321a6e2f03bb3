/**
 * credit2 (xen/common/sched/credit2.c), as far as it decides between vCPUs pinned to one pCPU: credits burnt by
 * running, reset when the next one has none, the rate limit, the slice, the tickle on a wake-up (fact sheet on Xen,
 * 5.5). Weights are equal. Times of Xen's in microseconds, here in cycles of the machine.
 */

import { type Cycle, cyclesOfNanos } from '../../model/units.ts';
import { type Core, NOW } from '../../x86/core.ts';
import { SourceFile } from '../../x86/sites.ts';
import { VCPU } from '../layout.ts';
import type { Pcpu } from '../pcpu.ts';
import { Runstate, type VirtualCpu } from '../virtual-cpu.ts';
import type { Scheduler, SchedulerHost } from './scheduler.ts';

const file = new SourceFile('xen/common/sched/credit2.c');
const At = {
  wake: file.fn('csched2_unit_wake').site('insert by credit, tickle', 90),
  burn: file.fn('burn_credits').site('credits of the current unit', 30),
  candidate: file.fn('runq_candidate').site('best of the run queue', 16),
  reset: file.fn('reset_credit').site('credits of all units', 30),
};

/** Nanoseconds: CSCHED2_CREDIT_INIT, sched_ratelimit_us, CSCHED2_MIN_TIMER, the tickle tolerance (fact sheet, 5.5). */
const NANOS = { creditInit: 10_000_000, rateLimit: 1_000_000, minTimer: 500_000, tolerance: 50_000 } as const;

/** What the scheduler keeps of a vCPU. */
interface Unit {
  credit: Cycle;
  /** When its credits were burnt last, and when it was last switched to. */
  burntAt: Cycle;
  startedAt: Cycle;
}

/** credit2 over pinned vCPUs. */
export class Credit2 implements Scheduler {
  readonly name = 'credit2';
  readonly #units = new Map<VirtualCpu, Unit>();
  /** Cycle at which the slice of a pCPU ends; Infinity for none. */
  readonly #sliceEnd: number[] = [];

  wake(host: SchedulerHost, core: Core, pcpu: Pcpu, vcpu: VirtualCpu): boolean {
    core.at(At.wake);
    core.free(40);
    const { current } = pcpu;
    if (core.branch(current === undefined, NOW)) return true;
    const running = this.#burn(host, core, current!);
    const ran = core.now - running.startedAt;
    const allowed = ran > this.#cycles(host, NANOS.rateLimit - NANOS.tolerance);
    const better = this.#unit(host, vcpu).credit > running.credit;
    if (core.branch(allowed && better, NOW)) return true;
    this.#setSlice(host, core, pcpu, running, this.#unit(host, vcpu));
    return false;
  }

  pick(host: SchedulerHost, pcpu: Pcpu, runnable: boolean): VirtualCpu | undefined {
    const { core } = pcpu;
    const { current } = pcpu;
    const before = current === undefined ? undefined : this.#burn(host, core, current);
    this.#setTimer(host, pcpu, Number.POSITIVE_INFINITY);
    let best: VirtualCpu | undefined;
    let second: VirtualCpu | undefined;
    core.at(At.candidate);
    for (const unit of host.unitsOf(pcpu)) {
      const t = core.load32(unit.base + VCPU.runstate, NOW);
      const ready = core.lo === Runstate.runnable || (unit === current && runnable);
      if (!core.branch(ready, t)) continue;
      core.free(6);
      if (best === undefined || this.#unit(host, unit).credit > this.#unit(host, best).credit) {
        second = best;
        best = unit;
      } else if (second === undefined) second = unit;
    }
    if (best === undefined) return undefined;
    // A vCPU that has not run for the rate limit is kept.
    if (runnable && before !== undefined && current !== best) {
      if (core.now - before.startedAt < this.#cycles(host, NANOS.rateLimit)) {
        second = best;
        best = current!;
      }
    }
    const unit = this.#unit(host, best);
    if (unit.credit <= 0) this.#reset(host, core, pcpu);
    if (best !== current || !runnable) {
      unit.startedAt = core.now;
      unit.burntAt = core.now;
    }
    if (second !== undefined) this.#setSlice(host, core, pcpu, unit, this.#unit(host, second));
    return best;
  }

  sliceEnded(pcpu: Pcpu): boolean {
    return pcpu.core.now >= this.#slice(pcpu.index);
  }

  #slice(pcpu: number): Cycle {
    return this.#sliceEnd[pcpu] ?? Number.POSITIVE_INFINITY;
  }

  #unit(host: SchedulerHost, vcpu: VirtualCpu): Unit {
    let unit = this.#units.get(vcpu);
    if (unit === undefined) {
      unit = { credit: this.#cycles(host, NANOS.creditInit), burntAt: 0, startedAt: 0 };
      this.#units.set(vcpu, unit);
    }
    return unit;
  }

  #burn(host: SchedulerHost, core: Core, vcpu: VirtualCpu): Unit {
    core.at(At.burn);
    core.free(14);
    const unit = this.#unit(host, vcpu);
    unit.credit -= core.now - unit.burntAt;
    unit.burntAt = core.now;
    if (unit.credit <= 0 && this.#slice(vcpu.pcpu) === Number.POSITIVE_INFINITY) {
      // Alone it was scheduled again each time its credits were spent, which resets them; those are left out.
      const init = this.#cycles(host, NANOS.creditInit);
      unit.credit += Math.ceil((1 - unit.credit) / init) * init;
    }
    return unit;
  }

  #reset(host: SchedulerHost, core: Core, pcpu: Pcpu): void {
    core.at(At.reset);
    const init = this.#cycles(host, NANOS.creditInit);
    for (const vcpu of host.unitsOf(pcpu)) {
      core.free(10);
      const unit = this.#unit(host, vcpu);
      unit.credit = Math.min(unit.credit + init, init);
      if (unit.credit <= 0) unit.credit = init;
    }
  }

  /** The timer that ends a slice: when the running unit's credit falls to the waiting one's. */
  #setSlice(host: SchedulerHost, core: Core, pcpu: Pcpu, running: Unit, waiting: Unit): void {
    const ahead = Math.max(running.credit - waiting.credit, this.#cycles(host, NANOS.minTimer));
    const limit = running.startedAt + this.#cycles(host, NANOS.rateLimit);
    const end = Math.max(core.now + ahead, limit);
    if (end >= this.#slice(pcpu.index)) return;
    this.#setTimer(host, pcpu, end);
  }

  #setTimer(host: SchedulerHost, pcpu: Pcpu, end: Cycle): void {
    if (end === this.#slice(pcpu.index)) return;
    this.#sliceEnd[pcpu.index] = end;
    host.setTimer(pcpu, end);
  }

  #cycles(host: SchedulerHost, nanos: number): Cycle {
    return cyclesOfNanos(nanos, host.machine.n.clockHz);
  }
}
