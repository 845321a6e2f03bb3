/**
 * Runs the rules of delivery over one vCPU's episodes and compares. The rules are driven by `Driving`; of Xen's
 * answers only one thing is read, and counted as read: whether a send came in an episode in which nothing else
 * could show it, and RFLAGS.IF at that moment where no rule of the guest gives it.
 */
import { classOf } from './classes.ts';
import { NONE, UpcallDelivery } from './delivery.ts';
import type { DifferenceName } from './differences.ts';
import type { Answer, Driving, Episode } from './episode.ts';
import {
  Flag,
  interruptFlag,
  isOwnInterrupt,
  isUpcallVector,
  isUpcallWake,
  mayPrecedeEoi,
  selfIpi,
} from './guest-rules.ts';
import { exitName, SvmExit, X2Apic } from './svm.ts';
import type { Tally } from './tally.ts';
import { Upcall } from './upcall.ts';

/** One vCPU. */
export class VcpuCheck {
  readonly #tally: Tally;
  readonly #delivery = new UpcallDelivery();
  readonly #upcall = new Upcall();
  /** The vector of event-channel upcalls, known from the first one. */
  #vector = NONE;
  /** Nothing is known yet of what was armed or in service before the recording. */
  #fresh = true;
  #vcpu = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** The next stay in Xen. */
  episode(vcpu: number, e: Episode): void {
    this.#vcpu = vcpu;
    const { driving: d, answer: a } = e;
    this.#tally.exits++;
    this.#tally.reasons.add(d.reason);
    const windowBefore = this.#delivery.window;
    const pendingBefore = this.#delivery.pending !== NONE;
    const windowStays = windowBefore && d.reason !== SvmExit.vintr;
    const ended = this.#exit(d, e.byte, windowBefore);
    const opened = this.#requests(e, ended);
    if (d.reason === SvmExit.hlt) this.#hlt(d, a, pendingBefore, opened);
    this.#entry(e, interruptFlag(d, windowStays), windowStays);
    if (this.#upcall.open && this.#delivery.idle) this.#upcall.end(this.#tally, vcpu);
  }

  /** Records were lost, or the recording ends: what is under way is known in part only. */
  cut(): void {
    if (this.#upcall.open && !this.#upcall.other) this.#tally.cut++;
    this.#upcall.open = false;
    this.#delivery.reset();
    this.#fresh = true;
  }

  /** The exit itself. @returns whether it ended a service */
  #exit(d: Driving, byte: number, windowBefore: boolean): boolean {
    const { reason } = d;
    const up = this.#upcall;
    if (reason === SvmExit.vintr) {
      this.#delivery.windowExit();
      if (!windowBefore) this.#unasked('vintr-unasked', 'vintr', 'VINTR', d, byte);
      else if (up.open) up.step('vintr', 'VINTR', 'VINTR');
      return false;
    }
    if (d.msr === X2Apic.eoi) {
      if (this.#delivery.eoi() === NONE) {
        this.#unasked('eoi-unasked', 'eoi', 'EOI', d, byte);
        return false;
      }
      up.step('eoi', 'EOI', 'EOI');
      up.end(this.#tally, this.#vcpu);
      return true;
    }
    if (!up.open) return false;
    if (this.#delivery.inService !== NONE && !mayPrecedeEoi(reason)) {
      up.differs('eoi-late');
      up.step(undefined, undefined, exitName(reason));
    } else this.#exitStep(reason);
    return false;
  }

  /** Something that the rules give no reason for; at the beginning the reason may be before the recording. */
  #unasked(name: DifferenceName, kind: 'vintr' | 'eoi', text: string, d: Driving, byte: number): void {
    if (this.#fresh) return;
    const up = this.#upcall;
    if (!up.open) up.begin(classOf(d, false), this.#vector, false, byte);
    up.differs(name);
    up.step(kind, undefined, text);
  }

  #exitStep(reason: number): void {
    const name = exitName(reason);
    this.#upcall.step(reason === SvmExit.intr ? 'intr' : undefined, name, name);
  }

  /** New requests. @returns whether an upcall began */
  #requests(e: Episode, ended: boolean): boolean {
    const { driving: d, answer: a } = e;
    const shown = a.injected !== NONE ? a.injected : a.window;
    const sent = selfIpi(d);
    if (sent !== NONE) {
      this.#delivery.raise(sent);
      return this.#begin(e, sent, true, ended);
    }
    if (this.#vector === NONE && isUpcallVector(shown)) this.#vector = shown;
    const own = this.#delivery.idle && isOwnInterrupt(d);
    if ((isUpcallWake(d) || own) && this.#vector !== NONE) {
      this.#delivery.raise(this.#vector);
      return this.#begin(e, this.#vector, false, ended);
    }
    if (shown === NONE || this.#delivery.pending !== NONE) return false;
    this.#delivery.raise(shown);
    const began = this.#begin(e, shown, shown !== this.#vector, ended);
    if (began) this.#upcall.read = true;
    return began;
  }

  #begin(e: Episode, vector: number, other: boolean, ended: boolean): boolean {
    if (this.#upcall.open) return false;
    this.#upcall.begin(classOf(e.driving, ended), vector, other, e.byte);
    this.#fresh = false;
    if (e.driving.reason !== SvmExit.hlt) this.#exitStep(e.driving.reason);
    return true;
  }

  /** HLT: the vCPU stays runnable if something can be delivered at once, else it blocks. */
  #hlt(d: Driving, a: Answer, pendingBefore: boolean, opened: boolean): void {
    const up = this.#upcall;
    if (!up.open) return;
    // Raised within this very exit: when, only the answer shows.
    const within = opened && !isUpcallWake(d);
    const stays = within ? a.hlt : Number(pendingBefore);
    up.step('hlt', `HLT(${stays})`, a.hlt === NONE ? undefined : `HLT(${a.hlt})`);
    if (stays !== a.hlt) up.differs('hlt-outcome');
  }

  /** What svm_intr_assist does before the entry, and the comparison with what it did. */
  #entry(e: Episode, flag: number, windowBefore: boolean): void {
    const { answer: a } = e;
    const { injected: recorded } = a;
    const armed = a.window !== NONE;
    const delivery = this.#delivery;
    const set = flag === Flag.unknown ? !this.#upcall.read || recorded !== NONE : flag === Flag.set;
    delivery.assist(set);
    this.#tally.morePasses += a.morePasses;
    const up = this.#upcall;
    const name =
      differenceOf(delivery, recorded, armed) ?? (a.moreInjections > 0 ? 'two-injections' : undefined);
    if (up.open) {
      const predicted = delivery.injected;
      if (predicted !== NONE || recorded !== NONE) up.step('inj', injection(predicted), injection(recorded));
      if (delivery.armed || armed) {
        up.step('window', delivery.armed ? 'WINDOW' : undefined, armed ? 'WINDOW' : undefined);
      }
      if (name !== undefined) up.differs(name);
    }
    // A window that was armed before stays armed, whether this entry says so again or not.
    const stays = name === 'window-missing' && windowBefore;
    if (name !== undefined && !stays) delivery.adopt(recorded, a.window);
  }
}

function injection(vector: number): string | undefined {
  return vector === NONE ? undefined : `INJ 0x${vector.toString(16)}`;
}

/** How an entry's prediction differs from what is recorded; nothing if it does not. */
function differenceOf(
  predicted: UpcallDelivery,
  injected: number,
  armed: boolean,
): DifferenceName | undefined {
  if (predicted.injected !== injected) {
    if (injected === NONE) return armed ? 'window-for-injection' : 'not-injected';
    return predicted.injected === NONE && predicted.armed ? 'injection-for-window' : 'injected-unasked';
  }
  if (predicted.armed === armed) return undefined;
  return armed ? 'window-unasked' : 'window-missing';
}
