/**
 * A two-state Markov-modulated Poisson process: senders are calm or in a burst, each for an exponentially distributed
 * time, and send at the rate of the state. The asked gap is the mean over both states.
 */
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler } from '../table.ts';
import { defineLoad, type Load, meanGap, refuseIf } from './load.ts';
import { sixteenEach } from './poisson.ts';
import { Rows } from './rows.ts';

const PARAMS = {
  burstRatio: { value: 20, unit: 'times', min: 1, max: 10_000, what: 'as many sends in a burst as in calm' },
  burstNanos: { value: 200_000, unit: 'ns', min: 1, max: 1e12, what: 'mean length of a burst' },
  calmNanos: { value: 1_800_000, unit: 'ns', min: 1, max: 1e12, what: 'mean time between two bursts' },
  threaded: { value: 0, unit: 'bool', min: 0, max: 1, what: 'ports have ithreads instead of filters' },
} as const;

/** Mean gaps of the whole load in calm and in a burst, ns: their rates, weighted by time, are the asked one. */
function gapsOf(load: Load<typeof PARAMS>): { calm: number; burst: number } {
  const { burstRatio, burstNanos, calmNanos } = load.n;
  const calm = (meanGap(load) * (calmNanos + burstRatio * burstNanos)) / (calmNanos + burstNanos);
  return { calm, burst: calm / burstRatio };
}

/** `bursty`. */
export const BURSTY = defineLoad({
  name: 'bursty',
  what: 'a two-state Markov-modulated Poisson process: all senders calm, or all in a burst',
  gapNanos: 20_000,
  params: PARAMS,
  portsOf: sixteenEach,
  takesPorts: true,
  check(load) {
    const { burst } = gapsOf(load);
    refuseIf(
      burst < 1,
      `in a burst two sends are ${burst.toFixed(3)} ns apart, expected 1 or more: a longer --gap, a smaller burstRatio`,
    );
  },
  *rows(load) {
    const { vcpus, ports, seed, n } = load;
    const rows = new Rows();
    const handler = n.threaded === 1 ? Handler.ithread : Handler.filter;
    for (let port = 1; port <= ports; port++) {
      yield rows.bound(port, (port - 1) % vcpus, Channel.interdomain, handler);
    }
    const gaps = new RandomStream(seed, 'gaps');
    const states = new RandomStream(seed, 'states');
    const which = new RandomStream(seed, 'ports');
    const mean = gapsOf(load);
    let time = 0;
    let bursting = false;
    let until = states.exponential(n.calmNanos);
    for (;;) {
      const next = time + gaps.exponential(bursting ? mean.burst : mean.calm);
      if (next <= until) {
        time = next;
        yield rows.send(time, 1 + which.below(ports));
        continue;
      }
      // Gaps have no memory: at the change of state a new one is drawn.
      time = until;
      bursting = !bursting;
      until = time + states.exponential(bursting ? n.burstNanos : n.calmNanos);
    }
  },
});
