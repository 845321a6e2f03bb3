/** A machine with some of its numbers replaced, whatever their ranges. */
import type { Sourced } from '../../model/params.ts';
import { defineMachine, type MACHINE, type Machine } from '../../x86/machine.ts';

/** Values by the names of a machine's numbers. */
export type Numbers = Partial<Record<keyof typeof MACHINE, number>>;

/** The machine with these numbers; a ModelBug for one outside its legal range. */
export function changedMachine({ name, title, values }: Machine, numbers: Numbers): Machine {
  const changed: Record<string, Sourced> = {};
  for (const [parameter, value] of Object.entries(numbers)) {
    changed[parameter] = {
      value,
      low: value,
      high: value,
      source: 'set for a comparison',
      confidence: 'guessed',
    };
  }
  return defineMachine(name, title, 'unvalidated', { ...values, ...changed });
}
