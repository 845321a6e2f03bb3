/**
 * What a vCPU and a domain did with their time, added up as xenalyze --summary does: each runstate, and for a domain
 * what its vCPUs' runstates come to together.
 */

/** States of a vCPU: Xen's four (RUNSTATE_* of vcpu.h), and what records cannot tell. */
export const State = { running: 0, runnable: 1, blocked: 2, offline: 3, lost: 4, init: 5 } as const;
export const STATE_NAMES = ['running', 'runnable', 'blocked', 'offline', 'lost'] as const;

/** Why a vCPU is runnable. */
export const RUNNABLE_NAMES = ['wake', 'preempt', 'other'] as const;

/** States of a domain, by those of its vCPUs. */
export const DOMAIN_STATE_NAMES = [
  'blocked',
  'partial_run',
  'full_run',
  'partial_contention',
  'concurrency_hazard',
  'full_contention',
  'lost',
] as const;

/** How often something lasted, and how long in all. */
export class Spans {
  readonly count: Float64Array;
  readonly ticks: Float64Array;

  constructor(kinds: number) {
    this.count = new Float64Array(kinds);
    this.ticks = new Float64Array(kinds);
  }

  /** Adds one span. */
  add(kind: number, ticks: number): void {
    this.count[kind]!++;
    this.ticks[kind]! += ticks;
  }
}

/** Since when something is as it is; time 0 is a time, so nothing yet is a value of its own. */
const NEVER = Number.NEGATIVE_INFINITY;

/** A domain. */
export class DomainAccount {
  readonly id: number;
  /** How many of its vCPUs are in each state. */
  readonly in = new Int32Array(STATE_NAMES.length + 1);
  readonly spans = new Spans(DOMAIN_STATE_NAMES.length);
  #state = 0;
  #since = NEVER;

  constructor(id: number) {
    this.id = id;
  }

  /** A vCPU has changed its state. */
  update(tick: number): void {
    if (this.#since < tick && this.#since !== NEVER) this.spans.add(this.#state, tick - this.#since);
    this.#state = this.#stateNow();
    this.#since = tick;
  }

  #stateNow(): number {
    const [running, runnable, blocked, offline] = this.in as unknown as [number, number, number, number];
    const idle = blocked + offline > 0;
    if (running > 0) return runnable > 0 ? 4 : idle ? 1 : 2;
    if (runnable > 0) return idle ? 3 : 5;
    return idle ? 0 : 6;
  }
}

/** What kind of guest the records of a vCPU are of. */
export const GuestKind = { unknown: 0, pv: 1, hvm: 2 } as const;

/** A vCPU. */
export class VcpuAccount {
  readonly domain: DomainAccount;
  readonly id: number;
  state: number = State.init;
  /** The pCPU it runs or ran on, -1 before the first. */
  pcpu = -1;
  kind: number = GuestKind.unknown;
  readonly spans = new Spans(STATE_NAMES.length);
  readonly runnable = new Spans(RUNNABLE_NAMES.length);
  #why = 0;
  #since = NEVER;

  constructor(domain: DomainAccount, id: number) {
    this.domain = domain;
    this.id = id;
    domain.in[State.init]!++;
  }

  /** Forgets since when it is in its state: the time so far is nobody's. */
  forget(): void {
    this.#since = NEVER;
  }

  /** Goes to a state. */
  enter(state: number, tick: number): void {
    if (this.#since !== NEVER && this.#since < tick) {
      this.spans.add(this.state, tick - this.#since);
      if (this.state === State.runnable) this.runnable.add(this.#why, tick - this.#since);
    }
    if (this.state === State.running) this.#why = 1;
    else this.#why = this.state === State.blocked || this.state === State.offline ? 0 : 2;
    this.domain.in[this.state]!--;
    this.domain.in[state]!++;
    this.state = state;
    this.#since = tick;
    this.domain.update(tick);
  }
}
