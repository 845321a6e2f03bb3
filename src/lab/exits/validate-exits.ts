/** A recording of VM exits beside what the rules of delivery predict for it. */
import { traceError } from '../../model/errors.ts';
import type { Input } from '../../trace/input.ts';
import { eachRecord, type RecordingFacts } from '../../trace/xentrace/merge.ts';
import type { TraceRecord } from '../../trace/xentrace/record.ts';
import { SvmExit } from './svm.ts';
import { Tally } from './tally.ts';
import { VcpuCheck } from './vcpu-check.ts';
import { type VcpuView, VcpuViews } from './vcpu-views.ts';

/** What a recording comes to. */
export interface ExitsResult {
  readonly facts: RecordingFacts;
  readonly tally: Tally;
}

/** The comparison of one recording; feed it all records in time order, then `finish`. */
export class RecordingCheck {
  readonly #tally = new Tally();
  readonly #checks = new Map<VcpuView, VcpuCheck>();
  readonly #views = new VcpuViews({
    episode: (view) => this.#of(view).episode(view.id, view.episode),
    lost: (view) => this.#of(view).cut(),
  });

  /** One record with its tick. */
  record(record: TraceRecord, tick: number): void {
    this.#views.record(record, tick);
  }

  /** What it all came to. */
  finish(): Tally {
    for (const check of this.#checks.values()) check.cut();
    return this.#tally;
  }

  #of(view: VcpuView): VcpuCheck {
    let check = this.#checks.get(view);
    if (check === undefined) {
      check = new VcpuCheck(this.#tally);
      this.#checks.set(view, check);
    }
    return check;
  }
}

/**
 * Reads a recording of xentrace and compares every upcall in it.
 *
 * @throws UserError (exit 6) when it is no recording, has no VM exits, or was made on a processor without SVM
 */
export async function validateExits(input: Input): Promise<ExitsResult> {
  const check = new RecordingCheck();
  const facts = await eachRecord(input, (record, tick) => check.record(record, tick));
  const tally = check.finish();
  refuseOther(input.path, tally);
  return { facts, tally };
}

/** A recording of another kind: without HVM or PVH domains, or from Intel's VMX, whose exit reasons are small numbers. */
function refuseOther(file: string, tally: Tally): void {
  const expected = 'the VM exits of an HVM or PVH domain on AMD SVM (xentrace -e all)';
  if (tally.exits === 0) throw traceError({ file }, 'no VM exit', expected);
  if (![...tally.reasons].some((r) => r >= SvmExit.intr && r < SvmExit.npf)) {
    const seen = [...tally.reasons].sort((a, b) => a - b).join(', ');
    throw traceError({ file }, `VM exits with the reasons ${seen} only`, expected);
  }
}
