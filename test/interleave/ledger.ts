/**
 * The ledger: sender, consumer, unmask and close as the smallest state machines there are, one step each and no
 * cycles. It is told only who does what to which port, in the order in which it takes effect, and keeps its own
 * bits; what the model's memory and counters say is compared with it afterwards.
 */
import assert from 'node:assert/strict';
import type { Port, Vcpu } from '../../src/model/units.ts';

/** One port. */
interface Entry {
  readonly vcpu: Vcpu;
  masked: boolean;
  open: boolean;
  pending: boolean;
  accepted: number;
  served: number;
  cancelled: number;
  /** A send waits for a handler that starts after it. */
  owed: boolean;
}

/** Every port that a case uses. */
export class Ledger {
  /** Sends that found the event pending. */
  coalesced = 0;
  /** Sends that found the channel closed. */
  dropped = 0;
  /** Handlers that ran for an event that a close had cancelled. */
  stale = 0;
  readonly #ports = new Map<Port, Entry>();

  /** A port that is bound to a vCPU. */
  bound(port: Port, vcpu: Vcpu, masked: boolean, pending: boolean): void {
    const accepted = pending ? 1 : 0;
    this.#ports.set(port, {
      vcpu,
      masked,
      open: true,
      pending,
      accepted,
      served: 0,
      cancelled: 0,
      owed: pending,
    });
  }

  /** A sender sets the pending bit: its lock keeps a close from coming between that and its look at the channel. */
  send(port: Port): void {
    const entry = this.#of(port);
    assert.ok(entry.open, `port ${port}: an event on a closed port`);
    if (entry.pending) this.coalesced++;
    else entry.accepted++;
    entry.pending = true;
    entry.owed = true;
  }

  /** A sender leaves without having set it. */
  drop(port: Port): void {
    assert.ok(!this.#of(port).open, `port ${port}: a send to an open channel was dropped`);
    this.dropped++;
  }

  unmask(port: Port): void {
    this.#of(port).masked = false;
  }

  /** A close clears the pending bit. */
  close(port: Port): void {
    const entry = this.#of(port);
    if (entry.pending) entry.cancelled++;
    entry.pending = false;
    entry.owed = false;
    entry.open = false;
  }

  /** A vCPU takes the event of a port and runs its handler. */
  serve(vcpu: Vcpu, port: Port, fresh: boolean): void {
    const entry = this.#of(port);
    assert.equal(entry.vcpu, vcpu, `port ${port}: served by another vCPU`);
    assert.ok(!entry.masked, `port ${port}: served while masked`);
    assert.equal(fresh, entry.pending, `port ${port}: what the scan says it took`);
    if (entry.pending) entry.served++;
    else {
      assert.ok(!entry.open, `port ${port}: delivered twice`);
      this.stale++;
    }
    entry.pending = false;
    entry.owed = false;
  }

  /** Nobody has anything left to do. */
  rest(): void {
    for (const [port, e] of this.#ports) {
      assert.equal(e.accepted, e.served + e.cancelled + (e.pending ? 1 : 0), `port ${port}: accounts`);
      if (e.open && !e.masked) assert.ok(!e.pending, `port ${port}: lost wake-up`);
      if (e.open) assert.equal(e.owed, e.pending, `port ${port}: a send that no handler followed`);
    }
  }

  /** Sum of a count over all ports. */
  total(count: 'accepted' | 'served' | 'cancelled'): number {
    let sum = 0;
    for (const entry of this.#ports.values()) sum += entry[count];
    return sum;
  }

  /** Ports whose event is pending, ascending. */
  pending(): Port[] {
    return [...this.#ports]
      .filter(([, e]) => e.pending)
      .map(([port]) => port)
      .sort((a, b) => a - b);
  }

  #of(port: Port): Entry {
    const entry = this.#ports.get(port);
    assert.ok(entry !== undefined, `port ${port} is not in the case`);
    return entry;
  }
}
