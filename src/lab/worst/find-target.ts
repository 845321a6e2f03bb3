/** Search over populations and the places and order of unused isrcs: for the longest search inside a bind. */
import { runAlone } from '../../intr/os.ts';
import { createIsrcs } from '../../intr/populate.ts';
import { usageError } from '../../model/errors.ts';
import type { RandomStream } from '../../model/random.ts';
import type { Cycle, Port } from '../../model/units.ts';
import { Rows } from '../../trace/synth/rows.ts';
import { Channel, Handler, Kind, type TraceRow } from '../../trace/table.ts';
import { BenchGuest } from '../bench-guest.ts';
import type { Player } from '../replay.ts';
import type { Scenario } from '../scenario.ts';
import { without } from './shrink.ts';
import type { CaseText, Target } from './target.ts';

/** `ports` isrcs, of which those of some ports were released, in this order. Without any the search finds nothing. */
export interface FindCase {
  readonly ports: number;
  readonly released: readonly Port[];
}

/** Cycles between two binds or unbinds: far more than one takes. */
const APART = 2_000_000;
/** Searches before the one that is estimated. */
const WARM_UP = 4;
/** Ports released at most. */
const MOST_RELEASED = 16;

/** `find`. */
export class FindTarget implements Target<FindCase> {
  readonly name = 'find';
  readonly column = 'find_max_cycles';
  /** Every population, with none or one of its isrcs unused. */
  readonly count: number;
  readonly #scenario: Scenario;
  readonly #ports: number;

  /** @param ports 2..4095: isrcs at most; a UserError (exit 2) for a guest that has none */
  constructor(scenario: Scenario, ports: number) {
    if (!scenario.generation.findsIsrcs) {
      throw usageError(`--target find is about isrcs, of which ${scenario.generation.name} has none`);
    }
    this.#scenario = scenario;
    this.#ports = ports;
    const most = ports - 1;
    this.count = (most * (most + 1)) / 2 + most;
  }

  *all(): Iterable<FindCase> {
    for (let ports = 1; ports < this.#ports; ports++) {
      for (let port = 0; port <= ports; port++) yield { ports, released: port === 0 ? [] : [port] };
    }
  }

  first(random: RandomStream, start: number): FindCase {
    // The last in vector order is the only one: the longest way for a scan from the first.
    if (start === 0) return { ports: this.#ports - 1, released: [this.#ports - 1] };
    const ports = 1 + random.below(this.#ports - 1);
    return { ports, released: [1 + random.below(ports)] };
  }

  near({ ports, released }: FindCase, random: RandomStream): FindCase {
    switch (random.below(5)) {
      case 0: {
        const other = 1 + random.below(this.#ports - 1);
        return { ports: other, released: released.filter((p) => p <= other) };
      }
      case 1: {
        const port = 1 + random.below(ports);
        if (released.includes(port) || released.length === MOST_RELEASED) return { ports, released };
        return { ports, released: [...released, port] };
      }
      case 2: {
        const gone = random.below(Math.max(1, released.length));
        return { ports, released: released.filter((_, i) => i !== gone) };
      }
      case 3: {
        const order = [...released];
        random.shuffle(order);
        return { ports, released: order };
      }
      default: {
        // One moves by a few places.
        const which = random.below(Math.max(1, released.length));
        const moved = Math.min(ports, Math.max(1, (released[which] ?? 1) - 8 + random.below(17)));
        if (released.includes(moved)) return { ports, released };
        return { ports, released: released.map((p, i) => (i === which ? moved : p)) };
      }
    }
  }

  /** As many isrcs, of which the first is unused. */
  plain({ ports }: FindCase): FindCase {
    return { ports, released: [1] };
  }

  /** One search on a guest of its own whose isrcs were created without hypercalls. */
  estimate({ ports, released }: FindCase): Cycle {
    const bench = new BenchGuest(this.#scenario);
    const { guest } = bench;
    const { os, cpus } = guest.freeBsd;
    const cpu = cpus[0]!;
    const isrcs = createIsrcs(os, cpu, ports);
    // Every bind before has searched in vain.
    for (let i = 0; i < WARM_UP; i++) bench.measure(os.generation.find(os, cpu, ports + 1));
    for (const port of released) runAlone(os.generation.putBack(os, cpu, isrcs[port - 1]!));
    guest.applyCacheState(0, cpu.core.now);
    // Xen hands the lowest free port out.
    return bench.measure(os.generation.find(os, cpu, Math.min(...released, ports + 1)));
  }

  *rows({ ports, released }: FindCase): Iterable<TraceRow> {
    const rows = new Rows();
    for (let port = 1; port <= ports; port++) yield rows.bound(port, 0, Channel.interdomain, Handler.filter);
    let time = 0;
    for (const port of released) {
      yield rows.by(time, Kind.unbind, 0, port);
      time += APART;
    }
    yield rows.bind(time, 0, released[0] ?? ports + 1, 0, Channel.interdomain, Handler.filter);
  }

  figure(player: Player): Cycle {
    return player.vcpus.stats.histograms.find.max;
  }

  score(player: Player): number {
    return this.figure(player);
  }

  *simpler({ ports, released }: FindCase): Iterable<FindCase> {
    for (const rest of without(released)) yield { ports, released: rest };
    for (let less = ports >> 1; less >= 1; less >>= 1) {
      const smaller = ports - less;
      if (smaller < 1) continue;
      const fewer = [...new Set(released.map((p) => Math.max(1, p - less)))];
      yield { ports: smaller, released: fewer };
    }
  }

  describe({ ports, released }: FindCase): CaseText {
    const text = released.length === 0 ? 'none unused' : `unused, in order of release: ${released.join(' ')}`;
    return { size: released.length, ports, text };
  }
}
