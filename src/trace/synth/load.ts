/** What a kind of seeded load is: its own numbers, and a generator of rows that keeps nothing of what it has made. */
import { usageError } from '../../model/errors.ts';
import type { ParamSpec } from '../../model/params.ts';
import type { TraceRow } from '../table.ts';

/** A number of one kind of load: its unit, range, meaning, and what it is where nobody sets it. */
export interface LoadParam extends ParamSpec {
  readonly value: number;
}

/** The numbers of a kind by name. */
export type LoadParams = Readonly<Record<string, LoadParam>>;

/** A load with every number settled. */
export interface Load<S extends LoadParams = LoadParams> {
  /** 1..64. */
  readonly vcpus: number;
  /** Any integer. */
  readonly seed: number;
  /** 1..4095. */
  readonly ports: number;
  /** Mean time between two sends to one vCPU, ns, 1..1e9. */
  readonly gapNanos: number;
  /** The kind's own numbers. */
  readonly n: { readonly [K in keyof S]: number };
}

/** A kind of load. */
export interface LoadKind<S extends LoadParams = LoadParams> {
  /** As in `--kind`. */
  readonly name: string;
  /** One sentence. */
  readonly what: string;
  /** Where no `--gap` is given, ns. */
  readonly gapNanos: number;
  readonly params: S;
  /** Ports where none are given. @param n the kind's own numbers */
  portsOf(vcpus: number, n: Load<S>['n']): number;
  /** Whether `--ports` may say another number; otherwise it follows from the kind's numbers. */
  readonly takesPorts: boolean;
  /** Refuses numbers that do not go together with a UserError (exit 2). */
  check?(load: Load<S>): void;
  /**
   * Rows without end, in time order, `bound` ones first; the row object is used again for each. Who wants a number of
   * sends stops asking.
   */
  rows(load: Load<S>): Generator<TraceRow>;
}

/** A kind as the catalogue keeps it: the names of its own numbers are checked where it is written. */
export function defineLoad<S extends LoadParams>(kind: LoadKind<S>): LoadKind {
  return kind as unknown as LoadKind;
}

/** Mean time between two sends of the whole load, ns. */
export function meanGap({ gapNanos, vcpus }: Load): number {
  return gapNanos / vcpus;
}

/** Refuses numbers of which `what` is true. */
export function refuseIf(refused: boolean, what: string): void {
  if (refused) throw usageError(what);
}
