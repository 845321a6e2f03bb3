/**
 * Seeded loads as trace tables, row by row: nothing is kept that grows with their length, so any length can be
 * written in bounded memory. The same options give the same bytes anywhere and for ever.
 */
import { usageError } from '../../model/errors.ts';
import { parseAssignment } from '../../model/params.ts';
import {
  Kind,
  MAX_PORTS,
  MAX_VCPUS,
  PRIORITIES,
  type TraceHeader,
  type TraceRow,
  VERSION,
} from '../table.ts';
import { loadKind } from './catalogue.ts';
import type { Load, LoadKind } from './load.ts';
import { withPriorities } from './priorities.ts';

/** What to make. */
export interface SynthOptions {
  readonly kind: string;
  /** Number of sends, 1..1e9. */
  readonly sends: number;
  /** vCPUs, 1..64. */
  readonly vcpus: number;
  /** Any integer. */
  readonly seed: number;
  /** Ports, 1..4095, spread over the vCPUs in turn; undefined for the kind's own number. */
  readonly ports?: number | undefined;
  /** Mean time between two sends to one vCPU, ns, 1..1e9; undefined for the kind's own. */
  readonly meanGapNanos?: number | undefined;
  /** Priorities of the FIFO ABI, 0..15, given to the ports in turn; undefined for none. */
  readonly priorities?: readonly number[] | undefined;
  /** `key=value` of the kind's own numbers. */
  readonly set?: readonly string[] | undefined;
  /** Name of the trace; undefined for one made of kind, sends, vCPUs and seed. */
  readonly name?: string | undefined;
}

/** The clock of a synthetic trace: 1 tick is 1 ns. */
const CLOCK_HZ = 1_000_000_000;

/** Header of a synthetic trace. Options out of range are a UserError (exit 2). */
export function synthHeader(o: SynthOptions): TraceHeader {
  const { load } = settled(o);
  const name = o.name ?? `synth-${o.kind}-${o.sends}-${o.vcpus}-${o.seed}`;
  if (!/^[\w.-]{1,64}$/.test(name)) throw usageError('--name expects letters, digits, dots, hyphens');
  const words = [`--kind ${o.kind} --sends ${o.sends} --vcpus ${o.vcpus} --seed ${o.seed}`];
  if (loadKind(o.kind).takesPorts) words.push(`--ports ${load.ports}`);
  words.push(`--gap ${load.gapNanos}`);
  if (o.priorities !== undefined) words.push(`--priorities ${o.priorities.join(',')}`);
  for (const assignment of o.set ?? []) words.push(`--set ${assignment}`);
  return {
    version: VERSION,
    name,
    clockHz: CLOCK_HZ,
    vcpus: o.vcpus,
    notes: [['source', `upcall trace synth ${words.join(' ')}`]],
  };
}

/** Rows of a synthetic trace, to its last send. The row object is used again for each. Errors as `synthHeader`. */
export function* synthRows(o: SynthOptions): Generator<TraceRow> {
  const { kind, load } = settled(o);
  const plain = kind.rows(load);
  const rows = o.priorities === undefined ? plain : withPriorities(plain, o.priorities);
  let left = o.sends;
  for (const row of rows) {
    yield row;
    if (row.kind === Kind.send && --left === 0) return;
  }
}

/** The kind, and its load with every number checked. */
function settled(o: SynthOptions): { kind: LoadKind; load: Load } {
  const kind = loadKind(o.kind);
  within('sends', o.sends, 1, 1e9);
  within('vcpus', o.vcpus, 1, MAX_VCPUS);
  const n: Record<string, number> = {};
  for (const [name, { value }] of Object.entries(kind.params)) n[name] = value;
  const known = `upcall trace synth --help lists the numbers of every kind`;
  for (const text of o.set ?? []) {
    const [name, value] = parseAssignment(text, kind.params, known);
    n[name] = value;
  }
  if (o.ports !== undefined && !kind.takesPorts) {
    throw usageError(`--ports is of no use with --kind ${kind.name}: they follow from its other numbers`);
  }
  const ports = o.ports ?? kind.portsOf(o.vcpus, n);
  if (!kind.takesPorts && ports >= MAX_PORTS) {
    throw usageError(`these numbers make ${ports} ports, expected at most ${MAX_PORTS - 1}`);
  }
  within('ports', ports, 1, MAX_PORTS - 1);
  const gapNanos = o.meanGapNanos ?? kind.gapNanos;
  within('gap', gapNanos, 1, 1e9);
  for (const priority of o.priorities ?? []) within('priorities', priority, 0, PRIORITIES - 1);
  const load = { vcpus: o.vcpus, seed: o.seed, ports, gapNanos, n };
  kind.check?.(load);
  return { kind, load };
}

function within(what: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw usageError(`--${what} is ${value}, expected an integer ${low}..${high}`);
  }
}
