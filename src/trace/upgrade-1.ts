/**
 * From version 1 of the trace table to version 2, which only added kinds and a target state: each name that version
 * 1 had, for ever, with its code, which no later version has changed. A row means what it meant; a name that is not here is refused.
 */
import type { Dialect } from './dialect.ts';
import { Kind, TargetState } from './table.ts';

/** What rows of version 1 may say. */
export const FROM_VERSION_1: Dialect = {
  version: 1,
  kinds: new Map([
    ['bound', Kind.bound],
    ['bind', Kind.bind],
    ['unbind', Kind.unbind],
    ['move', Kind.move],
    ['send', Kind.send],
    ['notify', Kind.notify],
    ['unmask', Kind.unmask],
  ]),
  targets: new Map([
    ['', TargetState.unknown],
    ['running', TargetState.running],
    ['blocked', TargetState.blocked],
  ]),
};
