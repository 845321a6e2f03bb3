/**
 * Xen's delivery is written twice: as kernels that are charged (src/xen), and as rules without cycles that explain
 * recordings (src/lab/exits). On SVM, with a vector of the LAPIC, both must take every vCPU through the same exits,
 * injections and windows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BenchGuest } from '../../src/lab/bench-guest.ts';
import { NONE, UpcallDelivery } from '../../src/lab/exits/delivery.ts';
import { DEFAULT_NAMES, scenarioOf } from '../../src/lab/scenario.ts';
import { RandomStream } from '../../src/model/random.ts';
import type { Kernel } from '../../src/x86/core.ts';
import { eoiExit, exited, interruptExit, otherExit, windowExit } from '../../src/xen/hvm-exits.ts';
import type { Pcpu } from '../../src/xen/pcpu.ts';
import type { VirtualCpu } from '../../src/xen/virtual-cpu.ts';
import { vlapicSetIrq } from '../../src/xen/vlapic.ts';
import { vmEntry } from '../../src/xen/vmexit.ts';
import type { Xen } from '../../src/xen/xen.ts';

/** FreeBSD's vector of upcalls. */
const VECTOR = 0x93;

/** What happens to a vCPU: the hardware's part, an exit that has another reason, or what its guest does. */
const STEPS = ['send', 'self', 'eoi', 'if on', 'if off', 'other exit'] as const;
type Step = (typeof STEPS)[number];

/** What one side tells of a step: exits in order, and how the vCPU was entered. */
type Log = string[];

/** One side. */
interface Side {
  readonly log: Log;
  /** RFLAGS.IF. */
  interruptFlag: boolean;
  inService(): boolean;
  windowArmed(): boolean;
  send(): void;
  self(): void;
  eoi(): void;
  other(): void;
  window(): void;
}

/** The kernels of src/xen on a machine. */
class Charged implements Side {
  readonly log: Log = [];
  interruptFlag = true;
  readonly #bench: BenchGuest;
  readonly #xen: Xen;
  readonly #pcpu: Pcpu;
  readonly #vcpu: VirtualCpu;

  constructor(machine: string) {
    this.#bench = new BenchGuest(scenarioOf({ ...DEFAULT_NAMES, machine, delivery: 'lapic' }), 1, 1);
    const { guest, hardware } = this.#bench;
    this.#xen = guest.xen;
    this.#pcpu = guest.xen.pcpus[0]!;
    this.#vcpu = guest.domain.virtualCpus[0]!;
    hardware.interruptsOn = () => this.interruptFlag;
    hardware.interrupt = (pcpu, vector) => {
      pcpu.interrupts |= 1 << vector;
    };
    hardware.deliver = () => {
      this.log.push('inject');
      this.interruptFlag = false;
    };
  }

  inService(): boolean {
    return this.#bench.guest.memory.peek32(this.#vcpu.isr) !== 0;
  }

  windowArmed(): boolean {
    return this.#vcpu.windowArmed;
  }

  send(): void {
    const { cores } = this.#bench.guest;
    const sender = cores[1]!;
    sender.begin(sender.now);
    this.#bench.run(vlapicSetIrq(this.#xen, sender, this.#vcpu, false));
    if (this.#pcpu.interrupts !== 0) this.#exit('INTR', interruptExit(this.#xen, this.#pcpu));
  }

  self(): void {
    const [xen, pcpu, vcpu] = [this.#xen, this.#pcpu, this.#vcpu];
    function* hypercall(): Kernel {
      yield* exited(xen, pcpu, 'exits_hypercall');
      yield* vlapicSetIrq(xen, pcpu.core, vcpu, false);
      yield* vmEntry(xen, pcpu);
    }
    this.#exit('VMMCALL', hypercall());
  }

  eoi(): void {
    this.#exit('EOI', eoiExit(this.#xen, this.#pcpu));
  }

  other(): void {
    this.#exit('other', otherExit(this.#xen, this.#pcpu));
  }

  window(): void {
    this.#exit('VINTR', windowExit(this.#xen, this.#pcpu));
  }

  #exit(reason: string, kernel: Kernel): void {
    this.log.push(reason);
    const { core } = this.#pcpu;
    core.begin(core.now);
    this.#bench.run(kernel);
  }
}

/** The rules that predict a recording's exits. */
class Rules implements Side {
  readonly log: Log = [];
  interruptFlag = true;
  readonly #delivery = new UpcallDelivery();
  readonly #vector: number;

  constructor(vector: number) {
    this.#vector = vector;
  }

  inService(): boolean {
    return this.#delivery.inService !== NONE;
  }

  windowArmed(): boolean {
    return this.#delivery.window;
  }

  send(): void {
    // Rung 5 of the ladder: no kick where IRR has the vector.
    if (this.#delivery.raise(this.#vector)) this.#exit('INTR');
  }

  self(): void {
    this.#delivery.raise(this.#vector);
    this.#exit('VMMCALL');
  }

  eoi(): void {
    this.#delivery.eoi();
    this.#exit('EOI');
  }

  other(): void {
    this.#exit('other');
  }

  window(): void {
    this.#delivery.windowExit();
    this.#exit('VINTR');
  }

  #exit(reason: string): void {
    this.log.push(reason);
    this.#delivery.assist(this.interruptFlag);
    if (this.#delivery.injected === NONE) return;
    this.log.push('inject');
    this.interruptFlag = false;
  }
}

/** One step of a vCPU; what its hardware does by itself follows. */
function take(side: Side, step: Step): void {
  if (step === 'send') side.send();
  else if (step === 'self') side.self();
  else if (step === 'other exit') side.other();
  else if (step === 'if on') side.interruptFlag = true;
  else if (step === 'if off') side.interruptFlag = false;
  else if (side.inService()) side.eoi();
  // A window opens as soon as the guest takes interrupts.
  while (side.interruptFlag && side.windowArmed()) side.window();
  side.log.push(
    `${step}: ${side.inService() ? 'in service' : 'nothing in service'}${side.windowArmed() ? ', window' : ''}`,
  );
}

const CASES = 20;
const LENGTH = 800;

/** Takes both through the same random steps; returns how often each thing happened. Throws where they differ. */
function compare(rulesOf: () => Rules): Map<string, number> {
  const random = new RandomStream(4, 'delivery rules');
  const seen = new Map<string, number>();
  for (let i = 0; i < CASES; i++) {
    const charged = new Charged('zen5');
    const rules = rulesOf();
    for (let j = 0; j < LENGTH; j++) {
      const step = STEPS[random.below(STEPS.length)]!;
      const [from, fromToo] = [charged.log.length, rules.log.length];
      take(charged, step);
      take(rules, step);
      const where = `case ${i}, step ${j}; before it: ${rules.log.slice(-8).join('; ')}`;
      assert.deepEqual(charged.log.slice(from), rules.log.slice(fromToo), where);
      assert.equal(charged.interruptFlag, rules.interruptFlag, where);
    }
    for (const what of rules.log) seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  return seen;
}

test('zen5, LAPIC vector: kernels and rules go through the same exits, injections and windows', () => {
  const seen = compare(() => new Rules(VECTOR));
  for (const what of ['INTR', 'VMMCALL', 'EOI', 'VINTR', 'other', 'inject'])
    assert.ok(seen.get(what)! > 10 * CASES, `${what}: too rare to have been compared`);
});

test('rules that kick a vCPU whose IRR has the vector already are noticed', () => {
  class Kicks extends Rules {
    override send(): void {
      super.send();
      if (this.log.at(-1) !== 'INTR') this.other();
    }
  }
  assert.throws(() => compare(() => new Kicks(VECTOR)), /before it/);
});
