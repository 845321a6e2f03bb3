/**
 * The states that orders of one length lead to: rows of integers side by side, with a hash table over them.
 */

/** A set of rows that keeps the order in which they came, and a sum of orders for each. */
export class Layer {
  readonly stride: number;
  length = 0;
  data: Int32Array;
  readonly orders: bigint[] = [];
  #table = new Int32Array(1024).fill(-1);

  constructor(stride: number) {
    this.stride = stride;
    this.data = new Int32Array(256 * stride);
  }

  /** Adds a state or finds it; returns its place. The orders that lead to it are added up. */
  add(state: Int32Array, orders: bigint): number {
    const mask = this.#table.length - 1;
    let slot = this.#hash(state, 0) & mask;
    for (;;) {
      const place = this.#table[slot]!;
      if (place < 0) break;
      if (this.#same(place, state)) {
        this.orders[place] = this.orders[place]! + orders;
        return place;
      }
      slot = (slot + 1) & mask;
    }
    const place = this.length++;
    if (this.length * this.stride > this.data.length) {
      const wider = new Int32Array(this.data.length * 2);
      wider.set(this.data);
      this.data = wider;
    }
    this.data.set(state, place * this.stride);
    this.orders.push(orders);
    this.#table[slot] = place;
    if (this.length * 2 > this.#table.length) this.#rehash();
    return place;
  }

  #same(place: number, state: Int32Array): boolean {
    const at = place * this.stride;
    for (let i = 0; i < this.stride; i++) if (this.data[at + i] !== state[i]) return false;
    return true;
  }

  #hash(data: Int32Array, at: number): number {
    let h = 0;
    for (let i = 0; i < this.stride; i++) {
      h = Math.imul(h ^ data[at + i]!, 0x9e3779b1);
      h ^= h >>> 15;
    }
    return h >>> 0;
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2).fill(-1);
    const mask = table.length - 1;
    for (let place = 0; place < this.length; place++) {
      let slot = this.#hash(this.data, place * this.stride) & mask;
      while (table[slot]! >= 0) slot = (slot + 1) & mask;
      table[slot] = place;
    }
    this.#table = table;
  }
}
