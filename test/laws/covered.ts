/**
 * Laws by the parameters they hold to account. A law names the parameters it probes; the wrapper makes sure that
 * its body really built machines with different values of each, and covered.test.ts that none is left out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine, MachineValues } from '../../src/x86/machine.ts';
import { lawMachine } from '../support/core.ts';

/** Name of a machine parameter. */
export type Parameter = keyof MachineValues;

/** Parameters that a law of the files imported so far names. */
export const covered = new Set<string>();

/** Values the law under way has given each parameter. */
const tried = new Map<string, Set<number>>();
let listing = false;

/** Laws declared from here on are listed in `covered` and not run. */
export function listOnly(): void {
  listing = true;
}

/**
 * A law, run as a test.
 *
 * @param names the parameters it probes, none for a relation that has no number of its own
 */
export function law(names: readonly Parameter[], title: string, body: () => void): void {
  for (const name of names) covered.add(name);
  if (listing) return;
  test(names.length === 0 ? title : `${names.join(', ')}: ${title}`, () => {
    tried.clear();
    body();
    for (const name of names) {
      assert.ok((tried.get(name)?.size ?? 0) >= 2, `the law of ${name} gives it fewer than two values`);
    }
  });
}

/** Notes that the law under way gives a parameter this value. */
export function tries(name: Parameter, value: number): void {
  const values = tried.get(name) ?? new Set();
  tried.set(name, values.add(value));
}

/** The machine of the laws with these numbers changed. */
export function machine(changes: Partial<Record<Parameter, number>>): Machine {
  for (const [name, value] of Object.entries(changes)) tries(name as Parameter, value);
  return lawMachine(changes);
}
