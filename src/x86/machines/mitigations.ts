/**
 * Machines with mitigations that another goes without: each the numbers of one mechanism. What else they do, forget
 * the return stack, the history or the predictors, follows from the numbers (src/xen/vmexit.ts, sched/schedule.ts).
 */
import { documented, guessed } from '../../model/params.ts';
import type { MachineValues } from '../machine.ts';
import { ablation } from './ablations.ts';
import { SAPPHIRE_RAPIDS, SAPPHIRE_RAPIDS_VALUES } from './sapphire-rapids.ts';
import { SKYLAKE_SP, SKYLAKE_SP_VALUES } from './skylake-sp.ts';
import { ZEN4, ZEN4_VALUES } from './zen4.ts';

const MEMORY = 'fact sheet, from memory';
const KOHLER = 'J. Kohler, LKML 2024, Xeon Gold 6442Y, tscdeadline_immed';

/** Page-table isolation, which kernels of Skylake-SP had on by default until Cascade Lake. */
const PTI = {
  ptiCycles: documented(
    100,
    'Linux Documentation/x86/pti.rst: order of a hundred cycles for each CR3 write; upper end from memory',
    100,
    250,
  ),
};

/** Indirect calls of the guest's kernel through a retpoline. Xen's paths here have none. */
const RETPOLINE = {
  retpolineCycles: guessed(
    27,
    'fact sheet, added to one predicted indirect call, Intel, from memory; the same was measured on Zen 5',
    20,
    40,
  ),
};

/** Legacy IBRS: SPEC_CTRL written at both ends of the time in Xen, and the return stack filled. */
const IBRS = {
  specCtrlCycles: guessed(150, `${MEMORY}: IBRS wrmsr on entry, each`, 80, 300),
  rsbFillCycles: guessed(60, `${MEMORY}: 32 entries, Intel`, 40, 100),
};

/** Buffers cleared before each VM entry. */
const MDS = { verwCycles: guessed(450, MEMORY, 300, 600) };

/** Predictors cleared when another vCPU gets the core. */
const IBPB = { ibpbCycles: guessed(8000, `${MEMORY}, Intel and AMD`, 3000, 20_000) };

const skylake = (suffix: string, what: string, changes: Partial<MachineValues>) =>
  ablation(SKYLAKE_SP, SKYLAKE_SP_VALUES, suffix, what, changes);
const sapphire = (suffix: string, what: string, changes: Partial<MachineValues>) =>
  ablation(SAPPHIRE_RAPIDS, SAPPHIRE_RAPIDS_VALUES, suffix, what, changes);

/** `skylake-sp` with one mitigation each, and with all of them. */
export const SKYLAKE_SP_PTI = skylake('pti', 'page-table isolation', PTI);
export const SKYLAKE_SP_RETPOLINE = skylake('retpoline', 'retpolines', RETPOLINE);
export const SKYLAKE_SP_IBRS = skylake('ibrs', 'IBRS and RSB fill at VM exits', IBRS);
export const SKYLAKE_SP_MDS = skylake('mds', 'VERW at VM entries', MDS);
export const SKYLAKE_SP_IBPB = skylake('ibpb', 'IBPB at switches of vCPUs', IBPB);
export const SKYLAKE_SP_MITIGATED = skylake('mitigated', 'PTI, retpolines, IBRS, VERW, IBPB', {
  ...PTI,
  ...RETPOLINE,
  ...IBRS,
  ...MDS,
  ...IBPB,
});

/** `sapphire-rapids` whose guest has another SPEC_CTRL than Xen. */
export const SAPPHIRE_RAPIDS_IBRS = sapphire('ibrs', 'SPEC_CTRL written at VM exits and entries', {
  specCtrlCycles: documented(
    362,
    `${KOHLER}: 3,878 less 3,153 TSC cycles for both writes, taken as core cycles; upper end at a turbo of 1.5 times`,
    290,
    645,
  ),
});

/** `sapphire-rapids` that clears the branch history by the long loop. */
export const SAPPHIRE_RAPIDS_BHB = sapphire('bhb', 'branch history cleared at VM exits', {
  bhbClearCycles: documented(
    476,
    `${KOHLER}: 3,629 less 3,153 TSC cycles, taken as core cycles; low end the variant by a TSX abort`,
    141,
    714,
  ),
});

/** `zen4` whose guest's kernel returns by SRSO safe-ret. FreeBSD has none so far: what it would cost. */
export const ZEN4_SRSO = ablation(ZEN4, ZEN4_VALUES, 'srso', 'SRSO safe-ret', {
  safeReturnCycles: guessed(
    15,
    "a misprediction by design (Linux commit d43490d): this machine's 13 cycles, a call and an add; fact sheet, from memory: 2 to 20",
    2,
    20,
  ),
});
