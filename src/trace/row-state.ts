/** What the rows of a trace so far add up to: ports that are bound, vCPUs that are preempted; and what may follow. */
import { EXTERNAL, isOfVcpu, KINDS, Kind, MAX_PORTS, MAX_VCPUS } from './table.ts';

/** What is wrong with a row: what was found, and what was expected. */
export type Fault = readonly [found: string, expected: string];

/** Kinds that need nobody of the domain. */
function mayBeExternal(kind: number): boolean {
  return kind === Kind.send || kind === Kind.bound;
}

/** The state of a trace between two rows. */
export class RowState {
  readonly #bound = new Uint8Array(MAX_PORTS);
  readonly #preempted = new Uint8Array(MAX_VCPUS);
  /** Whether time has started: a row of another kind than `bound` has come. */
  #started = false;
  #ports = 0;

  /** Number of ports bound. */
  get ports(): number {
    return this.#ports;
  }

  /** Whether a port is bound. */
  isBound(port: number): boolean {
    return this.#bound[port] === 1;
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
      const expected = isOfVcpu(kind) ? 'the vCPU it happened to' : 'the vCPU that did it';
      return [`"by" is - in a row of kind ${KINDS[kind]}`, expected];
    }
    if (isOfVcpu(kind)) return this.#takeOfVcpu(kind, by);
    const bound = this.#bound[port] === 1;
    if (kind === Kind.bound || kind === Kind.bind) {
      if (bound) return [`port ${port} is bound already`, 'an unbind first'];
      if (channel === 0 || handler === 0) return ['no channel or handler', 'both, in a bind'];
      this.#bound[port] = 1;
      this.#ports++;
    } else if (kind !== Kind.notify) {
      if (!bound) return [`${KINDS[kind]} on unbound port ${port}`, 'a bind of it before'];
      if (kind === Kind.unbind) {
        this.#bound[port] = 0;
        this.#ports--;
      }
    }
    return undefined;
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
