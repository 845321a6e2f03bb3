/** A guest as dom0 sees it: the channels it has, those it is to have, and what is being done to it. */
import type { ChannelOf } from './population.ts';

/** What is being done to a guest. */
export const GuestState = { down: 0, opening: 1, running: 2, closing: 3 } as const;

/** One guest, or the place of one. */
export class Guest {
  state: number = GuestState.down;
  /** Until when it boots. */
  bootsUntil = 0;
  /** Ports of its channels that are open, in the order in which they were bound. */
  readonly ports: number[] = [];
  /** Channels still to be opened, the next one last. */
  readonly toOpen: ChannelOf[] = [];
  /** How many channels stay when it closes. */
  keeps = 0;
  /** After it has closed: it comes back after the downtime. */
  comesBack = false;
  /** Channels it comes back with. */
  readonly back: ChannelOf[] = [];
  /** Channels of its shape; those behind were plugged in. */
  readonly shape: number;

  constructor(shape: number) {
    this.shape = shape;
  }
}
