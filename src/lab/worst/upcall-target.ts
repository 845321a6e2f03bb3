/** Searches over patterns of events: for the longest upcall, and for the longest wait for service. */
import type { RandomStream } from '../../model/random.ts';
import type { Cycle, Port } from '../../model/units.ts';
import type { TraceRow } from '../../trace/table.ts';
import type { Player } from '../replay.ts';
import type { Scenario } from '../scenario.ts';
import { Arena } from './arena.ts';
import { without } from './shrink.ts';
import type { CaseText, Target } from './target.ts';
import {
  type Arrival,
  boundRows,
  eventsOf,
  highestPort,
  patternRows,
  type UpcallCase,
} from './upcall-case.ts';

/** Every so many ports one belongs to a process, and can be masked; the others have filters. */
const USER_EACH = 16;
/** Masked ports of a pattern at most. */
const MOST_MASKED = 4;
/** Patterns of one event after the other are tried only up to so many ports. */
const MOST_BITS = 12;

/** An event that came later and was served first outweighs this many cycles of waiting. */
const OVERTAKING = 1_000_000;
/** Soon behind something: cycles in which a scan that misses every cache serves an event or two. */
const SOON = 4000;
/** Between two sends of a storm: this part of what serving one takes. */
const STORM_PERMILLE = 600;
/** Times at which arrivals are tried: so many times what a plain pattern takes. */
const HORIZON = 2;

/** `scan` and `starve`. */
export class UpcallTarget implements Target<UpcallCase> {
  readonly name: string;
  readonly column: string;
  readonly #what: 'upcall' | 'delivery';
  readonly #ports: number;
  readonly #events: number;
  readonly #users: readonly Port[];
  readonly #arena: Arena;
  /** Cycles within which arrivals are tried. */
  readonly #horizon: number;

  /**
   * @param name `scan`: the longest upcall; `starve`: the event that most later ones are served before, then the longest
   * wait, without time in which the vCPU had no pCPU
   * @param ports 2..4095 that may be used @param events 1 or more in a pattern
   */
  constructor(name: 'scan' | 'starve', scenario: Scenario, ports: number, events: number) {
    this.name = name;
    this.#what = name === 'scan' ? 'upcall' : 'delivery';
    this.column = `${this.#what}_max_cycles`;
    this.#ports = ports;
    this.#events = events;
    this.#users = Array.from({ length: Math.floor(ports / USER_EACH) }, (_, i) => USER_EACH * (i + 1));
    this.#arena = new Arena(scenario, ports, this.#users);
    this.#arena.run(this.#plain(events));
    this.#horizon = HORIZON * this.figure(this.#arena.player);
  }

  /** Sets of pending ports and a cursor; patterns with arrivals have no end. */
  get count(): number | undefined {
    if (this.name !== 'scan' || this.#ports > MOST_BITS) return undefined;
    return ((1 << this.#ports) - 1) * (this.#ports + 1);
  }

  *all(): Iterable<UpcallCase> {
    for (let set = 1; set < 1 << this.#ports; set++) {
      const pending: Port[] = [];
      for (let port = 1; port <= this.#ports; port++) if ((set >> (port - 1)) & 1) pending.push(port);
      if (pending.length > this.#events) continue;
      for (let cursor = 0; cursor <= this.#ports; cursor++)
        yield { cursor, masked: [], pending, arrivals: [] };
    }
  }

  first(random: RandomStream, start: number): UpcallCase {
    if (start === 0) return this.name === 'scan' ? this.#scattered() : this.#storm();
    const ports = Array.from({ length: this.#events }, () => this.#port(random));
    if (this.name === 'scan') return { cursor: this.#port(random), masked: [], pending: ports, arrivals: [] };
    const arrivals = ports.map((port) => ({ after: random.below(this.#horizon / HORIZON), port }));
    return { cursor: this.#port(random), masked: [], pending: [], arrivals: sorted(arrivals) };
  }

  near(c: UpcallCase, random: RandomStream): UpcallCase {
    switch (random.below(8)) {
      case 0:
        return { ...c, cursor: random.below(4) === 0 ? 0 : this.#port(random) };
      case 1:
        return { ...c, masked: this.#otherMasked(c.masked, random) };
      case 2:
      case 3:
        return this.#retimed(c, random);
      case 4:
        return this.#resent(c, random);
      default:
        return this.#moved(c, random);
    }
  }

  /** The lowest ports, pending at once; for a wait, all sent at once. */
  plain(c: UpcallCase): UpcallCase {
    return this.#plain(eventsOf(c));
  }

  #plain(events: number): UpcallCase {
    const usable = Array.from({ length: this.#ports }, (_, i) => i + 1).filter(
      (p) => !this.#users.includes(p),
    );
    const ports = usable.slice(0, events);
    if (this.name === 'scan') return { cursor: 0, masked: [], pending: ports, arrivals: [] };
    return { cursor: 0, masked: [], pending: [], arrivals: ports.map((port) => ({ after: 0, port })) };
  }

  estimate(c: UpcallCase): number {
    this.#arena.run(c);
    return this.score(this.#arena.player);
  }

  *rows(c: UpcallCase): Iterable<TraceRow> {
    yield* boundRows(highestPort(c), c.masked);
    yield* patternRows(c, 0, false);
  }

  figure(player: Player): Cycle {
    return player.vcpus.stats.histograms[this.#what].max;
  }

  score(player: Player): number {
    return this.figure(player) + (this.name === 'scan' ? 0 : OVERTAKING * player.vcpus.overtaken);
  }

  /** What comes before the pattern, with as many ports bound. */
  *prelude(c: UpcallCase): Iterable<TraceRow> {
    yield* boundRows(highestPort(c), c.masked);
    yield* patternRows({ ...c, pending: [], arrivals: [] }, 0, false);
  }

  /** With lower ports, then with fewer events. */
  *simpler(c: UpcallCase): Iterable<UpcallCase> {
    const ports = [c.cursor, ...c.masked, ...c.pending, ...c.arrivals.map((a) => a.port)];
    const used = [...new Set(ports.filter((p) => p > 0))].sort((a, b) => a - b);
    const dense = new Map(used.map((port, i) => [port, i + 1]));
    const groups = [...new Set(used.map((port) => port >>> 6))];
    const closer = new Map(used.map((port) => [port, groups.indexOf(port >>> 6) * 64 + (port & 63)]));
    for (const map of [dense, closer]) {
      // Port 0 is never handed out.
      if (!map.has(0) && [...map.values()].every((p) => p > 0)) {
        const lower = renamed(c, map);
        if (highestPort(lower) < highestPort(c)) yield lower;
      }
    }
    for (const masked of without(c.masked)) yield { ...c, masked };
    if (c.cursor > 0) yield { ...c, cursor: 0 };
    const keeps = (rest: UpcallCase) => eventsOf(rest) > 0;
    for (const pending of without(c.pending)) if (keeps({ ...c, pending })) yield { ...c, pending };
    for (const arrivals of without(c.arrivals)) if (keeps({ ...c, arrivals })) yield { ...c, arrivals };
  }

  describe(c: UpcallCase): CaseText {
    const list = (ports: readonly Port[]) => (ports.length === 0 ? 'none' : ports.join(' '));
    const arrivals = c.arrivals.map((a) => `${a.port}@${a.after}`).join(' ');
    const text = [
      `served before: ${c.cursor === 0 ? 'none' : c.cursor}`,
      `masked: ${list(c.masked)}`,
      `pending: ${list(c.pending)}`,
      `arrivals: ${arrivals === '' ? 'none' : arrivals}`,
    ].join('; ');
    return { size: eventsOf(c), ports: highestPort(c), text };
  }

  /** As few ports in a group as there can be, and the group after the cursor entered behind its port. */
  #scattered(): UpcallCase {
    const groups = (this.#ports >>> 6) + 1;
    const pending = Array.from({ length: this.#events }, (_, i) =>
      this.#filter((i % groups) * 64 + 1 + 2 * Math.floor(i / groups)),
    );
    return { cursor: this.#filter(this.#ports), masked: [], pending, arrivals: [] };
  }

  /** Four ports of one group are sent to again and again, faster than they are served; one of another group once. */
  #storm(): UpcallCase {
    const apart = Math.floor((STORM_PERMILLE * this.#horizon) / (1000 * HORIZON * this.#events));
    const arrivals = Array.from({ length: this.#events - 1 }, (_, i) => ({
      after: i * apart,
      port: 1 + (i % 4),
    }));
    const victim = { after: 4 * apart, port: this.#filter(Math.min(70, this.#ports)) };
    return { cursor: 0, masked: [], pending: [], arrivals: sorted([...arrivals, victim]) };
  }

  /** The port, or one beside it that has a filter. */
  #filter(port: Port): Port {
    const there = Math.min(this.#ports, port);
    return there % USER_EACH === 0 ? there - 1 : there;
  }

  /** A port with a filter. */
  #port(random: RandomStream): Port {
    for (;;) {
      const port = 1 + random.below(this.#ports);
      if (port % USER_EACH !== 0) return port;
    }
  }

  #otherMasked(masked: readonly Port[], random: RandomStream): Port[] {
    if (masked.length > 0 && random.below(2) === 0)
      return masked.filter((_, i) => i !== random.below(masked.length));
    const port = this.#users[random.below(Math.max(1, this.#users.length))];
    if (port === undefined || masked.includes(port) || masked.length === MOST_MASKED) return [...masked];
    return [...masked, port].sort((a, b) => a - b);
  }

  /** One event goes to another port: any, one in its group, or the port of another event. */
  #moved(c: UpcallCase, random: RandomStream): UpcallCase {
    const which = random.below(eventsOf(c));
    const old = which < c.pending.length ? c.pending[which]! : c.arrivals[which - c.pending.length]!.port;
    const how = random.below(3);
    let port = this.#port(random);
    if (how === 1) port = Math.min(this.#ports, Math.max(1, (old & ~63) + (port & 63)));
    else if (how === 2) {
      const other = random.below(eventsOf(c));
      port = other < c.pending.length ? c.pending[other]! : c.arrivals[other - c.pending.length]!.port;
    }
    if (port % USER_EACH === 0) return c;
    if (which < c.pending.length) return { ...c, pending: c.pending.map((p, i) => (i === which ? port : p)) };
    const at = which - c.pending.length;
    return { ...c, arrivals: c.arrivals.map((a, i) => (i === at ? { ...a, port } : a)) };
  }

  /** One arrival comes at another time: near its own, any, or soon behind another; or it and all behind it come earlier or later. */
  #retimed(c: UpcallCase, random: RandomStream): UpcallCase {
    if (c.arrivals.length === 0) return this.#resent(c, random);
    const which = random.below(c.arrivals.length);
    const how = random.below(4);
    const by = random.below(1001) - 500;
    const other = c.arrivals[random.below(c.arrivals.length)]!.after + random.below(SOON);
    const anywhere = how === 1 ? random.below(this.#horizon) : other;
    const arrivals = c.arrivals.map((a, i) => {
      if (how === 0 ? i < which : i !== which) return a;
      return { ...a, after: how === 1 || how === 2 ? anywhere : Math.max(0, a.after + by) };
    });
    return { ...c, arrivals: sorted(arrivals) };
  }

  /** A pending port becomes an arrival, or an arrival pending. */
  #resent(c: UpcallCase, random: RandomStream): UpcallCase {
    if (this.name !== 'scan') return this.#moved(c, random);
    const which = random.below(eventsOf(c));
    if (which < c.pending.length) {
      const arrival = { after: random.below(this.#horizon), port: c.pending[which]! };
      const pending = c.pending.filter((_, i) => i !== which);
      return { ...c, pending, arrivals: sorted([...c.arrivals, arrival]) };
    }
    const at = which - c.pending.length;
    const arrivals = c.arrivals.filter((_, i) => i !== at);
    return { ...c, pending: [...c.pending, c.arrivals[at]!.port], arrivals };
  }
}

/** By time; of two at once the first stays first. */
function sorted(arrivals: readonly Arrival[]): Arrival[] {
  return [...arrivals].sort((a, b) => a.after - b.after);
}

function renamed(c: UpcallCase, names: ReadonlyMap<Port, Port>): UpcallCase {
  const name = (port: Port) => (port === 0 ? 0 : names.get(port)!);
  return {
    cursor: name(c.cursor),
    masked: c.masked.map(name),
    pending: c.pending.map(name),
    arrivals: c.arrivals.map(({ after, port }) => ({ after, port: name(port) })),
  };
}
