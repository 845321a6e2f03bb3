/**
 * Xen's rules for an interrupt of a guest's LAPIC on SVM, without cycles: what is injected, when a window is armed.
 * They follow vlapic_set_irq, vlapic_has_pending_irq, vlapic_ack_pending_irq and vlapic_EOI_set
 * (xen/arch/x86/hvm/vlapic.c) and svm_intr_assist (xen/arch/x86/hvm/svm/intr.c) of Xen 4.17. The task priority is 0.
 */

/** No vector. */
export const NONE = -1;

/** The LAPIC of one vCPU and the entry path's choice. */
export class UpcallDelivery {
  /** Requested, and in service: vectors in descending order; few are ever in one. */
  readonly #irr: number[] = [];
  readonly #isr: number[] = [];
  /** Whether a dummy V_IRQ waits for the guest to accept interrupts. */
  window = false;
  /** What the last entry did: the vector injected, and whether a window was armed. */
  injected = NONE;
  armed = false;

  /** A vector is requested. An edge on one that is requested already is absorbed. @returns whether it was new */
  raise(vector: number): boolean {
    return insert(this.#irr, vector);
  }

  /** Whether nothing is requested and nothing in service. */
  get idle(): boolean {
    return this.#irr.length === 0 && this.#isr.length === 0;
  }

  /** The vector that is in service; NONE if none. */
  get inService(): number {
    return this.#isr[0] ?? NONE;
  }

  /** The vector that could be injected now: its priority class is above that of what is in service. */
  get pending(): number {
    const vector = this.#irr[0];
    if (vector === undefined) return NONE;
    return vector >> 4 > this.inService >> 4 ? vector : NONE;
  }

  /** The guest writes EOI. @returns the vector whose service ends; NONE if none was in service */
  eoi(): number {
    return this.#isr.shift() ?? NONE;
  }

  /** The exit VINTR: the guest accepts interrupts again. The handler only disarms; the entry then decides. */
  windowExit(): void {
    this.window = false;
  }

  /**
   * One pass of svm_intr_assist before VM entry. Sets `injected` and `armed`. A LAPIC vector is acknowledged (IRR to
   * ISR) when injected; what remains is of no higher class and waits for the EOI, so one injection arms no window.
   *
   * @param interruptFlag the guest's RFLAGS.IF, no interrupt shadow
   */
  assist(interruptFlag: boolean): void {
    this.injected = NONE;
    this.armed = false;
    const vector = this.pending;
    if (vector === NONE) return;
    if (interruptFlag) {
      this.#irr.shift();
      insert(this.#isr, vector);
      this.injected = vector;
    }
    this.armed = this.pending !== NONE;
    if (this.armed) this.window = true;
  }

  /** Takes over what a recording shows after a wrong prediction, so that one difference is counted once. */
  adopt(injected: number, armed: number): void {
    this.#irr.length = 0;
    if (this.injected !== NONE) this.#isr.shift();
    this.window = false;
    if (injected !== NONE) insert(this.#isr, injected);
    if (armed !== NONE) {
      this.raise(armed);
      this.window = true;
    }
  }

  /** Nothing requested, nothing in service: the state after a wait in HLT. */
  reset(): void {
    this.#irr.length = 0;
    this.#isr.length = 0;
    this.window = false;
  }
}

/** Inserts into a descending list without duplicates. */
function insert(vectors: number[], vector: number): boolean {
  let at = 0;
  while (at < vectors.length && vectors[at]! > vector) at++;
  if (vectors[at] === vector) return false;
  vectors.splice(at, 0, vector);
  return true;
}
