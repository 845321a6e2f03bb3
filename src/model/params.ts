/**
 * Parameters are declared once, where they are used: the declaration is what validates a value, prints it,
 * documents it and, later, what a sensitivity run sweeps. A number without a source does not build.
 */
import { ModelBug, nearestName, usageError } from './errors.ts';

/** How far a number can be trusted. `guessed` includes every figure given from memory. */
export type Confidence = 'measured' | 'documented' | 'guessed';

/** One number of a machine or of a scenario, with where it is from. */
export interface Sourced {
  readonly value: number;
  /** Spread between sources or honest uncertainty; the value lies inside. */
  readonly low: number;
  readonly high: number;
  readonly source: string;
  readonly confidence: Confidence;
}

/** What a parameter is: its unit, its legal range and one sentence saying what it is added to. */
export interface ParamSpec {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly what: string;
}

/** A closed set of parameters by name. */
export type ParamSpecs = Readonly<Record<string, ParamSpec>>;

/** A sourced value for every parameter of a set. */
export type ParamValues<S extends ParamSpecs> = { readonly [K in keyof S]: Sourced };

/** The bare numbers of a set, which is all the hot path sees. */
export type ParamNumbers<S extends ParamSpecs> = { readonly [K in keyof S]: number };

/** A number read in a document, or counted from its figures. */
export function documented(value: number, source: string, low = value, high = value): Sourced {
  return { value, low, high, source, confidence: 'documented' };
}

/** A number measured by this project or by the fact sheet's author on the machine named. */
export function measured(value: number, source: string, low = value, high = value): Sourced {
  return { value, low, high, source, confidence: 'measured' };
}

/** A number from memory or by judgement: it shows up as such in every report. */
export function guessed(value: number, source: string, low = value, high = value): Sourced {
  return { value, low, high, source, confidence: 'guessed' };
}

/**
 * Checks a set of values against its declaration: every parameter present, none unknown, each an integer in
 * its legal range and inside its own spread. A fault is a ModelBug: machines are part of the program.
 */
export function checkParams<S extends ParamSpecs>(owner: string, specs: S, values: ParamValues<S>): void {
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(specs, name)) throw new ModelBug(`${owner}: parameter ${name} is not declared`);
  }
  for (const [name, spec] of Object.entries(specs)) {
    const v = values[name];
    if (v === undefined) throw new ModelBug(`${owner}: parameter ${name} has no value`);
    const inRange = v.value >= spec.min && v.value <= spec.max;
    const inSpread = v.low >= spec.min && v.value >= v.low && v.value <= v.high && v.high <= spec.max;
    if (!Number.isSafeInteger(v.value) || !inRange || !inSpread || v.source === '') {
      throw new ModelBug(`${owner}: parameter ${name} is out of range or has no source`, { ...v, ...spec });
    }
  }
}

/**
 * The numbers of a checked set. The core reads them with every micro-op, so they are kept as V8 reads them fastest:
 * in an object made at once, which is no hash table, and as small integers where they are (see `unboxed`).
 */
export function numbersOf<S extends ParamSpecs>(values: ParamValues<S>): ParamNumbers<S> {
  const numbers = Object.entries<Sourced>(values).map(([name, v]) => [name, unboxed(v.value)]);
  return Object.fromEntries(numbers) as ParamNumbers<S>;
}

/**
 * The same integer, as a small integer if it is one. V8 boxes the numbers in a field that is a wide number in any
 * object of the shape, as `value` is for a clock; a core whose fields hold such boxes computes in doubles.
 */
function unboxed(value: number): number {
  const small = value | 0;
  return small === value ? small : value;
}

/**
 * A child of a set of values: the parent's with some replaced. An override of an undeclared name is a
 * ModelBug through `checkParams`.
 */
export function derive<S extends ParamSpecs>(
  parent: ParamValues<S>,
  overrides: Partial<ParamValues<S>>,
): ParamValues<S> {
  return { ...parent, ...overrides };
}

/**
 * Reads one `key=value` of the command line against a declaration.
 *
 * @param known where the names are listed, for the error when one is unknown
 * @returns the name and the integer value; throws a UserError naming the nearest parameter or the range
 */
export function parseAssignment<S extends ParamSpecs>(
  text: string,
  specs: S,
  known = '',
): [keyof S & string, number] {
  const eq = text.indexOf('=');
  const name = eq < 0 ? text : text.slice(0, eq);
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const near = nearestName(name, Object.keys(specs));
    const hint = near === undefined ? '' : `, did you mean ${near}?`;
    const pointer = known === '' ? '' : near === undefined ? `; ${known}` : ` ${known}`;
    throw usageError(`unknown parameter "${name}"${hint}${pointer}`);
  }
  const value = Number(text.slice(eq + 1));
  if (eq < 0 || text.slice(eq + 1).trim() === '' || !Number.isSafeInteger(value)) {
    throw usageError(`parameter ${name} expects an integer (${spec.unit}), found "${text.slice(eq + 1)}"`);
  }
  if (value < spec.min || value > spec.max) {
    throw usageError(`parameter ${name} is ${value}, expected ${spec.min}..${spec.max} ${spec.unit}`);
  }
  return [name, value];
}
