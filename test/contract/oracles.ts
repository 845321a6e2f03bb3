/**
 * The orders in which strategies hand isrcs out, as plain as they can be said: which isrc has to come back, by its
 * number. They know no cycles, no memory and no locks.
 */
import type { Order } from '../../src/intr/alloc/strategies.ts';

/** What a strategy has to do. */
export interface Oracle {
  /** The isrc that a CPU must get for a port; undefined if none can be had, so that one has to be created. */
  take(cpu: number, port: number): number | undefined;
  /** A CPU gives an isrc back. */
  give(cpu: number, isrc: number): void;
  /** An isrc was created for a port, in use. */
  created(isrc: number, port: number): void;
}

/** The unused ones by number, for the orders that go by number. */
abstract class ByNumber implements Oracle {
  protected readonly unused: boolean[] = [];
  protected free = 0;

  abstract take(cpu: number, port: number): number | undefined;

  give(_cpu: number, isrc: number): void {
    this.unused[isrc] = true;
    this.free++;
  }

  created(isrc: number): void {
    this.unused[isrc] = false;
  }

  protected taken(isrc: number): number {
    this.unused[isrc] = false;
    this.free--;
    return isrc;
  }
}

class Lowest extends ByNumber {
  take(): number | undefined {
    return this.free === 0 ? undefined : this.taken(this.unused.indexOf(true));
  }
}

/** From behind the one found last, round and round. */
class Rotor extends ByNumber {
  #next = 0;

  take(): number | undefined {
    if (this.free === 0) return undefined;
    const behind = this.unused.indexOf(true, this.#next);
    const isrc = this.taken(behind < 0 ? this.unused.indexOf(true) : behind);
    this.#next = (isrc + 1) % this.unused.length;
    return isrc;
  }
}

/** One list for all CPUs. */
abstract class Listed implements Oracle {
  protected readonly unused: number[] = [];

  abstract take(): number | undefined;

  give(_cpu: number, isrc: number): void {
    this.unused.push(isrc);
  }

  created(): void {}
}

class Lifo extends Listed {
  take(): number | undefined {
    return this.unused.pop();
  }
}

class Fifo extends Listed {
  take(): number | undefined {
    return this.unused.shift();
  }
}

/**
 * Two buckets a CPU, of 13: what is given goes to the one that is taken from while it has room, else to the other;
 * full ones go to a common stack when both are, and come from there when both are empty.
 */
class LifoByCpu implements Oracle {
  readonly #size = 13;
  readonly #taking: Array<number[] | undefined> = [];
  readonly #giving: Array<number[] | undefined> = [];
  readonly #full: number[][] = [];

  take(cpu: number): number | undefined {
    if ((this.#taking[cpu]?.length ?? 0) === 0) {
      if ((this.#giving[cpu]?.length ?? 0) > 0) {
        const taking = this.#taking[cpu];
        this.#taking[cpu] = this.#giving[cpu];
        this.#giving[cpu] = taking;
      } else {
        const bucket = this.#full.pop();
        if (bucket === undefined) return undefined;
        this.#taking[cpu] = bucket;
      }
    }
    return this.#taking[cpu]!.pop();
  }

  give(cpu: number, isrc: number): void {
    const room = (bucket: number[] | undefined) => bucket !== undefined && bucket.length < this.#size;
    if (room(this.#taking[cpu])) {
      this.#taking[cpu]!.push(isrc);
      return;
    }
    if (!room(this.#giving[cpu])) {
      const old = this.#giving[cpu];
      if (old !== undefined) this.#full.push(old);
      this.#giving[cpu] = [];
    }
    this.#giving[cpu]!.push(isrc);
  }

  created(): void {}
}

/** Each port has its own. */
class ByPort implements Oracle {
  readonly #of = new Map<number, number>();

  take(_cpu: number, port: number): number | undefined {
    return this.#of.get(port);
  }

  give(): void {}

  created(isrc: number, port: number): void {
    this.#of.set(port, isrc);
  }
}

const ORACLES: Readonly<Record<Order, new () => Oracle>> = {
  lowest: Lowest,
  lifo: Lifo,
  fifo: Fifo,
  rotor: Rotor,
  'lifo by cpu': LifoByCpu,
  port: ByPort,
};

/** The oracle of an order, with no isrcs yet. */
export function oracleOf(order: Order): Oracle {
  return new ORACLES[order]();
}
