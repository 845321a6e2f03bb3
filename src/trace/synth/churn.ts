/** Ports that are bound for a while and unbound for a while; those that are bound are sent to. */
import { EventQueue } from '../../model/event-queue.ts';
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler, Kind } from '../table.ts';
import { defineLoad, meanGap } from './load.ts';
import { sixteenEach } from './poisson.ts';
import { Rows } from './rows.ts';

const PARAMS = {
  onNanos: { value: 2_000_000, unit: 'ns', min: 1, max: 2e9, what: 'mean time a port is bound' },
  offNanos: { value: 2_000_000, unit: 'ns', min: 1, max: 2e9, what: 'mean time a port is unbound' },
  settleNanos: {
    value: 20_000,
    unit: 'ns',
    min: 0,
    max: 1e9,
    what: 'between a bind and the first event: the other end must hear of the port',
  },
  threaded: { value: 0, unit: 'bool', min: 0, max: 1, what: 'ports have ithreads instead of filters' },
} as const;

/** What the generator waits for; the operand is the port. */
const Event = { on: 0, settled: 1, off: 2, send: 3 } as const;

/** Ports that can be sent to: added, taken away and drawn in constant time. */
class Live {
  readonly ports: number[] = [];
  readonly #at: Int32Array;

  constructor(ports: number) {
    this.#at = new Int32Array(ports + 1).fill(-1);
  }

  add(port: number): void {
    this.#at[port] = this.ports.push(port) - 1;
  }

  remove(port: number): void {
    const at = this.#at[port]!;
    const last = this.ports.pop()!;
    if (last !== port) {
      this.ports[at] = last;
      this.#at[last] = at;
    }
    this.#at[port] = -1;
  }
}

/** `churn`. */
export const CHURN = defineLoad({
  name: 'churn',
  what: 'ports bound and unbound by turns, with events to those that are bound',
  gapNanos: 20_000,
  params: PARAMS,
  portsOf: sixteenEach,
  takesPorts: true,
  *rows(load) {
    const { vcpus, ports, seed, n } = load;
    const rows = new Rows();
    const lives = new RandomStream(seed, 'lives');
    const gaps = new RandomStream(seed, 'gaps');
    const which = new RandomStream(seed, 'ports');
    const who = new RandomStream(seed, 'who');
    const handler = n.threaded === 1 ? Handler.ithread : Handler.filter;
    const live = new Live(ports);
    const queue = new EventQueue();
    for (let port = 1; port <= ports; port++) {
      if (port === 1 || lives.below(n.onNanos + n.offNanos) < n.onNanos) {
        yield rows.bound(port, (port - 1) % vcpus, Channel.interdomain, handler);
        live.add(port);
        queue.push(lives.exponential(n.onNanos), 0, Event.off, port, 0);
      } else queue.push(lives.exponential(n.offNanos), 0, Event.on, port, 0);
    }
    queue.push(gaps.exponential(meanGap(load)), 0, Event.send, 0, 0);
    for (;;) {
      const { cycle: time, kind, a: port } = queue;
      queue.pop();
      if (kind === Event.send) {
        yield rows.send(time, live.ports[which.below(live.ports.length)]!);
        queue.push(time + gaps.exponential(meanGap(load)), 0, Event.send, 0, 0);
      } else if (kind === Event.on) {
        yield rows.bind(time, who.below(vcpus), port, who.below(vcpus), Channel.interdomain, handler);
        queue.push(time + n.settleNanos, 0, Event.settled, port, 0);
      } else if (kind === Event.settled) {
        live.add(port);
        queue.push(time + lives.exponential(n.onNanos), 0, Event.off, port, 0);
      } else if (live.ports.length === 1) {
        // Somebody must be there to be sent to.
        queue.push(time + lives.exponential(n.onNanos), 0, Event.off, port, 0);
      } else {
        live.remove(port);
        yield rows.by(time, Kind.unbind, who.below(vcpus), port);
        queue.push(time + lives.exponential(n.offNanos), 0, Event.on, port, 0);
      }
    }
  },
});
