/**
 * Recorded port numbers and the ports the modelled Xen hands out for them. They are the same as long as the
 * model binds in the recorded order from the recorded population; the map makes a run right when they are not.
 */
import type { Port } from '../model/units.ts';
import { PORTS } from '../xen/abi.ts';

/** What is known of a recorded port. */
export const PortState = { unbound: 0, binding: 1, bound: 2 } as const;

/** A two-way map; port 0 stands for none. */
export class PortMap {
  readonly #model = new Int16Array(PORTS);
  readonly #recorded = new Int16Array(PORTS);
  readonly #state = new Uint8Array(PORTS);

  /** Port of the model for a recorded one; 0 while it is not bound. */
  model(recorded: Port): Port {
    return this.#model[recorded]!;
  }

  /** Recorded port for one of the model; 0 for a port no trace names. */
  recorded(model: Port): Port {
    return this.#recorded[model]!;
  }

  /** One of `PortState`. */
  state(recorded: Port): number {
    return this.#state[recorded]!;
  }

  /** A bind of the recorded port is queued. */
  binding(recorded: Port): void {
    this.#state[recorded] = PortState.binding;
  }

  /** The recorded port is bound. */
  bound(recorded: Port, model: Port): void {
    this.#model[recorded] = model;
    this.#recorded[model] = recorded;
    this.#state[recorded] = PortState.bound;
  }

  /** The recorded port is unbound. */
  unbound(recorded: Port): void {
    this.#recorded[this.#model[recorded]!] = 0;
    this.#model[recorded] = 0;
    this.#state[recorded] = PortState.unbound;
  }
}
