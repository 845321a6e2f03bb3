/** What is counted: per class of upcall the records predicted and recorded, and every kind of difference. */
import { CLASSES, type ClassIndex } from './classes.ts';
import { DIFFERENCES, type DifferenceName } from './differences.ts';

/** What can be predicted. */
export const KINDS = ['intr', 'inj', 'window', 'vintr', 'eoi', 'hlt'] as const;

/** One of `KINDS`. */
export type Kind = (typeof KINDS)[number];

/** One class's counts. */
export class ClassTally {
  upcalls = 0;
  alike = 0;
  /** Upcalls of which Xen's first answer was read because nothing else shows the send: that much is no prediction. */
  read = 0;
  /** How many of the upcalls with one that was read are alike. */
  readAlike = 0;
  readonly predicted: Record<Kind, number> = { intr: 0, inj: 0, window: 0, vintr: 0, eoi: 0, hlt: 0 };
  readonly recorded: Record<Kind, number> = { intr: 0, inj: 0, window: 0, vintr: 0, eoi: 0, hlt: 0 };
}

/** A kind of difference with the first upcall that shows it. */
export interface DifferenceTally {
  readonly name: DifferenceName;
  readonly what: string;
  readonly classIndex: ClassIndex;
  count: number;
  readonly vcpu: number;
  readonly byte: number;
  readonly predicted: string;
  readonly recorded: string;
}

/** All counts of a recording. */
export class Tally {
  readonly classes: readonly ClassTally[] = CLASSES.map(() => new ClassTally());
  readonly #differences = new Map<string, DifferenceTally>();
  /** Upcalls that the recording has only a part of: at its beginning, its end, or around lost records. */
  cut = 0;
  /** Window records beyond the first of an entry: further passes of the loop before VM entry. */
  morePasses = 0;
  /** Interrupts of the guest's own LAPIC (IPIs to itself) and how many went as predicted. They are no upcalls. */
  selfIpis = 0;
  selfIpisAlike = 0;
  exits = 0;
  readonly reasons = new Set<number>();

  /** One more upcall of a kind of difference. */
  difference(name: DifferenceName, d: Omit<DifferenceTally, 'name' | 'what' | 'count'>): void {
    const key = `${name} ${d.classIndex}`;
    const known = this.#differences.get(key);
    if (known !== undefined) known.count++;
    else {
      const { what } = DIFFERENCES.find((k) => k.name === name)!;
      this.#differences.set(key, { ...d, name, what, count: 1 });
    }
  }

  /** The kinds seen, in the order of their declaration and then of the classes. */
  get differences(): DifferenceTally[] {
    const order = (d: DifferenceTally) =>
      DIFFERENCES.findIndex((k) => k.name === d.name) * CLASSES.length + d.classIndex;
    return [...this.#differences.values()].sort((a, b) => order(a) - order(b));
  }

  /** Sum over all classes. */
  get total(): ClassTally {
    const sum = new ClassTally();
    for (const c of this.classes) {
      sum.upcalls += c.upcalls;
      sum.alike += c.alike;
      sum.read += c.read;
      sum.readAlike += c.readAlike;
      for (const kind of KINDS) {
        sum.predicted[kind] += c.predicted[kind];
        sum.recorded[kind] += c.recorded[kind];
      }
    }
    return sum;
  }
}
