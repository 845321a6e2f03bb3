/** Laws of the way to another pCPU: the IPI, the store that ends an MWAIT, the C-state, the scheduler's switches. */
import assert from 'node:assert/strict';
import { HandlerKind } from '../../src/intr/os.ts';
import type { BenchGuest } from '../../src/lab/bench-guest.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { Vcpus } from '../../src/lab/vcpus.ts';
import type { Cycle } from '../../src/model/units.ts';
import { ChannelKind } from '../../src/xen/abi.ts';
import { idleLoop } from '../../src/xen/idle.ts';
import { vcpuKick } from '../../src/xen/kick.ts';
import { Mode } from '../../src/xen/pcpu.ts';
import { cpuRaiseSoftirq } from '../../src/xen/raise-softirq.ts';
import { Softirq } from '../../src/xen/softirq-bits.ts';
import { law, tries } from './covered.ts';
import { host, timesPaid } from './host.ts';
import { idleAndBack, scheduleOnly, switchToHog } from './switches.ts';

const paid = (times: number) => [times, times];
const TWO = { vcpus: 2 };

/** vCPU 0 kicks vCPU 1, which runs on another pCPU. */
const kick = ({ guest }: BenchGuest) => {
  guest.memory.poke32(guest.xen.pcpus[1]!.irqStat, 0);
  return vcpuKick(guest.xen, guest.cores[0]!, guest.domain.virtualCpus[1]!);
};

/** Cycles from the end of the write of the ICR to the interrupt. */
const flight = (bench: BenchGuest) => {
  let took: Cycle = -1;
  bench.hardware.interrupt = (_pcpu, _vector, cycle) => {
    took = cycle - bench.guest.cores[0]!.now;
  };
  bench.measure(kick(bench));
  return took;
};

law(['ipiSendCycles'], 'a kick of a vCPU elsewhere pays it once', () => {
  assert.deepEqual(timesPaid('ipiSendCycles', kick, TWO), paid(1));
});

law(['ipiFlightNanos'], 'from the write of the ICR to the interrupt', () => {
  for (const ipiFlightNanos of [100, 101, 400]) {
    assert.equal(flight(host({ clockHz: 1_000_000_000, ipiFlightNanos }, TWO)), ipiFlightNanos);
    assert.equal(flight(host({ clockHz: 3_000_000_000, ipiFlightNanos }, TWO)), 3 * ipiFlightNanos);
  }
});

/** vCPU 0 raises a softirq on pCPU 1, whose idle loop stands in its C-state. */
function wakeIdle(bench: BenchGuest) {
  const { xen, cores } = bench.guest;
  const pcpu = xen.pcpus[1]!;
  idleLoop(xen, pcpu).next();
  assert.equal(pcpu.mode, Mode.idle);
  return cpuRaiseSoftirq(xen, cores[0]!, pcpu, Softirq.schedule);
}

law(
  ['idleMwait', 'ipiSendCycles'],
  'a store wakes an idle pCPU that waits with MWAIT, an IPI any other',
  () => {
    for (const idleMwait of [0, 1]) {
      const options = { ...TWO, warmUp: 0, numbers: { idleMwait } };
      assert.deepEqual(timesPaid('ipiSendCycles', wakeIdle, options), paid(1 - idleMwait));
      const bench = host({ idleMwait }, TWO);
      let stores = 0;
      let interrupts = 0;
      bench.hardware.wake = () => stores++;
      bench.hardware.interrupt = () => interrupts++;
      bench.measure(wakeIdle(bench));
      assert.deepEqual([stores, interrupts], [idleMwait, 1 - idleMwait]);
    }
  },
);

/** Cycles from the send to the handler of a vCPU that has halted. */
function deliveryToHalted(cstateExitNanos: number, idleMwait: number): Cycle {
  tries('cstateExitNanos', cstateExitNanos);
  const numbers = [`cstateExitNanos=${cstateExitNanos}`, `idleMwait=${idleMwait}`, 'clockHz=1000000000'];
  const vcpus = new Vcpus(scenarioOf({ ...DEFAULT_NAMES, set: [...numbers, 'idleHalts=1'] }), 1);
  vcpus.boundBefore(1, ChannelKind.interdomain, HandlerKind.filter, 0);
  vcpus.startTime();
  vcpus.engine.runTo(vcpus.engine.now + 1_000_000);
  vcpus.sendFromOutside(1);
  vcpus.engine.runTo(Number.POSITIVE_INFINITY);
  const { count, sum } = vcpus.stats.histograms.delivery;
  assert.equal(count, 1);
  return sum;
}

law(['cstateExitNanos'], 'a halted vCPU is later by it, woken by a store or by an IPI', () => {
  for (const idleMwait of [0, 1]) {
    const base = deliveryToHalted(10_000, idleMwait);
    const later = [10_001, 20_000].map((nanos) => deliveryToHalted(nanos, idleMwait) - base);
    assert.deepEqual(later, [1, 10_000]);
  }
});

law(['scheduleCycles'], 'every schedule() pays it, whoever runs next', () => {
  assert.deepEqual(timesPaid('scheduleCycles', scheduleOnly), paid(1));
  assert.deepEqual(timesPaid('scheduleCycles', idleAndBack), paid(2));
});

law(['contextSwitchCycles', 'ibpbCycles'], 'paid for another vCPU; not for the idle one and back', () => {
  const options = { run: ['hogs=1'], warmUp: 0 };
  for (const name of ['contextSwitchCycles', 'ibpbCycles'] as const) {
    assert.deepEqual(timesPaid(name, switchToHog, options), paid(1));
    assert.deepEqual(timesPaid(name, idleAndBack, options), paid(0));
  }
});
