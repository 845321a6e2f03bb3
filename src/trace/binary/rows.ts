/** From a block's columns to checked rows. */
import { traceError, type UserError } from '../../model/errors.ts';
import { addRow } from '../batches.ts';
import type { RowCheck } from '../row-check.ts';
import type { Fault } from '../row-state.ts';
import { emptyBatch, Kind, rowAt, type TraceBatch, type TraceRow, whereIs } from '../table.ts';
import type { DecodedBlock } from './block.ts';
import type { BinaryHeader } from './header.ts';

/** The rows of one table, block by block. */
export class BlockRows {
  /** Rows so far, without those of blocks' states. */
  rows = 0;
  readonly #file: string;
  readonly #codes: BinaryHeader['codes'];
  readonly #check: RowCheck;

  constructor(file: string, codes: BinaryHeader['codes'], check: RowCheck) {
    this.#file = file;
    this.#codes = codes;
    this.#check = check;
  }

  /**
   * The rows of the next block; a UserError (exit 6) with the record for one that may not be there.
   *
   * @param byte offset of the block, for errors
   * @param skipped whether blocks before this one were not read: the rows of its state come first then
   */
  read(block: DecodedBlock, byte: number, skipped: boolean): TraceBatch {
    const batch = emptyBatch(block.rows);
    batch.byte = byte;
    batch.firstRecord = this.rows + 1;
    const row = rowAt(0, 0);
    const first = skipped ? 0 : block.state;
    const fault = skipped ? undefined : this.#stateFault(row, block);
    if (fault !== undefined) throw this.#error(batch, fault);
    for (let i = first; i < block.rows; i++) {
      const wrong = this.#fill(row, block, i) ?? this.#check.take(row);
      if (wrong !== undefined) throw this.#error(batch, wrong);
      addRow(batch, row);
    }
    this.rows += block.rows - block.state;
    return batch;
  }

  /** What is wrong with the first rows of a block, which say the state that was read already. */
  #stateFault(row: TraceRow, block: DecodedBlock): Fault | undefined {
    const { state } = this.#check;
    let ports = 0;
    for (let i = 0; i < block.state; i++) {
      const unknown = this.#fill(row, block, i);
      if (unknown !== undefined) return unknown;
      if (row.kind !== Kind.bound) continue;
      if (!state.isBound(row.port))
        return [`port ${row.port} in the state of the block`, 'one that is bound'];
      ports++;
    }
    return ports === state.ports
      ? undefined
      : [`${ports} ports in the state of the block`, `the ${state.ports} that are bound`];
  }

  /** Row `i` of the block, with codes of this program. */
  #fill(row: TraceRow, { columns }: DecodedBlock, i: number): Fault | undefined {
    row.time = columns.get('time')![i]!;
    row.by = columns.get('by')![i]!;
    row.port = columns.get('port')![i]!;
    row.to = columns.get('to')![i]!;
    for (const name of ['kind', 'channel', 'handler', 'target'] as const) {
      const stored = columns.get(name)![i]!;
      const codes = this.#codes.get(name)!;
      const code = codes[stored];
      if (code === undefined) return [`${name} number ${stored}`, `0..${codes.length - 1}`];
      row[name] = code;
    }
    return undefined;
  }

  #error(batch: TraceBatch, [found, expected]: Fault): UserError {
    return traceError(whereIs(this.#file, batch, batch.length), found, expected);
  }
}
