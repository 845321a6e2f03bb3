/** One upcall from its request to its EOI: what is predicted of it beside what is recorded, step by step. */
import type { ClassIndex } from './classes.ts';
import type { DifferenceName } from './differences.ts';
import { KINDS, type Kind, type Tally } from './tally.ts';

/** Steps kept as text for the report; a handler with more is shown by its beginning. */
const MAX_STEPS = 40;

/** An upcall that is under way. One object serves all upcalls of a vCPU, one after the other. */
export class Upcall {
  open = false;
  classIndex: ClassIndex = 0;
  vector = 0;
  /** Whether it is an interrupt that is no upcall: another vector. */
  other = false;
  /** Whether Xen's first answer was read. */
  read = false;
  #byte = 0;
  #difference: DifferenceName | undefined;
  readonly #predicted: string[] = [];
  readonly #recorded: string[] = [];
  readonly #counts: Record<Kind, [predicted: number, recorded: number]> = {
    intr: [0, 0],
    inj: [0, 0],
    window: [0, 0],
    vintr: [0, 0],
    eoi: [0, 0],
    hlt: [0, 0],
  };

  begin(classIndex: ClassIndex, vector: number, other: boolean, byte: number): void {
    this.open = true;
    this.classIndex = classIndex;
    this.vector = vector;
    this.other = other;
    this.read = false;
    this.#byte = byte;
    this.#difference = undefined;
    this.#predicted.length = 0;
    this.#recorded.length = 0;
    for (const kind of KINDS) this.#counts[kind].fill(0);
  }

  /** A step on either side; undefined where that side has none. */
  step(kind: Kind | undefined, predicted: string | undefined, recorded: string | undefined): void {
    if (kind !== undefined) {
      const count = this.#counts[kind];
      if (predicted !== undefined) count[0]++;
      if (recorded !== undefined) count[1]++;
    }
    const answer = kind === 'inj' || kind === 'window';
    if (predicted !== undefined) note(this.#predicted, predicted, answer);
    if (recorded !== undefined) note(this.#recorded, recorded, answer);
  }

  /** Prediction and recording part; the first way in which they do is what is reported. */
  differs(name: DifferenceName): void {
    this.#difference ??= name;
  }

  /** Ends the upcall and counts it. */
  end(tally: Tally, vcpu: number): void {
    this.open = false;
    const alike = this.#difference === undefined;
    if (this.other) {
      tally.selfIpis++;
      if (alike) tally.selfIpisAlike++;
      return;
    }
    const c = tally.classes[this.classIndex]!;
    c.upcalls++;
    if (alike) c.alike++;
    if (this.read) c.read++;
    if (this.read && alike) c.readAlike++;
    for (const kind of KINDS) {
      c.predicted[kind] += this.#counts[kind][0]!;
      c.recorded[kind] += this.#counts[kind][1]!;
    }
    if (this.#difference === undefined) return;
    tally.difference(this.#difference, {
      classIndex: this.classIndex,
      vcpu,
      byte: this.#byte,
      predicted: sequenceText(this.#predicted),
      recorded: sequenceText(this.#recorded),
    });
  }
}

/** Notes a step; Xen's answer to an exit stands with the exit. */
function note(steps: string[], step: string, answer: boolean): void {
  if (answer && steps.length > 0) steps[steps.length - 1] += ` ${step}`;
  else if (steps.length < MAX_STEPS) steps.push(step);
}

/** Steps as one line, repetitions counted. */
function sequenceText(steps: readonly string[]): string {
  const parts: string[] = [];
  for (let i = 0; i < steps.length; ) {
    let n = 1;
    while (steps[i + n] === steps[i]) n++;
    parts.push(n === 1 ? steps[i]! : `${steps[i]} x${n}`);
    i += n;
  }
  return parts.join(', ');
}
