/**
 * Stores between execution and L1D: when each drains, and which bytes a younger load may take from them.
 *
 * Drain is in program order, at most one store a cycle, not before the store retired and not before its line
 * may be written; ownership is asked for when the address is known. Forwarding looks at the youngest store to
 * each 8-byte chunk only (a direct-mapped table): a load that would need bytes of two stores fails to forward,
 * as on silicon.
 */
import type { Addr, Ready } from '../model/units.ts';

const CHUNKS = 256;
const RING = 256;

/** How a load relates to the stores before it. */
export const Forward = { none: 0, exact: 1, within: 2, fails: 3 } as const;

/** Store queue and forwarding table of one core. */
export class StoreBuffer {
  /** Cycle at which the youngest store is in L1D: the earliest a locked operation may start. */
  drained: Ready = 0;
  /** After `match`: when the store's data is known, and when it is in L1D. */
  dataReady: Ready = 0;
  drain: Ready = 0;
  readonly #entries: number;
  readonly #ring = new Int32Array(RING);
  #count = 0;
  readonly #chunk = new Int32Array(CHUNKS).fill(-1);
  readonly #bytes = new Uint8Array(CHUNKS);
  readonly #data = new Int32Array(CHUNKS);
  readonly #until = new Int32Array(CHUNKS);

  /** @param entries size of the store queue, 1..256 */
  constructor(entries: number) {
    this.#entries = entries;
  }

  /** First cycle at which another store can be dispatched. */
  get free(): Ready {
    return this.#ring[(this.#count - this.#entries) & (RING - 1)]!;
  }

  /**
   * Enters a store.
   *
   * @param data when its data is known
   * @param retired when it retires
   * @param owned when its line may be written
   */
  add(addr: Addr, size: number, data: Ready, retired: Ready, owned: Ready): void {
    const drain = Math.max(retired, this.drained, owned) + 1;
    this.drained = drain;
    this.#ring[this.#count & (RING - 1)] = drain;
    this.#count = (this.#count + 1) & 0x3fffffff;
    const i = (addr >>> 3) & (CHUNKS - 1);
    this.#chunk[i] = addr >>> 3;
    this.#bytes[i] = byteMask(addr, size);
    this.#data[i] = data;
    this.#until[i] = drain;
  }

  /** Whether, and how, a load issued at `t` gets its bytes from a store; sets `dataReady` and `drain`. */
  match(addr: Addr, size: number, t: Ready): number {
    const i = (addr >>> 3) & (CHUNKS - 1);
    if (this.#chunk[i] !== addr >>> 3 || this.#until[i]! <= t) return Forward.none;
    const want = byteMask(addr, size);
    const have = this.#bytes[i]!;
    if ((want & have) === 0) return Forward.none;
    this.dataReady = this.#data[i]!;
    this.drain = this.#until[i]!;
    if (want === have) return Forward.exact;
    return (want & have) === want ? Forward.within : Forward.fails;
  }

  /** Everything has drained: the core's relative time starts again. */
  settle(): void {
    this.drained = 0;
    this.#ring.fill(0);
    this.#chunk.fill(-1);
  }
}

function byteMask(addr: Addr, size: number): number {
  return (((1 << size) - 1) << (addr & 7)) & 0xff;
}
