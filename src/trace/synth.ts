/**
 * Seeded loads as trace tables, row by row: nothing is kept, so any length can be written in bounded memory.
 */
import { unknownName, usageError } from '../model/errors.ts';
import { RandomStream } from '../model/random.ts';
import {
  Channel,
  Handler,
  Kind,
  MAX_PORTS,
  MAX_VCPUS,
  rowAt,
  TargetState,
  type TraceHeader,
  type TraceRow,
  VERSION,
} from './table.ts';

/** What to make. */
export interface SynthOptions {
  readonly kind: string;
  /** Number of sends, 1..1e9. */
  readonly sends: number;
  /** vCPUs, 1..64. */
  readonly vcpus: number;
  /** Any integer. */
  readonly seed: number;
  /** Ports, 1..4095; spread over the vCPUs in turn. */
  readonly ports: number;
  /** Mean time between two sends to one vCPU, ns, 1..1e9. */
  readonly meanGapNanos: number;
}

/** Kinds of load and what each is. */
export const SYNTH_KINDS: ReadonlyArray<readonly [name: string, what: string]> = [
  [
    'poisson',
    'independent senders: exponential gaps, uniformly random ports, no handler but the counting filter',
  ],
];

/** The clock of a synthetic trace: 1 tick is 1 ns. */
const CLOCK_HZ = 1_000_000_000;

/** Header of a synthetic trace. Options out of range are a UserError (exit 2). */
export function synthHeader(o: SynthOptions): TraceHeader {
  if (!SYNTH_KINDS.some(([name]) => name === o.kind)) {
    throw unknownName(
      'kind',
      o.kind,
      SYNTH_KINDS.map(([name]) => name),
    );
  }
  within('sends', o.sends, 1, 1e9);
  within('vcpus', o.vcpus, 1, MAX_VCPUS);
  within('ports', o.ports, 1, MAX_PORTS - 1);
  within('gap', o.meanGapNanos, 1, 1e9);
  const name = `synth-${o.kind}-${o.sends}-${o.vcpus}-${o.seed}`;
  const command = `--kind ${o.kind} --sends ${o.sends} --vcpus ${o.vcpus} --seed ${o.seed}`;
  return {
    version: VERSION,
    name,
    clockHz: CLOCK_HZ,
    vcpus: o.vcpus,
    notes: [['source', `upcall trace synth ${command} --ports ${o.ports} --gap ${o.meanGapNanos}`]],
  };
}

/** Rows of a synthetic trace: the ports, then the sends. The row object is used again for each. */
export function* synthRows(o: SynthOptions): Generator<TraceRow> {
  const row = rowAt(0, Kind.bound);
  row.channel = Channel.interdomain;
  row.handler = Handler.filter;
  for (let port = 1; port <= o.ports; port++) {
    row.port = port;
    row.to = (port - 1) % o.vcpus;
    yield row;
  }
  row.kind = Kind.send;
  row.channel = Channel.none;
  row.handler = Handler.none;
  row.target = TargetState.running;
  const gaps = new RandomStream(o.seed, 'gaps');
  const ports = new RandomStream(o.seed, 'ports');
  const mean = Math.max(1, Math.floor(o.meanGapNanos / o.vcpus));
  for (let i = 0; i < o.sends; i++) {
    row.time += gaps.exponential(mean);
    row.port = 1 + ports.below(o.ports);
    yield row;
  }
}

function within(what: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw usageError(`--${what} is ${value}, expected an integer ${low}..${high}`);
  }
}
