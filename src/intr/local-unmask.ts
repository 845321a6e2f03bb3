/**
 * Unmasking a port without Xen, as Linux does it (fact sheet on Xen, sections 10.2 and 10.3): the guest clears the
 * mask bit itself and asks Xen only for what an HVM guest cannot do alone, to raise an upcall for an event that is
 * pending already. Linux's kernels take the steps on the shared bits from here; FreeBSD has only the hypercall, so
 * its function is a what-if.
 *
 * The mask bit is cleared before the pending bit is tested: an event sent between the two finds the port unmasked
 * and is signalled by its sender; one sent before is seen by the test.
 */
import { unknownName, usageError } from '../model/errors.ts';
import type { Addr, Port, Ready } from '../model/units.ts';
import { type Core, type Kernel, NOW } from '../x86/core.ts';
import type { Memory } from '../x86/memory.ts';
import type { CodeFunction } from '../x86/sites.ts';
import { SHARED_INFO } from '../xen/abi.ts';
import { EVENT_WORD } from '../xen/abi-fifo.ts';
import { criticalExit } from './entry.ts';
import type { FifoArea } from './fifo-area.ts';
import type { Generation } from './guest-kernel.ts';
import type { KernelCpu } from './kernel-image.ts';
import { INVALID_EVTCHN, PCPU, THREAD } from './layout.ts';
import type { FreeBsd, Observer, UnmaskName } from './os.ts';
import { perGeneration } from './source-files.ts';

/** Ways to unmask a port. */
export const UNMASKS: readonly UnmaskName[] = ['hypercall', 'local'];

/** Sites of the steps on the 2-level ABI's bits, in the function of one operating system. */
export function bitSites(unmask: CodeFunction) {
  return {
    clear: unmask.site('clear the mask bit, test pending', 10),
    again: unmask.site('pending: mask again', 4),
  };
}

/** Sites of the steps on an event word. */
export function wordSites(unmask: CodeFunction) {
  return {
    clear: unmask.site('clear MASKED, unless BUSY', 8),
    pending: unmask.site('PENDING?', 4),
  };
}

/**
 * The 2-level ABI's bits of a port that this vCPU serves. Xen's unmask does nothing for a port whose mask bit is
 * clear (section 3.7), so the port is masked again where Xen is needed.
 *
 * @param tPage when the address of the shared page is known
 * @returns whether Xen has to be asked
 */
export function* unmaskBits(
  core: Core,
  sharedInfo: Addr,
  observer: Observer,
  port: Port,
  tPage: Ready,
  at: ReturnType<typeof bitSites>,
): Kernel<boolean> {
  core.at(at.clear);
  if (core.behind(tPage)) yield;
  core.lockBitReset(sharedInfo + SHARED_INFO.mask, port, tPage);
  observer.unmasked(port, core);
  if (core.behind(NOW)) yield;
  const tPending = core.bitTest(sharedInfo + SHARED_INFO.pending, port, tPage);
  if (!core.jcc(core.lo !== 0, tPending)) return false;
  core.at(at.again);
  if (core.behind(NOW)) yield;
  core.lockBitSet(sharedInfo + SHARED_INFO.mask, port, tPage);
  return true;
}

/**
 * The event word of a port: MASKED is cleared by a cmpxchg that fails while Xen has the word BUSY. Xen's unmask
 * looks at PENDING whether MASKED was set or not, so nothing is masked again.
 *
 * @param tWord when the address of the word is known
 * @returns whether Xen has to be asked
 */
export function* unmaskWord(
  core: Core,
  memory: Memory,
  area: FifoArea,
  observer: Observer,
  port: Port,
  tWord: Ready,
  at: ReturnType<typeof wordSites>,
): Kernel<boolean> {
  const word = area.word(port);
  core.at(at.clear);
  if (core.behind(tWord)) yield;
  let t = core.load32(word, tWord);
  let seen = core.lo;
  for (;;) {
    const old = seen & ~(1 << EVENT_WORD.busy);
    t = core.chain(t, 2);
    if (core.behind(t)) yield;
    t = core.cmpxchg32(word, old, old & ~(1 << EVENT_WORD.masked), t);
    const same = core.lo === 1;
    // A failed compare leaves the word's value in the register.
    seen = memory.peek32(word);
    if (core.jcc(same, t)) break;
    core.at(at.clear);
  }
  observer.unmasked(port, core);
  core.at(at.pending);
  if (core.behind(NOW)) yield;
  const tPending = core.load32(word, tWord);
  return core.branch(core.lo < 0, tPending);
}

const AT = perGeneration('local unmask', ({ common }) => {
  const fn = common.fn('xen_intr_unmask_local (what-if)');
  return {
    enter: fn.site('critical_enter, whose port?', 10),
    bits: bitSites(fn),
    word: wordSites(fn),
    hypercall: fn.site('EVTCHNOP_unmask', 4),
    leave: fn.site('critical_exit, return', 9),
  };
});

/**
 * Unmasks a port as the guest does: by the hypercall, or locally. A call of a local function is charged here.
 *
 * @param isrc of the port @param tIsrc when it is known
 */
export function unmaskPort(os: FreeBsd, cpu: KernelCpu, port: Port, isrc: Addr, tIsrc: Ready): Kernel {
  // An isrc that lost its port in a resume of generation C has none to look at: Xen is asked, and refuses.
  if (os.unmask === 'hypercall' || port === INVALID_EVTCHN) return os.hypercalls.unmask(cpu.core, port);
  return localUnmask(os, cpu, port, isrc, tIsrc);
}

/**
 * What FreeBSD's function would be: evtchn_2l_unmask or evtchn_fifo_unmask in a critical section, so that the vCPU
 * that was compared is the one that clears the bit. Linux has interrupts off there; here an upcall may come between
 * two steps, and serves the port: it masks it again, and the thread that unmasks is told to run once more.
 */
function* localUnmask(os: FreeBsd, cpu: KernelCpu, port: Port, isrc: Addr, tIsrc: Ready): Kernel {
  const { core, pcpu, thread } = cpu;
  const { fifo, image, observer } = os;
  const at = AT[os.generation.id];
  core.call();
  core.at(at.enter);
  core.push(1);
  const tThread = core.load64(pcpu + PCPU.curthread, NOW);
  core.add32(thread + THREAD.critnest, 1, tThread);
  let ask: boolean;
  if (fifo === undefined) {
    const tPage = core.load64(image.statics.sharedInfoPtr, NOW);
    const tMe = core.load32(pcpu + PCPU.cpuid, NOW);
    const tCpu = core.operand32(isrc + os.generation.isrc.cpu, tIsrc);
    ask = core.branch(core.lo !== cpu.id, core.join(tMe, tCpu));
    if (!ask) ask = yield* unmaskBits(core, os.pages.sharedInfo, observer, port, tPage, at.bits);
  } else {
    const tWord = fifo.area.locate(core, port, NOW);
    ask = yield* unmaskWord(core, image.memory, fifo.area, observer, port, tWord, at.word);
  }
  if (ask) {
    core.at(at.hypercall);
    core.free(2);
    yield* os.hypercalls.unmask(core, port);
  }
  core.at(at.leave);
  criticalExit(core, cpu, at.leave);
  core.pop(1);
  core.ret();
}

/**
 * How a guest of a generation unmasks: its own way, or the one that is named.
 *
 * @param name undefined for the guest's own; a UserError (exit 2) for one that is unknown or that it does not have
 */
export function unmaskOf({ name: guest, unmasks }: Generation, name: string | undefined): UnmaskName {
  if (name === undefined) return unmasks[0]!;
  const known = UNMASKS.find((u) => u === name);
  if (known === undefined) throw unknownName('way to unmask', name, UNMASKS);
  if (unmasks.includes(known)) return known;
  throw usageError(
    `unmask "${name}": ${guest} clears the mask bit itself and has no other way, leave --unmask out or say ${unmasks.join(', ')}`,
  );
}
