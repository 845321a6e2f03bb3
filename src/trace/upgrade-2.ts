/**
 * From version 2 of the trace table to version 3, which only added the kind `restore`: each name that version 2 had, for
 * ever, with its code in version 3. A row means what it meant; a name that is not here is refused.
 */
import type { Dialect } from './dialect.ts';
import { Kind, TargetState } from './table.ts';

/** What rows of version 2 may say. */
export const FROM_VERSION_2: Dialect = {
  version: 2,
  kinds: new Map([
    ['bound', Kind.bound],
    ['bind', Kind.bind],
    ['unbind', Kind.unbind],
    ['move', Kind.move],
    ['send', Kind.send],
    ['notify', Kind.notify],
    ['unmask', Kind.unmask],
    ['priority', Kind.priority],
    ['halt', Kind.halt],
    ['wake', Kind.wake],
    ['exit', Kind.exit],
    ['interrupt', Kind.interrupt],
    ['preempt', Kind.preempt],
    ['resume', Kind.resume],
  ]),
  targets: new Map([
    ['', TargetState.unknown],
    ['running', TargetState.running],
    ['blocked', TargetState.blocked],
    ['runnable', TargetState.runnable],
  ]),
};
