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

const PRINTABLE = /^[\t\x20-\x7e]*$/;
/** Control characters, and those that change how the text around them is shown. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A fault for a line with a character that no tool prints; undefined if it has none. Tabs are not hidden. */
export function hiddenFault(text: string): Fault | undefined {
  if (PRINTABLE.test(text)) return undefined;
  const found = HIDDEN.exec(text.replaceAll('\t', ' '));
  if (found === null) return undefined;
  const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return new Fault(`the control character U+${code} in ${quoted(text)}`, 'printable text');
}

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
