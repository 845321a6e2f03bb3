/** A call through struct evtchn_ops. */
import { type Core, NOW } from '../../x86/core.ts';
import type { Linux } from './os.ts';

/**
 * Calls an operation of the ABI; the caller's site is to be named again when it has returned.
 *
 * @param slot offset in struct evtchn_ops
 * @param entry site at which the operation starts
 */
export function callOp(core: Core, { image }: Linux, slot: number, entry: number): void {
  const tOps = core.load64(image.statics.evtchnOpsPtr, NOW);
  core.indirectCall(entry, core.operand64(image.statics.evtchnOps + slot, tOps));
  core.at(entry);
}
