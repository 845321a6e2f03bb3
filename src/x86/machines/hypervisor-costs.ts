/**
 * What leaving a guest, Xen's own code and idling cost: numbers that are the same judgement for every machine, or
 * follow from a few of its own. Nearly all are guessed; docs/hypervisor.md says how much hangs on them.
 */
import { documented, guessed, type Sourced } from '../../model/params.ts';
import type { MachineValues } from '../machine.ts';

const JUDGED = 'fact sheet, from memory or by judgement, no measurement found';
const ISCA = 'Dall et al., ISCA 2016, Table II, from memory';
const OFF = documented(0, 'off in this machine; an ablation has it on');

/** What a machine says of its own. */
export interface HypervisorFacts {
  /** VM exit and entry, the hardware alone, both together: value, least, greatest. */
  readonly roundTrip: readonly [number, number, number];
  readonly roundTripSource: string;
  /** A trivial hypercall from and to the guest: value, least, greatest. */
  readonly hypercall: readonly [number, number, number];
  readonly hypercallSource: string;
  /**
   * What the model charges step by step for such a hypercall (intr_assist, the test for softirqs) once the core knows
   * the code; the test of transitions measures it and says what it must be.
   */
  readonly steps: number;
  readonly apicv: Sourced;
  readonly idleMwait: Sourced;
  readonly cstateExitNanos: Sourced;
}

/** Whether Xen uses APICv, and MWAIT when idle: Intel's servers from Ivy Bridge-EP on, and AMD's. */
export const APICV = documented(
  1,
  'Xen uses it by default where the hardware has it (fact sheet on Xen, 4.6)',
);
export const NO_AVIC = documented(0, 'this Xen does not use AVIC (fact sheet on Xen, 4.3)');
export const MWAIT = documented(1, 'Xen mwait-idle driver');
export const NO_MWAIT = guessed(0, 'by judgement: HLT or an I/O port', 0, 1);

/** The numbers of a machine that concern the hypervisor, but for the injection and the flight of an IPI. */
export function hypervisorCosts(facts: HypervisorFacts) {
  const [trip, least, most] = facts.roundTrip;
  const half = guessed(
    Math.floor(trip / 2),
    `${facts.roundTripSource}: ${trip} for the round trip, half of it`,
    Math.floor(least / 2),
    Math.floor(most / 2),
  );
  const [hypercall, leastCall, mostCall] = facts.hypercall;
  const charged = 2 * Math.floor(trip / 2) + facts.steps;
  return {
    safeReturnCycles: documented(0, 'compiled in only where it is asked for'),
    apicv: facts.apicv,
    idleMwait: facts.idleMwait,
    vmExitCycles: half,
    vmEntryCycles: half,
    exitSoftwareCycles: guessed(
      hypercall - charged,
      `${facts.hypercallSource}: hypercall ${hypercall}, less ${trip} of hardware and ${facts.steps} charged step by step`,
      leastCall - charged,
      mostCall - charged,
    ),
    exitDataLines: guessed(20, 'by judgement', 0, 60),
    exitCodeLines: guessed(30, 'by judgement', 0, 100),
    specCtrlCycles: OFF,
    rsbFillCycles: OFF,
    bhbClearCycles: OFF,
    verwCycles: OFF,
    ibpbCycles: OFF,
    apicEmulationCycles: guessed(
      506,
      `${ISCA}: 1,734 of an emulated access less 1,228 of a hypercall`,
      200,
      1500,
    ),
    guestCopyCycles: guessed(300, `${JUDGED}: what is left of 700 for a send`, 100, 1000),
    remoteSendCycles: guessed(200, 'by judgement: two locked operations on lines of others', 50, 600),
    evtchnOpCycles: guessed(
      400,
      'taken equal to EVTCHNOP_send less the copy, no measurement found',
      100,
      2700,
    ),
    evtchnBucketCycles: guessed(1500, 'by judgement: a page from the heap, zeroed', 500, 5000),
    hostInterruptCycles: guessed(250, 'by judgement: EOI and dispatch', 100, 500),
    timerSoftirqCycles: guessed(600, 'by judgement', 200, 1500),
    postedInterruptCycles: guessed(1000, `${JUDGED}; Shinjuku 1,212, Skyloft 1,211`, 600, 1500),
    virtualEoiCycles: guessed(60, JUDGED, 30, 150),
    ipiSendCycles: guessed(200, JUDGED, 150, 250),
    cstateExitNanos: facts.cstateExitNanos,
    scheduleCycles: guessed(2000, JUDGED, 1500, 3000),
    contextSwitchCycles: guessed(4000, JUDGED, 3000, 6000),
  } satisfies Partial<MachineValues>;
}
