/**
 * The named scenarios: what `upcall check` replays and what `upcall study` answers from. Each is a bundled trace
 * with the names that select how it is run.
 */
import type { ScenarioNames } from './scenario.ts';

/** A named scenario. */
export interface NamedScenario {
  /** File below the package's `traces` folder. */
  readonly trace: string;
  readonly names: ScenarioNames;
}

/** The bundled recordings, in the order in which they are reported. */
export const RECORDINGS = [
  'a-2l.evchurn',
  'a-2l.evnotify',
  'a-2l.disk',
  'a-2l.ipi',
  'a-fifo.evhot',
  'c-fifo.life',
  'l-fifo.domu-net',
] as const;

/** File of a bundled recording below `traces`. */
export function recordingFile(name: string): string {
  return `recorded/${name}.trace.gz`;
}

/** Small hand-written traces; each has a golden, explained in reports/goldens/README.md. */
export const MICRO_TRACES = [
  'one-event',
  'burst',
  'wrap',
  'masked',
  'bind-unbind',
  'two-vcpus',
  'hypervisor',
  'suspend',
] as const;

/** File of a hand-written trace below `traces`. */
export function microFile(name: string): string {
  return `micro/${name}.trace`;
}

const MACHINES = ['zen5', 'skylake-sp'];
const GUESTS = ['freebsd-a', 'freebsd-c'];

function named(
  trace: string,
  machine: string,
  guest: string,
  strategy: string | undefined,
  cache: string,
): NamedScenario {
  return { trace, names: { machine, guest, strategy, cache } };
}

/** What the regression check replays. */
export const CHECKED: readonly NamedScenario[] = [
  ...MICRO_TRACES.flatMap((name) =>
    MACHINES.flatMap((machine) =>
      GUESTS.map((guest) => named(microFile(name), machine, guest, 'slist', 'warm')),
    ),
  ),
  named(recordingFile('a-2l.evchurn'), 'zen5', 'freebsd-a', 'linear', 'warm'),
  named(recordingFile('a-2l.evchurn'), 'zen5', 'freebsd-c', 'slist', 'warm'),
  named(recordingFile('a-2l.evchurn'), 'zen5', 'freebsd-c', 'bitmap', 'warm'),
  named(recordingFile('c-fifo.life'), 'skylake-sp', 'freebsd-c', 'slist', 'warm'),
  named(recordingFile('a-2l.ipi'), 'zen5', 'freebsd-c', 'slist', 'l2-cold'),
  named(recordingFile('a-2l.disk'), 'zen5', 'freebsd-a', 'slist', 'cold'),
  named(recordingFile('l-fifo.domu-net'), 'zen5', 'freebsd-c', 'slist', 'warm'),
  named(recordingFile('l-fifo.domu-net'), 'zen5', 'linux-fifo', undefined, 'warm'),
  named(recordingFile('l-fifo.domu-net'), 'zen5', 'linux-2l', undefined, 'warm'),
  named(recordingFile('a-2l.disk'), 'zen5', 'freebsd-fifo', 'slist', 'warm'),
];
