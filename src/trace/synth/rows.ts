/** One row, filled again for each row of a load. */
import { Channel, EXTERNAL, Handler, Kind, rowAt, type TraceRow } from '../table.ts';

/** Makes rows; each call returns the same object. */
export class Rows {
  readonly #row = rowAt(0, Kind.bound);

  /** A port that is bound before time starts. */
  bound(port: number, to: number, channel: number, handler: number): TraceRow {
    return this.#fill(0, Kind.bound, EXTERNAL, port, to, channel, handler);
  }

  /** vCPU `by` binds a port. */
  bind(time: number, by: number, port: number, to: number, channel: number, handler: number): TraceRow {
    return this.#fill(time, Kind.bind, by, port, to, channel, handler);
  }

  /** vCPU `by` does something else with a port: unbind, unmask, notify. */
  by(time: number, kind: number, by: number, port: number): TraceRow {
    return this.#fill(time, kind, by, port, 0, Channel.none, Handler.none);
  }

  /** An event, from outside or by a vCPU. */
  send(time: number, port: number, by: number = EXTERNAL): TraceRow {
    return this.#fill(time, Kind.send, by, port, 0, Channel.none, Handler.none);
  }

  /** vCPU `by` sets the priority of a port. */
  priority(time: number, by: number, port: number, priority: number): TraceRow {
    return this.#fill(time, Kind.priority, by, port, priority, Channel.none, Handler.none);
  }

  #fill(time: number, kind: number, by: number, port: number, to: number, channel: number, handler: number) {
    const row = this.#row;
    row.time = time;
    row.kind = kind;
    row.by = by;
    row.port = port;
    row.to = to;
    row.channel = channel;
    row.handler = handler;
    return row;
  }
}
