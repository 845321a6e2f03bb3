/** A recording of VM exits beside what the rules of delivery predict for it. */
import { traceError } from '../../model/errors.ts';
import type { Input } from '../../trace/input.ts';
import { eachRecord, type RecordingFacts } from '../../trace/xentrace/merge.ts';
import { SvmExit } from './svm.ts';
import { Tally } from './tally.ts';
import { VcpuCheck } from './vcpu-check.ts';
import { type VcpuView, VcpuViews } from './vcpu-views.ts';

/** What a recording comes to. */
export interface ExitsResult {
  readonly facts: RecordingFacts;
  readonly tally: Tally;
}

/**
 * Reads a recording of xentrace and compares every upcall in it.
 *
 * @throws UserError (exit 6) when it is no recording, has no VM exits, or was made on a processor without SVM
 */
export async function validateExits(input: Input): Promise<ExitsResult> {
  const tally = new Tally();
  const checks = new Map<VcpuView, VcpuCheck>();
  const of = (view: VcpuView): VcpuCheck => {
    let check = checks.get(view);
    if (check === undefined) {
      check = new VcpuCheck(tally);
      checks.set(view, check);
    }
    return check;
  };
  const views = new VcpuViews({
    episode: (view) => of(view).episode(view.id, view.episode),
    lost: (view) => of(view).cut(),
  });
  const facts = await eachRecord(input, (record, tick) => views.record(record, tick));
  for (const check of checks.values()) check.cut();
  refuseOther(input.path, tally);
  return { facts, tally };
}

/** A recording of another kind: without HVM or PVH domains, or from Intel's VMX, whose exit reasons are small numbers. */
function refuseOther(file: string, tally: Tally): void {
  const expected = 'the VM exits of an HVM or PVH domain on AMD SVM (xentrace -e all)';
  if (tally.exits === 0) throw traceError({ file }, 'no VM exit', expected);
  if (![...tally.reasons].some((r) => r >= SvmExit.intr && r !== 0x400)) {
    const seen = [...tally.reasons].sort((a, b) => a - b).join(', ');
    throw traceError({ file }, `VM exits with the reasons ${seen} only`, expected);
  }
}
