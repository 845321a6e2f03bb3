/**
 * Binding a port, the part that generations A and C share: the caller's hypercall, the CPU, the handler, the
 * tail (fact sheet on FreeBSD, 3.6, steps 0 and 4 to 6). What differs, steps 1 to 3, is in bind-a.ts and bind-c.ts.
 */
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { type Kernel, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import { ChannelKind, type ChannelKindCode } from '../xen/abi.ts';
import { assignCpu } from './assign-cpu.ts';
import { addHandler } from './handlers.ts';
import type { KernelCpu } from './kernel-image.ts';
import { EVTCHN_TYPE, FLAG_CLOSE } from './layout.ts';
import { mtxLock, mtxUnlock, spinLock, spinUnlock } from './mutex.ts';
import { type FreeBsd, HandlerKind, type HandlerKindCode } from './os.ts';
import { GENERATION_A, perGeneration } from './source-files.ts';

const AT = perGeneration('bind', ({ common }) => {
  const caller = common.fn('xen_intr_bind_*');
  const bindFn = common.fn('xen_intr_bind_isrc');
  return {
    enter: caller.site('arguments', 16),
    handler: bindFn.site('intr_add_handler', 10),
    assign: caller.site('assign_cpu', 14),
    tail: caller.site('xi_close, xi_virq', 8),
    leave: caller.site('return', 8),
  };
});

const nextCpu = new SourceFile('sys/x86/x86/intr_machdep.c', 'next cpu').fn('intr_next_cpu');
const AT_NEXT_CPU = nextCpu.site('round robin under icu_lock', 30);
const AT_EVENT_BIND = new SourceFile('sys/kern/kern_intr.c', 'bind')
  .fn('intr_event_bind')
  .site('sx_xlock(intrsrc_lock) around the assignment', 22);

/** Steps 1 to 3 of a generation: takes an isrc, fills it, publishes it under the port. Returns it. */
export type TakeIsrc = (os: FreeBsd, cpu: KernelCpu, kind: ChannelKindCode, port: Port) => Kernel<Addr>;

/** Type of an isrc for a kind of channel. */
export function typeOf(kind: ChannelKindCode): number {
  if (kind === ChannelKind.virq) return EVTCHN_TYPE.virq;
  return kind === ChannelKind.ipi ? EVTCHN_TYPE.ipi : EVTCHN_TYPE.port;
}

/**
 * xen_intr_bind_virq, xen_intr_alloc_and_bind_ipi, xen_intr_bind_remote_port or ..._alloc_and_bind_local_port, with a
 * handler; xen_intr_bind_local_port of a channel that somebody else has opened, which is not closed by the unbind.
 *
 * @param vcpu where the port is to be served
 * @param local the port of such a channel; 0 to have Xen open one
 * @returns the port
 */
export function* bindPort(
  os: FreeBsd,
  cpu: KernelCpu,
  kind: ChannelKindCode,
  handler: HandlerKindCode,
  vcpu: Vcpu,
  take: TakeIsrc,
  local: Port,
): Kernel<Port> {
  const { core } = cpu;
  const at = AT[os.generation.id];
  core.at(at.enter);
  core.call();
  core.push(6);
  core.free(8);
  const port = local !== 0 ? local : yield* os.hypercalls.bind(core, kind, vcpu);
  const isrc = yield* take(os, cpu, kind, port);
  const perCpu = kind === ChannelKind.virq || kind === ChannelKind.ipi;
  // The evtchn device binds without a handler and adds it later: the channel is assigned first, while masked.
  const assignsFirst = !perCpu || handler === HandlerKind.user;
  if (assignsFirst) yield* assign(os, cpu, isrc, kind, vcpu);
  core.at(at.handler);
  core.free(6);
  core.call();
  yield* addHandler(os, cpu, isrc, handler);
  core.at(at.tail);
  const { isrc: layout } = os.generation;
  const tFlags = core.load8(isrc + layout.flags, NOW);
  const flags = local !== 0 ? core.lo & ~FLAG_CLOSE : core.lo | FLAG_CLOSE;
  core.store8(isrc + layout.flags, flags, core.alu(tFlags));
  // Which VIRQ it is no trace says: VIRQ_TIMER, as good as another.
  if (kind === ChannelKind.virq) core.store32(isrc + layout.virq, 0, NOW);
  if (!assignsFirst) yield* assign(os, cpu, isrc, kind, vcpu);
  core.at(at.leave);
  core.pop(6);
  core.ret();
  return port;
}

/** Step 4 or the tail of step 6: the channel goes to the CPU it is wanted on. */
function* assign(os: FreeBsd, cpu: KernelCpu, isrc: Addr, kind: ChannelKindCode, vcpu: Vcpu): Kernel {
  const { core, pcpu } = cpu;
  const { icuLock, intrTableLock } = os.image.statics;
  const at = AT[os.generation.id];
  core.at(at.assign);
  if (kind === ChannelKind.ipi) {
    // An IPI that is on its CPU already, as all are on CPU 0 at first, is left alone.
    const tCpu = core.load32(isrc + os.generation.isrc.cpu, NOW);
    if (!core.branch(core.lo !== vcpu, tCpu)) return;
  } else if (kind === ChannelKind.virq) {
    core.call();
    yield* mtxLock(core, intrTableLock, pcpu, AT_EVENT_BIND);
    core.call();
    yield* assignCpu(os, cpu, isrc, kind, vcpu);
    yield* mtxUnlock(core, intrTableLock, pcpu, AT_EVENT_BIND);
    core.ret();
    return;
  } else {
    core.call();
    core.at(AT_NEXT_CPU);
    yield* spinLock(cpu, icuLock, AT_NEXT_CPU);
    core.free(6);
    yield* spinUnlock(cpu, icuLock, AT_NEXT_CPU);
    core.ret();
    core.at(at.assign);
    // C asks for a CPU where A hands the APIC id on.
    if (os.generation.id !== GENERATION_A) core.load32(os.image.statics.apicCpuids, NOW);
  }
  core.call();
  yield* assignCpu(os, cpu, isrc, kind, vcpu);
}
