/**
 * IPI storms: a vCPU interrupts others one after the other, as a TLB shootdown or a rendezvous does. Storms come like
 * a Poisson process, but never two at a time: the lock of such an operation is held by one.
 */
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler } from '../table.ts';
import { defineLoad, type Load, refuseIf } from './load.ts';
import { Rows } from './rows.ts';

const PARAMS = {
  ipis: {
    value: 6,
    unit: 'ports',
    min: 1,
    max: 9,
    what: 'IPIs of each vCPU: 6 in FreeBSD after 2021, 9 before',
  },
  targets: { value: 0, unit: 'vCPUs', min: 0, max: 63, what: 'interrupted in one storm; 0 for all others' },
  spacingNanos: { value: 300, unit: 'ns', min: 0, max: 1e6, what: 'between two sends of one storm' },
} as const;

type IpiLoad = Load<typeof PARAMS>;

function targetsOf({ vcpus, n }: IpiLoad): number {
  return n.targets === 0 ? vcpus - 1 : n.targets;
}

/** Mean time from the end of a storm to the next, ns. */
function pauseOf(load: IpiLoad): number {
  const targets = targetsOf(load);
  return (targets * load.gapNanos) / load.vcpus - targets * load.n.spacingNanos;
}

/** `ipi-storm`. */
export const IPI_STORM = defineLoad({
  name: 'ipi-storm',
  what: 'vCPUs that interrupt all others, or some, one after the other',
  gapNanos: 20_000,
  params: PARAMS,
  portsOf: (vcpus, n) => vcpus * n.ipis,
  takesPorts: false,
  check(load) {
    refuseIf(
      load.vcpus < 2,
      `--vcpus is ${load.vcpus}, expected 2 or more: a vCPU does not interrupt itself`,
    );
    refuseIf(
      targetsOf(load) >= load.vcpus,
      `targets is ${load.n.targets}, expected fewer than the ${load.vcpus} vCPUs`,
    );
    refuseIf(
      pauseOf(load) < 1,
      `a storm takes longer than --gap allows: expected a gap above ${load.n.spacingNanos * load.vcpus} ns, or a smaller spacingNanos`,
    );
  },
  *rows(load) {
    const { vcpus, seed, n } = load;
    const rows = new Rows();
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      for (let i = 0; i < n.ipis; i++)
        yield rows.bound(1 + vcpu * n.ipis + i, vcpu, Channel.ipi, Handler.filter);
    }
    const pauses = new RandomStream(seed, 'pauses');
    const who = new RandomStream(seed, 'who');
    const pause = pauseOf(load);
    const targets = targetsOf(load);
    for (let time = 0; ; ) {
      time += pauses.exponential(pause);
      const by = who.below(vcpus);
      const ipi = who.below(n.ipis);
      // All others in their order; some: from a random one on.
      const from = targets === vcpus - 1 ? 0 : who.below(vcpus - 1);
      for (let i = 0; i < targets; i++) {
        const other = (from + i) % (vcpus - 1);
        const vcpu = other < by ? other : other + 1;
        yield rows.send(time, 1 + vcpu * n.ipis + ipi, by);
        time += n.spacingNanos;
      }
    }
  },
});
