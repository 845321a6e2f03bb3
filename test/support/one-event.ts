/** One event to a vCPU in a known state: what leaves guest mode for it, and what it takes. */
import { HandlerKind } from '../../src/intr/os.ts';
import { DEFAULT_NAMES, type ScenarioNames, scenarioOf } from '../../src/lab/scenario.ts';
import { Vcpus } from '../../src/lab/vcpus.ts';
import { Work } from '../../src/lab/work-queue.ts';
import { reset } from '../../src/model/stats.ts';
import type { Cycle } from '../../src/model/units.ts';
import { ChannelKind, type ChannelKindCode } from '../../src/xen/abi.ts';
import type { XenStats } from '../../src/xen/stats.ts';

/** Long enough for anything an event starts to end, and for a hog to be past its rate limit. */
const LONG: Cycle = 6_000_000;

/** How an event finds its vCPU. */
export interface Encounter {
  /** `key=value` of the run. */
  readonly set: readonly string[];
  readonly kind: ChannelKindCode;
  send(vcpus: Vcpus): void;
}

const outside = (vcpus: Vcpus) => void vcpus.sendFromOutside(1);
const { interdomain, ipi } = ChannelKind;

/** States of a vCPU, named as in docs/hypervisor.md. */
export const ENCOUNTERS: Readonly<Record<string, Encounter>> = {
  runs: { set: [], kind: interdomain, send: outside },
  'runs, sends to itself': { set: [], kind: ipi, send: (vcpus) => vcpus.give(0, Work.send, 1) },
  'blocked, its pCPU idle': { set: ['idleHalts=1'], kind: interdomain, send: outside },
  'blocked, another vCPU runs there': { set: ['hogs=1'], kind: interdomain, send: outside },
  'runs the handler of an earlier event': {
    set: ['filterCycles=20000'],
    kind: interdomain,
    send: (vcpus) => {
      outside(vcpus);
      vcpus.engine.runTo(vcpus.engine.now + 12_000);
      vcpus.sendFromOutside(2);
    },
  },
};

/** A guest with two ports, at rest in the state. */
function atRest(names: Partial<ScenarioNames>, { set, kind }: Encounter): Vcpus {
  const all = [...set, ...(names.set ?? [])];
  const vcpus = new Vcpus(scenarioOf({ ...DEFAULT_NAMES, ...names, set: all }), 1);
  vcpus.boundBefore(1, kind, HandlerKind.filter, 0);
  vcpus.boundBefore(2, interdomain, HandlerKind.filter, 0);
  vcpus.startTime();
  vcpus.engine.runTo(vcpus.engine.now + LONG);
  return vcpus;
}

/** What Xen counts while one event is delivered. */
export function countsOf(names: Partial<ScenarioNames>, encounter: Encounter): XenStats {
  const vcpus = atRest(names, encounter);
  reset(vcpus.guest.xen.stats);
  encounter.send(vcpus);
  vcpus.engine.runTo(vcpus.engine.now + LONG);
  return vcpus.guest.xen.stats;
}

/** Cycles of the upcall and of the delivery of an event, after four of its kind. */
export function cyclesOf(
  names: Partial<ScenarioNames>,
  encounter: Encounter,
): { upcall: Cycle; delivery: Cycle } {
  const vcpus = atRest(names, encounter);
  const { upcall, delivery } = vcpus.stats.histograms;
  let before = { upcall: 0, delivery: 0 };
  for (let i = 0; i < 5; i++) {
    before = { upcall: upcall.sum, delivery: delivery.sum };
    encounter.send(vcpus);
    vcpus.engine.runTo(vcpus.engine.now + LONG);
  }
  return { upcall: upcall.sum - before.upcall, delivery: delivery.sum - before.delivery };
}
