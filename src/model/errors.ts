/**
 * Two kinds of failure, kept apart: the user's input (fix the file, the command line) and the model itself
 * (fix the program). Nothing else is thrown on purpose.
 */

/** Process exit codes; a script may rely on them. Source: the contract in docs/contracts.md. */
export const Exit = {
  ok: 0,
  modelBug: 1,
  usage: 2,
  regression: 3,
  cannotJudge: 4,
  notDeterministic: 5,
  badTrace: 6,
  interrupted: 130,
} as const;

/** One of the values of `Exit`. */
export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** Where in an input the trouble is: a file and a 1-based line, a byte offset or a 1-based record, as far as known. */
export interface Where {
  file?: string;
  line?: number;
  byte?: number;
  record?: number;
}

/**
 * The user's input cannot be used. The message is one line: where, what was found, what was expected.
 * `code` is stable and is what `--format json` prints; `exit` is the process exit code.
 */
export class UserError extends Error {
  readonly code: string;
  readonly exit: ExitCode;

  constructor(code: string, exit: ExitCode, message: string, where: Where = {}) {
    const line = where.line === undefined ? '' : `:${where.line}`;
    const byte = where.byte === undefined ? '' : ` at byte ${where.byte}`;
    const record = where.record === undefined ? '' : `, record ${where.record}`;
    super(where.file === undefined ? message : `${where.file}${line}${byte}${record}: ${message}`);
    this.name = 'UserError';
    this.code = code;
    this.exit = exit;
  }
}

/** A trace, or another file of records, cannot be read. Exit code 6. */
export function traceError(where: Where, found: string, expected: string): UserError {
  return new UserError('bad-trace', Exit.badTrace, `found ${found}, expected ${expected}`, where);
}

/** The command line or a configuration is wrong. Exit code 2. */
export function usageError(message: string): UserError {
  return new UserError('usage', Exit.usage, message);
}

/**
 * An invariant of the model is broken: a bug here, not in the input. `dump` is the state that a developer
 * needs (cycle, event, queues). Exit code 1.
 */
export class ModelBug extends Error {
  constructor(message: string, dump: Record<string, unknown> = {}) {
    super(`${message} ${JSON.stringify(dump)}`);
    this.name = 'ModelBug';
  }
}

/**
 * The known name nearest to a mistyped one, by edit distance, for "did you mean".
 *
 * @returns a name at most three edits away, and fewer than there are letters to edit, or undefined
 */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(4, typed.length);
  for (const name of known) {
    const distance = editDistance(typed, name);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The error for a name that is not in a closed list: what was typed, the nearest, the whole list. */
export function unknownName(what: string, typed: string, known: readonly string[]): UserError {
  const near = nearestName(typed, known);
  const hint = near === undefined ? ';' : `, did you mean ${near}?`;
  return usageError(`unknown ${what} "${typed}"${hint} expected one of: ${known.join(', ')}`);
}
