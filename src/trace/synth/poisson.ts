/** Independent senders. */
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler, Kind, rowAt, TargetState } from '../table.ts';
import { defineLoad, meanGap } from './load.ts';

/** 16 a vCPU, as far as there are ports. */
export function sixteenEach(vcpus: number): number {
  return Math.min(4095, 16 * vcpus);
}

/** `poisson`. */
export const POISSON = defineLoad({
  name: 'poisson',
  what: 'independent senders: exponential gaps, uniformly random ports, no handler but the counting filter',
  gapNanos: 20_000,
  params: {},
  portsOf: sixteenEach,
  takesPorts: true,
  *rows(load) {
    const { vcpus, ports, seed } = load;
    const row = rowAt(0, Kind.bound);
    row.channel = Channel.interdomain;
    row.handler = Handler.filter;
    for (let port = 1; port <= ports; port++) {
      row.port = port;
      row.to = (port - 1) % vcpus;
      yield row;
    }
    row.kind = Kind.send;
    row.channel = Channel.none;
    row.handler = Handler.none;
    row.target = TargetState.running;
    const gaps = new RandomStream(seed, 'gaps');
    const which = new RandomStream(seed, 'ports');
    const mean = Math.max(1, Math.floor(meanGap(load)));
    for (;;) {
      row.time += gaps.exponential(mean);
      row.port = 1 + which.below(ports);
      yield row;
    }
  },
});
