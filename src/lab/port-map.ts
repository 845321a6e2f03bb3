/**
 * Recorded port numbers and the ports the modelled Xen hands out for them. They are the same as long as the
 * model binds in the recorded order from the recorded population; the map makes a run right when they are not.
 */
import type { Addr, Port } from '../model/units.ts';
import { type ChannelKindCode, PORTS } from '../xen/abi.ts';

/** What is known of a recorded port. */
export const PortState = { unbound: 0, binding: 1, bound: 2, moving: 3 } as const;

/** A two-way map; port 0 stands for none. */
export class PortMap {
  readonly #model = new Int16Array(PORTS);
  readonly #recorded = new Int16Array(PORTS);
  readonly #state = new Uint8Array(PORTS);
  /** Kind of the channel, by recorded port. */
  readonly #kind = new Uint8Array(PORTS);
  /** By recorded port: what served it before the domain was restored, and still has to be given back; 0 for none. */
  readonly #stale = new Int32Array(PORTS);

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

  /** Kind of the channel of a recorded port that is bound. */
  kind(recorded: Port): ChannelKindCode {
    return this.#kind[recorded] as ChannelKindCode;
  }

  /** What the driver of a recorded port has to give back since the domain was restored; 0 for nothing. */
  stale(recorded: Port): Addr {
    return this.#stale[recorded]!;
  }

  /** Recorded ports that have a port of the model, ascending. */
  get live(): Port[] {
    const ports: Port[] = [];
    for (let port = 0; port < PORTS; port++) if (this.#model[port] !== 0) ports.push(port);
    return ports;
  }

  /** The channel of a recorded port is gone with the old domain: its driver has `source` to give back. */
  lost(recorded: Port, source: Addr): void {
    this.#model[recorded] = 0;
    this.#stale[recorded] = source;
  }

  /** A bind of the recorded port is queued. */
  binding(recorded: Port): void {
    this.#state[recorded] = PortState.binding;
  }

  /** The recorded port is bound. */
  bound(recorded: Port, model: Port, kind: ChannelKindCode): void {
    this.#model[recorded] = model;
    this.#recorded[model] = recorded;
    this.#kind[recorded] = kind;
    this.#state[recorded] = PortState.bound;
  }

  /** A move of the recorded port is queued: nothing else may be done with it before it ends. */
  moving(recorded: Port): void {
    this.#state[recorded] = PortState.moving;
  }

  /** The move has ended. */
  moved(recorded: Port): void {
    this.#state[recorded] = PortState.bound;
  }

  /** Xen closed a port of the model: its number may be handed out again before the unbind ends. */
  closed(model: Port): void {
    this.#recorded[model] = 0;
  }

  /** The recorded port is unbound. */
  unbound(recorded: Port): void {
    this.#model[recorded] = 0;
    this.#stale[recorded] = 0;
    this.#state[recorded] = PortState.unbound;
  }
}
