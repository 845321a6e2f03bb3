/** Options shared by the commands, and how a list of names is read. */
import type { Argv } from 'yargs';
import { COMPARED_STRATEGIES, findsIsrcs, NAMES, unmasksOf } from '../lab/catalogue.ts';
import {
  DEFAULT_NAMES,
  DEFAULT_STRATEGY,
  type Scenario,
  type ScenarioNames,
  scenarioOf,
} from '../lab/scenario.ts';
import { usageError } from '../model/errors.ts';
import { FORMATS, PAGE_FORMATS } from './output.ts';

/** What is compared where no strategy is named. */
export const COMPARED = COMPARED_STRATEGIES.join(',');

/** `--format`. */
export const FORMAT_OPTION = {
  type: 'string',
  choices: FORMATS,
  default: 'table',
  describe: 'format of standard output',
} as const;

/** `--format` with `md`. */
export const PAGE_FORMAT_OPTION = { ...FORMAT_OPTION, choices: PAGE_FORMATS } as const;

/** `--format` and `--out`. */
export function withOutput<T>(y: Argv<T>) {
  return y
    .option('format', FORMAT_OPTION)
    .option('out', { type: 'string', describe: 'folder for CSV reports with sidecars' });
}

/** `--machine`, `--guest`, `--strategy`, `--cache` and `--set`. @param strategies where none is named */
export function withScenario<T>(y: Argv<T>, strategies: string = DEFAULT_STRATEGY) {
  return y
    .option('machine', nameOption('machine', DEFAULT_NAMES.machine))
    .option('guest', nameOption('guest', DEFAULT_NAMES.guest))
    .option('strategy', {
      ...nameOption('strategy', strategies),
      default: undefined,
      defaultDescription: `${strategies}; for guests without isrcs their own`,
      type: 'string',
    })
    .option('cache', nameOption('cache', DEFAULT_NAMES.cache))
    .option('delivery', nameOption('delivery', DEFAULT_NAMES.delivery))
    .option('scheduler', nameOption('scheduler', DEFAULT_NAMES.scheduler))
    .option('unmask', {
      ...nameOption('unmask', ''),
      default: undefined,
      defaultDescription: "the guest's own: hypercall for FreeBSD, local for Linux",
      type: 'string',
    })
    .option('set', SET_OPTION);
}

/** `--set`. */
export const SET_OPTION = {
  type: 'string',
  array: true,
  default: [] as string[],
  describe: 'key=value, repeatable',
} as const;

/** An option that takes one name of a kind; undefined when it is not given. */
export function oneNameOption(kind: keyof typeof NAMES, standard: string) {
  return {
    type: 'string',
    defaultDescription: standard,
    describe: `${kind}: ${NAMES[kind].join(', ')}`,
  } as const;
}

/** An option that takes names of one kind, or several separated by commas. */
export function nameOption(kind: keyof typeof NAMES, standard: string) {
  const describe = `${kind}, or several separated by commas: ${NAMES[kind].join(', ')}`;
  return { type: 'string', default: standard, describe } as const;
}

/** The scenario options as yargs gives them. */
export interface ScenarioOptions {
  readonly machine: string;
  readonly guest: string;
  readonly strategy?: string | undefined;
  readonly cache: string;
  readonly delivery: string;
  readonly scheduler: string;
  readonly unmask?: string | undefined;
  readonly set: readonly string[];
}

/**
 * Every combination of the names given; unknown ones are a UserError. Strategies are for the guests that have isrcs,
 * ways to unmask for those that have more than one: beside such a guest, another is run once, with its own.
 *
 * @param strategies where none is named
 */
export function scenariosOf(o: ScenarioOptions, strategies: string = DEFAULT_STRATEGY): Scenario[] {
  const guests = listed(o.guest, 'guest');
  const some = guests.some(findsIsrcs);
  const choice = (guest: string) => unmasksOf(guest).length > 1;
  const someChoose = guests.some(choice);
  let all: ScenarioNames[] = [{ ...o, strategy: undefined, unmask: undefined }];
  // The first varies slowest; strategies stand next to each other.
  for (const kind of ['machine', 'guest', 'cache', 'delivery', 'scheduler'] as const) {
    all = all.flatMap((names) => listed(o[kind], kind).map((name) => ({ ...names, [kind]: name })));
  }
  if (o.unmask !== undefined) {
    const unmasks = listed(o.unmask, 'unmask');
    all = all.flatMap((names) => {
      if (someChoose && !choice(names.guest)) return [names];
      return unmasks.map((unmask) => ({ ...names, unmask }));
    });
  }
  return all.flatMap((names) => {
    const own = !findsIsrcs(names.guest) && (some || o.strategy === undefined);
    const named = own ? [undefined] : listed(o.strategy ?? strategies, 'strategy');
    return named.map((strategy) => scenarioOf({ ...names, strategy }));
  });
}

/** Different names separated by commas, without blanks; an empty one is a UserError. */
export function listed(text: string, option: string): string[] {
  return [...new Set(words(text, option))];
}

function words(text: string, option: string): string[] {
  const names = text.split(',').map((s) => s.trim());
  if (names.includes('')) throw usageError(`--${option} has an empty name in "${text}"`);
  return names;
}

/** Integers separated by commas. */
export function integers(text: string, option: string): number[] {
  return words(text, option).map((word) => {
    if (!/^\d{1,9}$/.test(word))
      throw usageError(`--${option} expects integers separated by commas, found "${word}"`);
    return Number(word);
  });
}

/** One integer option given as text, so that garbage is an error and not NaN. */
export function integer(text: string, option: string): number {
  if (!/^\d{1,15}$/.test(text)) throw usageError(`--${option} expects an integer, found "${text}"`);
  return Number(text);
}
