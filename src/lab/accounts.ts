/** The accounts of a run: cycles by operation, site and cause. */
import { ModelBug } from '../model/errors.ts';
import type { Core } from '../x86/core.ts';
import { newAccount } from '../x86/retirement.ts';

/**
 * Operations that have an account of their own. `xen`: exits and switches on the guest's pCPUs outside its own code;
 * `sender`: what other domains spend to send.
 */
export const OPERATIONS = [
  'upcall',
  'ithread',
  'bind',
  'unbind',
  'move',
  'send',
  'unmask',
  'priority',
  'restore',
  'xen',
  'sender',
  'setup',
] as const;

/** One of `OPERATIONS`. */
export type Operation = (typeof OPERATIONS)[number];

/** One account for each operation. */
export type Accounts = Readonly<Record<Operation, Float64Array>>;

/** Empty accounts. */
export function newAccounts(): Accounts {
  return Object.fromEntries(OPERATIONS.map((name) => [name, newAccount()])) as Record<
    Operation,
    Float64Array
  >;
}

/** Sum of an account in cycles; integers, so the order of addition does not matter. */
export function totalOf(account: Float64Array): number {
  let sum = 0;
  for (const cycles of account) sum += cycles;
  return sum;
}

/** The credits of all accounts must be the cycles that the cores spent; a ModelBug if not. */
export function assertCredited(accounts: Accounts, cores: readonly Core[]): void {
  let credits = 0;
  for (const name of OPERATIONS) if (name !== 'setup') credits += totalOf(accounts[name]);
  let cycles = 0;
  for (const core of cores) cycles += core.credited;
  if (credits !== cycles) throw new ModelBug('credits do not sum to the cycles spent', { credits, cycles });
}
