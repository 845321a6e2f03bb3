/**
 * What happened to a guest's isrcs before a recording begins: nothing, or guests that came and went.
 *
 * The ports of a recording that churn (its channels to other domains and those of the evtchn device; not IPIs,
 * timers, debug and devices' lines) are unbound and bound again in groups, as when a guest is restarted: unbound in
 * any order, bound in ascending order, so that Xen's lowest-free-port rule gives every port its old number. All that
 * changes is which isrc, event, counter and handler a port has, and what lies where in the heap.
 *
 * Before that, spare ports were bound once, behind the others, and unbound: the high-water mark of a busier time.
 */
import { HandlerKind } from '../../intr/os.ts';
import { RandomStream } from '../../model/random.ts';
import { ChannelKind } from '../../xen/abi.ts';
import type { BoundPort, History } from '../before-time.ts';
import type { Vcpus } from '../vcpus.ts';
import { Work } from '../work-queue.ts';

/** The choices. */
export const HISTORIES = ['none', 'churn', 'shuffle'] as const;
/**
 * `none`: isrcs in the order of the boot; `churn`: groups of ports were unbound and bound, round after round;
 * `shuffle`: all at once, with isrcs at random, whatever the strategy.
 */
export type HistoryName = (typeof HISTORIES)[number];

/** How much happened. */
export interface Churn {
  readonly rounds: number;
  /** Ports of a guest that comes and goes: 4 are console, xenstore, vif and vbd (fact sheet on FreeBSD, 4.3). */
  readonly group: number;
  /** Isrcs that a busier time left unused. */
  readonly spare: number;
  readonly seed: number;
}

/** What the allocator was asked for on the way, for its own account. */
export interface HistoryCost {
  binds: number;
  findCycles: number;
  bindCycles: number;
}

/**
 * A history; what it cost is added to `cost`.
 *
 * @param name not `none`
 */
export function historyOf(name: HistoryName, churn: Churn, cost: HistoryCost): History {
  return (vcpus, ports) => {
    const random = new RandomStream(churn.seed, 'churn');
    const churned = ports.filter(churns);
    makeSpares(vcpus, ports, churn.spare);
    if (name === 'shuffle') restart(vcpus, churned, random);
    for (let round = 0; name === 'churn' && round < churn.rounds; round++) {
      const group = [...churned];
      shuffle(random, group);
      restart(vcpus, group.slice(0, churn.group), random);
    }
    const { find, bind } = vcpus.stats.histograms;
    cost.binds = bind.count;
    cost.findCycles = find.sum;
    cost.bindCycles = bind.sum;
  };
}

function churns({ channel, handler }: BoundPort): boolean {
  if (channel === ChannelKind.interdomain || channel === ChannelKind.unbound) return true;
  return channel === ChannelKind.virq && handler === HandlerKind.user;
}

/** Binds ports behind those of the trace and unbinds them: their isrcs stay. */
function makeSpares(vcpus: Vcpus, ports: readonly BoundPort[], spare: number): void {
  const taken = new Set(ports.map(({ port }) => port));
  const free: number[] = [];
  // Names that no row of the trace has; Xen hands out numbers of its own.
  for (let port = 4095; free.length < spare && port > 0; port--) if (!taken.has(port)) free.push(port);
  for (const port of free)
    bind(vcpus, { port, channel: ChannelKind.interdomain, handler: HandlerKind.filter, vcpu: 0 });
  for (const port of free) unbind(vcpus, port);
}

/** Unbinds a group in random order and binds it again in the order of Xen's numbers. */
function restart(vcpus: Vcpus, group: readonly BoundPort[], random: RandomStream): void {
  const ascending = [...group].sort((a, b) => vcpus.ports.model(a.port) - vcpus.ports.model(b.port));
  const order = [...ascending];
  shuffle(random, order);
  for (const { port } of order) unbind(vcpus, port);
  for (const port of ascending) bind(vcpus, port);
}

function bind(vcpus: Vcpus, { port, channel, handler, vcpu }: BoundPort): void {
  vcpus.give(0, Work.bind, port, channel, (handler << 8) | vcpu);
  vcpus.engine.runTo(Number.POSITIVE_INFINITY);
}

function unbind(vcpus: Vcpus, port: number): void {
  vcpus.give(0, Work.unbind, port);
  vcpus.engine.runTo(Number.POSITIVE_INFINITY);
}

function shuffle<T>(random: RandomStream, items: T[]): void {
  const order = new Int32Array(items.length).map((_, i) => i);
  random.shuffle(order);
  const copy = [...items];
  order.forEach((from, to) => {
    items[to] = copy[from]!;
  });
}
