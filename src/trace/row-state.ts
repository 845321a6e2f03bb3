/**
 * What the rows of a trace so far add up to: ports that are bound, or whose channel is gone since the domain was restored,
 * vCPUs that are preempted; and what may follow.
 */
import { Channel, EXTERNAL, KINDS, Kind, MAX_PORTS, MAX_VCPUS, namesNoPort } from './table.ts';

/** What is wrong with a row: what was found, and what was expected. */
export type Fault = readonly [found: string, expected: string];

/** Kinds that need nobody of the domain. */
function mayBeExternal(kind: number): boolean {
  return kind === Kind.send || kind === Kind.bound;
}

/** What a port is: unbound, bound by the kernel itself, which binds it again, bound by a driver, or a driver's and gone. */
const State = { unbound: 0, kernel: 1, driver: 2, gone: 3 } as const;

/** The state of a trace between two rows. */
export class RowState {
  /** By port: one of `State`. */
  readonly #port = new Uint8Array(MAX_PORTS);
  readonly #preempted = new Uint8Array(MAX_VCPUS);
  /** Whether time has started: a row of another kind than `bound` has come. */
  #started = false;
  #ports = 0;

  /** Number of ports bound, those whose channel is gone included. */
  get ports(): number {
    return this.#ports;
  }

  /** Whether a port is bound, its channel gone or not. */
  isBound(port: number): boolean {
    return this.#port[port] !== State.unbound;
  }

  /** Takes one row, whose fields are in their ranges and codes as in table.ts; undefined if it may be there. */
  take(kind: number, by: number, port: number, channel: number, handler: number): Fault | undefined {
    if (kind === Kind.bound && this.#started) return ['a row of kind bound', 'none after time starts'];
    const fault = this.#takeAny(kind, by, port, channel, handler);
    if (fault === undefined && kind !== Kind.bound) this.#started = true;
    return fault;
  }

  #takeAny(kind: number, by: number, port: number, channel: number, handler: number): Fault | undefined {
    if (by === EXTERNAL && !mayBeExternal(kind)) {
      const expected = namesNoPort(kind) ? 'the vCPU it happened to' : 'the vCPU that did it';
      return [`"by" is - in a row of kind ${KINDS[kind]}`, expected];
    }
    if (kind === Kind.restore) this.#restored();
    if (namesNoPort(kind)) return this.#takeOfVcpu(kind, by);
    const state = this.#port[port]!;
    if (kind === Kind.bound || kind === Kind.bind) {
      if (state !== State.unbound) return [`port ${port} is bound already`, 'an unbind first'];
      if (channel === 0 || handler === 0) return ['no channel or handler', 'both, in a bind'];
      const own = channel === Channel.virq || channel === Channel.ipi;
      this.#port[port] = own ? State.kernel : State.driver;
      this.#ports++;
    } else if (kind === Kind.unbind) {
      if (state === State.unbound) return [`unbind on unbound port ${port}`, 'a bind of it before'];
      this.#port[port] = State.unbound;
      this.#ports--;
    } else if (kind !== Kind.notify) {
      if (state === State.unbound) return [`${KINDS[kind]} on unbound port ${port}`, 'a bind of it before'];
      if (state === State.gone)
        return [
          `${KINDS[kind]} on port ${port}, whose channel is gone`,
          'an unbind and a bind since the restore',
        ];
    }
    return undefined;
  }

  /** The domain has no channels any more, but those that its kernel binds again. */
  #restored(): void {
    for (let port = 0; port < MAX_PORTS; port++) {
      if (this.#port[port] === State.driver) this.#port[port] = State.gone;
    }
  }

  #takeOfVcpu(kind: number, by: number): Fault | undefined {
    const preempted = this.#preempted[by] === 1;
    if (kind === Kind.preempt) {
      if (preempted) return [`vCPU ${by} is preempted already`, 'a resume first'];
      this.#preempted[by] = 1;
    } else if (kind === Kind.resume) {
      if (!preempted) return [`resume of vCPU ${by}, which is not preempted`, 'a preempt of it before'];
      this.#preempted[by] = 0;
    }
    return undefined;
  }
}
