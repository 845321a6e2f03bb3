/**
 * Stores between execution and L1D: when each drains, and which bytes a younger load may take from them.
 *
 * Drain is in program order, one line a cycle and a few stores to it, not before the store retired and not before its line
 * may be written; ownership is asked for when the address is known.
 *
 * Forwarding looks at each 8-byte chunk (a direct-mapped table): the youngest store to it, and under it what is
 * left of the older ones, as one. A load that needs bytes of two stores fails to forward, as on silicon.
 */
import type { Addr, Ready } from '../model/units.ts';
import { Ring } from './ring.ts';

const CHUNKS = 256;

/** How a load relates to the stores before it. */
export const Forward = { none: 0, exact: 1, within: 2, fails: 3, locked: 4, lockedFails: 5 } as const;

/** Store queue and forwarding table of one core. */
export class StoreBuffer {
  /** Cycle at which the youngest store is in L1D: the earliest a locked operation may start. */
  drained: Ready = 0;
  /** After `match`: when the store's data is known, and when it is in L1D. */
  dataReady: Ready = 0;
  drain: Ready = 0;
  readonly #queue: Ring;
  readonly #perCycle: number;
  readonly #latency: number;
  #slots = 0;
  /** Line of the youngest store: only stores to one line drain in the same cycle. */
  #line = -1;
  readonly #chunk = new Int32Array(CHUNKS).fill(-1);
  readonly #bytes = new Uint8Array(CHUNKS);
  readonly #data = new Int32Array(CHUNKS);
  readonly #until = new Int32Array(CHUNKS);
  /** Whether the youngest store to the chunk was a locked operation. */
  readonly #locked = new Uint8Array(CHUNKS);
  /** The older stores under the youngest: their bytes, how many they are (2: several), data and drain. */
  readonly #underBytes = new Uint8Array(CHUNKS);
  readonly #underCount = new Uint8Array(CHUNKS);
  readonly #underData = new Int32Array(CHUNKS);
  readonly #underUntil = new Int32Array(CHUNKS);

  /**
   * @param entries size of the store queue
   * @param perCycle stores that drain in a cycle
   * @param latency cycles from a store's retirement to L1D
   */
  constructor(entries: number, perCycle: number, latency: number) {
    this.#latency = latency;
    this.#queue = new Ring(entries);
    this.#perCycle = perCycle;
  }

  /** First cycle at which another store can be dispatched. */
  get free(): Ready {
    return this.#queue.free;
  }

  /**
   * Enters a store.
   *
   * @param data when its data is known
   * @param retired when it retires
   * @param owned when its line may be written
   */
  add(addr: Addr, size: number, data: Ready, retired: Ready, owned: Ready): void {
    let drain = Math.max(retired + this.#latency, owned + 1);
    if (drain > this.drained) this.#slots = this.#perCycle - 1;
    else if (--this.#slots >= 0 && addr >>> 6 === this.#line) drain = this.drained;
    else {
      drain = this.drained + 1;
      this.#slots = this.#perCycle - 1;
    }
    this.#line = addr >>> 6;
    this.drained = drain;
    this.#queue.add(drain);
    const chunk = addr >>> 3;
    const i = chunk & (CHUNKS - 1);
    const bytes = byteMask(addr, size);
    if (this.#chunk[i] === chunk) this.#cover(i, bytes, retired);
    else this.#underBytes[i] = 0;
    this.#enter(i, chunk, bytes, data, drain);
    this.#locked[i] = 0;
  }

  /**
   * Enters the store of a locked operation.
   *
   * @param done when its value is known: a load of its bytes gets it then
   * @param over when the next locked operation may start
   */
  addLocked(addr: Addr, size: number, done: Ready, over: Ready): void {
    this.drained = over;
    this.#slots = 0;
    this.#queue.add(over);
    const i = (addr >>> 3) & (CHUNKS - 1);
    this.#underBytes[i] = 0;
    this.#enter(i, addr >>> 3, byteMask(addr, size), done, over);
    this.#locked[i] = 1;
  }

  /** Whether, and how, a load issued at `t` gets its bytes from a store; sets `dataReady` and `drain`. */
  match(addr: Addr, size: number, t: Ready): number {
    const i = (addr >>> 3) & (CHUNKS - 1);
    if (this.#chunk[i] !== addr >>> 3 || this.#until[i]! <= t) return Forward.none;
    const want = byteMask(addr, size);
    const have = this.#bytes[i]!;
    const under = this.#underUntil[i]! > t ? this.#underBytes[i]! : 0;
    this.dataReady = this.#data[i]!;
    this.drain = this.#until[i]!;
    if (this.#locked[i] === 1) {
      if ((want & have) === 0) return Forward.none;
      return (want & have) === want ? Forward.locked : Forward.lockedFails;
    }
    if (want === have) return Forward.exact;
    if ((want & have) === want) return Forward.within;
    if ((want & (have | under)) === 0) return Forward.none;
    if ((want & have) !== 0) return Forward.fails;
    this.dataReady = this.#underData[i]!;
    this.drain = this.#underUntil[i]!;
    if (this.#underCount[i] !== 1 || (want & under) !== want) return Forward.fails;
    return want === under ? Forward.exact : Forward.within;
  }

  /** Everything has drained: the core's relative time starts again. */
  settle(): void {
    this.drained = 0;
    this.#queue.clear();
    this.#chunk.fill(-1);
  }

  #enter(i: number, chunk: number, bytes: number, data: Ready, drain: Ready): void {
    this.#chunk[i] = chunk;
    this.#bytes[i] = bytes;
    this.#data[i] = data;
    this.#until[i] = drain;
  }

  /** The youngest store of a chunk is about to be one of `bytes`: what it leaves of the older ones goes under it. */
  #cover(i: number, bytes: number, now: Ready): void {
    const young = this.#until[i]! > now ? this.#bytes[i]! & ~bytes : 0;
    const old = this.#underUntil[i]! > now ? this.#underBytes[i]! & ~bytes & ~this.#bytes[i]! : 0;
    if (young !== 0) {
      // A store that lost some of its bytes, or stands beside another, can only be waited for.
      const whole = old === 0 && young === this.#bytes[i]!;
      this.#underCount[i] = whole ? 1 : 2;
      this.#underData[i] = this.#data[i]!;
      this.#underUntil[i] = this.#until[i]!;
    } else if (old !== this.#underBytes[i]!) this.#underCount[i] = 2;
    this.#underBytes[i] = young | old;
  }
}

function byteMask(addr: Addr, size: number): number {
  return (((1 << size) - 1) << (addr & 7)) & 0xff;
}
