/** What a recording without ports tells: which interrupt was served when, by its number. */

/** What happened. */
export type InterruptionKind = 'delivery' | 'bind' | 'unbind' | 'notify';

/** One thing that happened to an interrupt. */
export interface Interruption {
  readonly kind: InterruptionKind;
  readonly line: number;
  readonly time: number;
  readonly cpu: number;
  readonly irq: number;
  /** Name of its action, handler or thread; empty if not told. */
  readonly name: string;
  /** Whether the vCPU was idle when it came. */
  readonly idle: boolean;
  /** Whether its handler is a thread. */
  readonly threaded: boolean;
}

/** Interruptions of a recording, and how many of its events say nothing about one. */
export interface Interruptions {
  readonly list: readonly Interruption[];
  readonly unused: number;
}
