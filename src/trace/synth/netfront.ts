/**
 * Netfront with several queues. Packets come in batches; the backend sends an event only when the frontend has asked
 * for one, which it does after it has emptied the ring: so a batch is one event, and packets that come while the
 * frontend is still at the ring are none.
 */
import { EventQueue } from '../../model/event-queue.ts';
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler, Kind } from '../table.ts';
import { defineLoad, type Load, refuseIf } from './load.ts';
import { Rows } from './rows.ts';

const PARAMS = {
  batch: {
    value: 8,
    unit: 'packets',
    min: 1,
    max: 256,
    what: 'mean of a batch: uniform, 1 to twice that less 1',
  },
  packetNanos: { value: 500, unit: 'ns', min: 1, max: 1e6, what: 'between two packets of a batch' },
  pollNanos: {
    value: 3000,
    unit: 'ns',
    min: 0,
    max: 1e9,
    what: 'the frontend is at the ring after the last packet of a batch',
  },
  mitigated: { value: 1, unit: 'bool', min: 0, max: 1, what: 'one event a batch; 0: one for each packet' },
  notifyPermille: {
    value: 250,
    unit: '1/1000',
    min: 0,
    max: 1000,
    what: 'batches after which the guest sends an event back: buffers, or packets of its own',
  },
} as const;

type NetLoad = Load<typeof PARAMS>;

/** Mean time between the end of a queue's batch, with what belongs to it, and its next batch, ns. */
function pauseOf({ gapNanos, vcpus, ports, n }: NetLoad): number {
  const cycle = (ports * gapNanos) / vcpus;
  const sends = n.mitigated === 1 ? 1 : n.batch;
  return sends * cycle - n.batch * n.packetNanos - n.pollNanos;
}

/** What the generator waits for; the operand is the queue. */
const Event = { batch: 0, packet: 1, notify: 2 } as const;

/** `netfront`. */
export const NETFRONT = defineLoad({
  name: 'netfront',
  what: 'a network frontend with a port a queue (--ports, 4 by default as in FreeBSD), batches, interrupts mitigated',
  gapNanos: 20_000,
  params: PARAMS,
  // hw.xn.num_queues.
  portsOf: () => 4,
  takesPorts: true,
  check(load) {
    refuseIf(
      pauseOf(load) < 1,
      `batches come faster than they take: expected a longer --gap, more --ports, or a smaller packetNanos, pollNanos or batch`,
    );
  },
  *rows(load) {
    const { vcpus, ports, seed, n } = load;
    const rows = new Rows();
    for (let port = 1; port <= ports; port++) {
      yield rows.bound(port, (port - 1) % vcpus, Channel.interdomain, Handler.ithread);
    }
    const pauses = new RandomStream(seed, 'pauses');
    const sizes = new RandomStream(seed, 'sizes');
    const back = new RandomStream(seed, 'back');
    const mean = pauseOf(load);
    const left = new Int32Array(ports + 1);
    const queue = new EventQueue();
    for (let port = 1; port <= ports; port++) queue.push(pauses.exponential(mean), 0, Event.batch, port, 0);
    for (;;) {
      const { cycle: time, kind, a: port } = queue;
      queue.pop();
      const vcpu = (port - 1) % vcpus;
      if (kind === Event.notify) {
        yield rows.by(time, Kind.notify, vcpu, port);
        continue;
      }
      if (kind === Event.batch) left[port] = 1 + sizes.below(2 * n.batch - 1);
      if (kind === Event.batch || n.mitigated === 0) yield rows.send(time, port);
      const packets = n.mitigated === 1 ? left[port]! : 1;
      left[port]! -= packets;
      const end = time + packets * n.packetNanos;
      if (left[port]! > 0) queue.push(end, 0, Event.packet, port, 0);
      else {
        const done = end + n.pollNanos;
        if (back.below(1000) < n.notifyPermille) queue.push(done, 0, Event.notify, port, 0);
        queue.push(done + pauses.exponential(mean), 0, Event.batch, port, 0);
      }
    }
  },
});
