/**
 * Thread-level work of one vCPU that waits its turn: a bounded ring of small integers. When it is full the
 * replay waits, as the recorded program would have had to.
 */
import { ModelBug } from '../model/errors.ts';

const CAPACITY = 8192;
/** Pieces a trace may queue; the rest is for work that rows taken earlier still owe. */
const ROOM = 4096;
const WIDTH = 4;

/** Kinds of work. */
export const Work = {
  bind: 0,
  unbind: 1,
  move: 2,
  send: 3,
  notify: 4,
  unmask: 5,
  priority: 6,
  exit: 7,
  restore: 8,
} as const;

/** A first-in, first-out ring of (kind, a, b, c). */
export class WorkQueue {
  readonly #items = new Int32Array(CAPACITY * WIDTH);
  #head = 0;
  length = 0;
  kind = 0;
  a = 0;
  b = 0;
  c = 0;

  /** Whether a row of the trace must wait. */
  get full(): boolean {
    return this.length >= ROOM;
  }

  /** Adds a piece at the end; a ModelBug when there is no place at all. */
  push(kind: number, a: number, b = 0, c = 0): void {
    if (this.length === CAPACITY) throw new ModelBug('work queue overflows', { kind, a });
    const i = ((this.#head + this.length++) % CAPACITY) * WIDTH;
    this.#items[i] = kind;
    this.#items[i + 1] = a;
    this.#items[i + 2] = b;
    this.#items[i + 3] = c;
  }

  /** Takes the first piece into the fields; the queue must not be empty. */
  shift(): void {
    const i = this.#head * WIDTH;
    this.kind = this.#items[i]!;
    this.a = this.#items[i + 1]!;
    this.b = this.#items[i + 2]!;
    this.c = this.#items[i + 3]!;
    this.#head = (this.#head + 1) % CAPACITY;
    this.length--;
  }
}
