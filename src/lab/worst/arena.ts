/** Runs patterns of events one after the other on one guest, which is much faster than a guest for each. */
import { emptyBatch, type TraceBatch, type TraceRow, VERSION } from '../../trace/table.ts';
import { Player } from '../replay.ts';
import type { Scenario } from '../scenario.ts';
import { boundRows, patternRows, type UpcallCase } from './upcall-case.ts';

/** Rows that are played at once. */
const BATCH_ROWS = 4096;

/** Plays rows on a player. @returns how many */
export function playRows(player: Player, rows: Iterable<TraceRow>): number {
  const batch = emptyBatch(BATCH_ROWS);
  let count = 0;
  for (const row of rows) {
    if (batch.length === BATCH_ROWS) flush(player, batch);
    append(batch, row);
    count++;
  }
  flush(player, batch);
  return count;
}

/** A player for rows that are made up: the trace's clock is the machine's, so ticks are cycles. */
export function playerFor(scenario: Scenario): Player {
  const header = {
    version: VERSION,
    name: 'worst',
    clockHz: scenario.machine.n.clockHz,
    vcpus: 1,
    notes: [],
  };
  return new Player({ header, batches: none() }, 'worst', scenario, undefined);
}

async function* none(): AsyncGenerator<TraceBatch> {}

function flush(player: Player, batch: TraceBatch): void {
  player.play(batch);
  batch.length = 0;
}

function append(batch: TraceBatch, row: TraceRow): void {
  const i = batch.length++;
  batch.time[i] = row.time;
  batch.kind[i] = row.kind;
  batch.by[i] = row.by;
  batch.port[i] = row.port;
  batch.to[i] = row.to;
  batch.channel[i] = row.channel;
  batch.handler[i] = row.handler;
  batch.target[i] = row.target;
}

/** One guest with ports 1 to `ports` bound. What one pattern leaves in caches and predictors the next one finds. */
export class Arena {
  readonly #player: Player;
  #time = 0;

  /** @param masked ports that belong to a process */
  constructor(scenario: Scenario, ports: number, masked: readonly number[]) {
    this.#player = playerFor(scenario);
    playRows(this.#player, boundRows(ports, masked));
  }

  /** The guest. */
  get player(): Player {
    return this.#player;
  }

  /** Runs a pattern: the greatest upcall and wait, and what was overtaken, are those of this pattern then. */
  run(c: UpcallCase): void {
    const rows = [];
    const from = this.#time;
    const pattern = patternRows(c, from, true);
    for (let next = pattern.next(); ; next = pattern.next()) {
      if (next.done === true) {
        this.#time = next.value;
        break;
      }
      rows.push({ ...next.value });
    }
    const { vcpus } = this.#player;
    vcpus.stats.histograms.upcall.max = 0;
    vcpus.stats.histograms.delivery.max = 0;
    vcpus.countOvertaken();
    playRows(this.#player, rows);
  }
}
