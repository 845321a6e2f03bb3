/**
 * A FreeBSD guest of its own: per vCPU timer, debug and IPIs; xenstore and console; a port a network queue and a disk
 * (fact sheet on FreeBSD, 4.1 and 4.3, read in its drivers): V * (I + 2) + 2 + nics * queues + disks. Now and then it is
 * suspended and restored elsewhere: its kernel binds VIRQs and IPIs again, each driver unbinds what is gone and binds
 * anew (3.9), and nothing is sent to drivers until they all have.
 */
import { EventQueue } from '../../model/event-queue.ts';
import { RandomStream } from '../../model/random.ts';
import { Channel, Handler, Kind } from '../table.ts';
import { defineLoad, meanGap } from './load.ts';
import { Rows } from './rows.ts';

const PARAMS = {
  ipis: { value: 6, unit: 'ports', min: 0, max: 9, what: 'IPIs of each vCPU: 9, 6, or 0 with APICv' },
  nics: { value: 1, unit: 'nics', min: 0, max: 16, what: 'network frontends' },
  queues: { value: 4, unit: 'ports', min: 1, max: 64, what: 'queues of a network frontend' },
  disks: { value: 1, unit: 'disks', min: 0, max: 64, what: 'block frontends' },
  timerPermille: { value: 100, unit: '1/1000', min: 0, max: 1000, what: 'of the sends: timers' },
  ipiPermille: { value: 250, unit: '1/1000', min: 0, max: 1000, what: 'of the sends: IPIs' },
  restoreNanos: {
    value: 5_000_000,
    unit: 'ns',
    min: 0,
    max: 1e12,
    what: 'mean time from the last rebind to the next suspension; 0: never (only FreeBSD with the 2-level ABI replays them)',
  },
  opNanos: {
    value: 50_000,
    unit: 'ns',
    min: 1,
    max: 1e9,
    what: 'mean time between two rebinds after a restore',
  },
  settleNanos: {
    value: 50_000,
    unit: 'ns',
    min: 0,
    max: 1e9,
    what: 'from the last rebind to the first event',
  },
} as const;

/** What the generator waits for. */
const Event = { send: 0, restore: 1, unbind: 2, bind: 3, settled: 4 } as const;

/** `domu`. */
export const DOMU = defineLoad({
  name: 'domu',
  what: 'a FreeBSD guest of its own, which is suspended and restored now and then',
  gapNanos: 20_000,
  params: PARAMS,
  portsOf: (vcpus, n) => vcpus * (n.ipis + 2) + 2 + n.nics * n.queues + n.disks,
  takesPorts: false,
  *rows(load) {
    const { vcpus, ports, seed, n } = load;
    const rows = new Rows();
    const each = n.ipis + 2;
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      for (let i = 0; i < each; i++) {
        const channel = i < 2 ? Channel.virq : Channel.ipi;
        yield rows.bound(1 + vcpu * each + i, vcpu, channel, Handler.filter);
      }
    }
    const firstDriver = 1 + vcpus * each;
    for (let port = firstDriver; port <= ports; port++) {
      yield rows.bound(port, (port - firstDriver) % vcpus, Channel.unbound, Handler.ithread);
    }
    const gaps = new RandomStream(seed, 'gaps');
    const sources = new RandomStream(seed, 'sources');
    const lives = new RandomStream(seed, 'lives');
    const queue = new EventQueue();
    const later = (time: number) => {
      if (n.restoreNanos > 0) queue.push(time + lives.exponential(n.restoreNanos), 0, Event.restore, 0, 0);
    };
    let connected = true;
    queue.push(gaps.exponential(meanGap(load)), 0, Event.send, 0, 0);
    later(0);
    for (;;) {
      const { cycle: time, kind, a: port } = queue;
      queue.pop();
      if (kind === Event.send) {
        queue.push(time + gaps.exponential(meanGap(load)), 0, Event.send, 0, 0);
        const vcpu = sources.below(vcpus);
        const share = sources.below(1000);
        const timer = 1 + vcpu * each;
        const ipis = n.ipis > 0 && vcpus > 1;
        if (share >= n.timerPermille && ipis && (share < n.timerPermille + n.ipiPermille || !connected)) {
          const by = (vcpu + 1 + sources.below(vcpus - 1)) % vcpus;
          yield rows.send(time, timer + 2 + sources.below(n.ipis), by);
        } else if (share < n.timerPermille || !connected) yield rows.send(time, timer);
        else yield rows.send(time, firstDriver + sources.below(ports - firstDriver + 1));
      } else if (kind === Event.restore) {
        connected = false;
        yield rows.by(time, Kind.restore, 0, 0);
        queue.push(time + lives.exponential(n.opNanos), 0, Event.unbind, firstDriver, 0);
      } else if (kind === Event.unbind) {
        yield rows.by(time, Kind.unbind, lives.below(vcpus), port);
        queue.push(time + lives.exponential(n.opNanos), 0, Event.bind, port, 0);
      } else if (kind === Event.bind) {
        const to = (port - firstDriver) % vcpus;
        yield rows.bind(time, lives.below(vcpus), port, to, Channel.unbound, Handler.ithread);
        const next = port < ports ? Event.unbind : Event.settled;
        const wait = port < ports ? lives.exponential(n.opNanos) : n.settleNanos;
        queue.push(time + wait, 0, next, port + 1, 0);
      } else {
        connected = true;
        later(time);
      }
    }
  },
});
