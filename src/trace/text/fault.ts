/** Why a line of a text recording cannot be read. */

/** What was found, and what was expected; the reader adds the place. */
export class Fault {
  readonly found: string;
  readonly expected: string;

  constructor(found: string, expected: string) {
    this.found = found;
    this.expected = expected;
  }
}

/** Longest event name accepted; Linux allows 64 (MAX_EVENT_NAME_LEN) and a subsystem before it, symbols 512. */
const MAX_NAME = 512;
/** CPUs of a machine; more are a damaged number. */
const MAX_CPUS = 4096;

/** Untrusted text for a message: bounded, and without control characters. */
export function quoted(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return `"${shown.replace(/[^\x20-\x7e]/g, '?')}"`;
}

/** The number of a CPU from its digits. */
export function cpuOf(digits: string): number | Fault {
  const cpu = Number(digits);
  return cpu < MAX_CPUS ? cpu : new Fault(`CPU ${digits}`, `one below ${MAX_CPUS}`);
}

/** A fault for an event's name that is too long; undefined if it is not. */
export function nameFault(name: string): Fault | undefined {
  if (name.length <= MAX_NAME) return undefined;
  return new Fault(`an event name of ${name.length} characters: ${quoted(name)}`, `at most ${MAX_NAME}`);
}
