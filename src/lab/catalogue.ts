/** What can be named on the command line, as tables. */

import { COMPARED, STRATEGIES } from '../intr/alloc/strategies.ts';
import { GENERATIONS, generationByName } from '../intr/generations.ts';
import { UNMASKS } from '../intr/local-unmask.ts';
import { FREEBSD_LUMPS, LUMP_VALUES, LUMPS } from '../intr/lumps.ts';
import type { Sourced } from '../model/params.ts';
import { type Cell, type Column, integer, type Table, text } from '../model/table.ts';
import { MACHINE } from '../x86/machine.ts';
import { MACHINES } from '../x86/machines/catalogue.ts';
import { DELIVERY_MODES } from '../xen/delivery-mode.ts';
import { SCHEDULERS } from '../xen/sched/catalogue.ts';
import { CACHE_STATES, POLLUTED_STATES, RUN_PARAMS } from './scenario.ts';

const MACHINE_COLUMNS: readonly Column[] = [
  text('schema', 'name and version of this table'),
  text(
    'machine',
    'name of the machine; "kernel" for the lumps of kernel code that all share, "linux" for those of Linux alone',
  ),
  text('parameter', 'name of the number, as --set takes it'),
  integer('value', 'see unit', 'neutral', 'the number'),
  text('unit', 'its unit'),
  integer('low', 'see unit', 'neutral', 'least value sources or judgement allow'),
  integer('high', 'see unit', 'neutral', 'greatest value sources or judgement allow'),
  text('confidence', 'measured, documented or guessed'),
  text('source', 'where the number is from'),
  text('what', 'what it is added to'),
];

/** Every number of every machine, or of the named ones, with its source. */
export function machinesTable(names?: readonly string[]): Table {
  const schema = 'upcall.machines/1.0';
  const rows: Cell[][] = [];
  const put = (owner: string, name: string, v: Sourced, unit: string, what: string) => {
    rows.push([schema, owner, name, v.value, unit, v.low, v.high, v.confidence, v.source, what]);
  };
  for (const machine of MACHINES) {
    if (names !== undefined && !names.includes(machine.name)) continue;
    for (const [name, spec] of Object.entries(MACHINE)) {
      put(machine.name, name, machine.values[name as keyof typeof MACHINE], spec.unit, spec.what);
    }
  }
  for (const [name, spec] of Object.entries(LUMPS)) {
    const owner = FREEBSD_LUMPS.includes(name) ? 'kernel' : 'linux';
    put(owner, name, LUMP_VALUES[name as keyof typeof LUMPS], spec.unit, spec.what);
  }
  return { schema, columns: MACHINE_COLUMNS, keys: 3, rows };
}

/** The machines with their titles and how many of their numbers are of which confidence. */
export function machineSummary(): Table {
  const schema = 'upcall.machine-list/1.0';
  const rows = MACHINES.map((machine): Cell[] => {
    const all = Object.values<Sourced>(machine.values);
    const of = (confidence: string) => all.filter((v) => v.confidence === confidence).length;
    const counts = [of('measured'), of('documented'), of('guessed')];
    return [schema, machine.name, machine.title, machine.validation, ...counts];
  });
  const columns = [
    text('schema', 'name and version of this table'),
    text('machine', 'name on the command line'),
    text('title', 'maker, core and model'),
    text('validation', 'whether cycles of this machine were compared with silicon'),
    integer('measured', 'numbers', 'higher', 'numbers measured for this project'),
    integer('documented', 'numbers', 'higher', 'numbers read in a document'),
    integer('guessed', 'numbers', 'lower', 'numbers from memory or by judgement'),
  ];
  return { schema, columns, keys: 2, rows };
}

/** Whether a guest looks for unused isrcs, so that a strategy has to be named; a UserError for an unknown one. */
export function findsIsrcs(guest: string): boolean {
  return generationByName(guest).findsIsrcs;
}

/** The ways a guest can unmask ports, its own first; a UserError for an unknown guest. */
export function unmasksOf(guest: string): readonly string[] {
  return generationByName(guest).unmasks;
}

/** Names of the strategies that are compared where none is named. */
export const COMPARED_STRATEGIES = COMPARED;

/** Names by kind, for help and completion. */
export const NAMES = {
  machine: MACHINES.map((m) => m.name),
  guest: GENERATIONS.map((g) => g.name),
  strategy: STRATEGIES.map((s) => s.name),
  cache: [...CACHE_STATES, ...POLLUTED_STATES],
  delivery: DELIVERY_MODES.map((m) => m.name),
  scheduler: SCHEDULERS,
  unmask: UNMASKS,
  set: [...Object.keys(MACHINE), ...Object.keys(LUMPS), ...Object.keys(RUN_PARAMS)],
} as const;
