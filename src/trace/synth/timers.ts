/** Periodic timers: VIRQ_TIMER of every vCPU. */
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler } from '../table.ts';
import { defineLoad, refuseIf } from './load.ts';
import { Rows } from './rows.ts';

/**
 * The period where none is given: hz is 100 in a FreeBSD that finds itself on a hypervisor (sys/kern/subr_param.c,
 * HZ_VM).
 */
const TEN_MILLISECONDS = 10_000_000;

const PARAMS = {
  jitterNanos: {
    value: 0,
    unit: 'ns',
    min: 0,
    max: 1e9,
    what: 'a tick comes uniformly up to this late; the next is not moved by it',
  },
  aligned: {
    value: 0,
    unit: 'bool',
    min: 0,
    max: 1,
    what: 'all vCPUs tick together; 0: spread over the period',
  },
} as const;

/** `timer`. */
export const TIMER = defineLoad({
  name: 'timer',
  what: 'VIRQ_TIMER of every vCPU, periodic: --gap is the period',
  gapNanos: TEN_MILLISECONDS,
  params: PARAMS,
  portsOf: (vcpus) => vcpus,
  takesPorts: false,
  check({ gapNanos, n }) {
    refuseIf(
      n.jitterNanos >= gapNanos,
      `jitterNanos is ${n.jitterNanos}, expected less than the period, ${gapNanos}`,
    );
  },
  *rows({ vcpus, seed, gapNanos, n }) {
    const rows = new Rows();
    for (let vcpu = 0; vcpu < vcpus; vcpu++) yield rows.bound(vcpu + 1, vcpu, Channel.virq, Handler.filter);
    const jitter = new RandomStream(seed, 'jitter');
    /** By vCPU: when its next tick is due, and when it comes. */
    const due = new Float64Array(vcpus);
    const comes = new Float64Array(vcpus);
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      due[vcpu] = n.aligned === 1 ? gapNanos : Math.floor((gapNanos * (vcpu + 1)) / vcpus);
      comes[vcpu] = due[vcpu]! + jitter.below(n.jitterNanos + 1);
    }
    for (;;) {
      let first = 0;
      for (let vcpu = 1; vcpu < vcpus; vcpu++) if (comes[vcpu]! < comes[first]!) first = vcpu;
      yield rows.send(comes[first]!, first + 1);
      due[first]! += gapNanos;
      comes[first] = due[first]! + jitter.below(n.jitterNanos + 1);
    }
  },
});
