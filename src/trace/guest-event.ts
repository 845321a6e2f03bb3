/**
 * One event of a recording made inside a guest, whatever tool wrote it: the readers of src/trace/text all give these.
 */

/** `time` of an event that the recording gives no time for. */
export const NO_TIME = -1;
/** `cpu` or `pid` of an event that the recording gives none for. */
export const NOT_TOLD = -1;

/** One event. */
export interface GuestEvent {
  /** Line of the file, 1-based. */
  readonly line: number;
  /** Integer ticks of the recording's clock since its origin (src/trace/text/clock.ts); NO_TIME if not recorded. */
  readonly time: number;
  /** vCPU; NOT_TOLD if not recorded. */
  readonly cpu: number;
  /** Command name; empty if not recorded. */
  readonly comm: string;
  /** Process or thread; NOT_TOLD if not recorded. */
  readonly pid: number;
  /** Name of the event as the tool prints it; of a traced function, its name. */
  readonly name: string;
  /** Everything behind the event's name. */
  readonly text: string;
}

/** The integer behind `key=` in an event's text (decimal, or hexadecimal with 0x); undefined if absent. */
export function field(text: string, key: string): number | undefined {
  const at = text.startsWith(`${key}=`) ? 0 : text.indexOf(` ${key}=`) + 1;
  if (at === 0 && !text.startsWith(`${key}=`)) return undefined;
  const value = text.slice(at + key.length + 1).split(' ', 1)[0]!;
  return /^(-?\d{1,15}|0x[0-9a-f]{1,13})$/.test(value) ? Number(value) : undefined;
}
