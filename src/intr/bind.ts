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
import { mtxLock, mtxUnlock } from './mutex.ts';
import type { FreeBsd, HandlerKindCode } from './os.ts';

const file = new SourceFile('sys/x86/xen/xen_intr.c', 'bind');
const caller = file.fn('xen_intr_bind_*');
const bindFn = file.fn('xen_intr_bind_isrc');
const nextCpu = new SourceFile('sys/x86/x86/intr_machdep.c', 'next cpu').fn('intr_next_cpu');

const At = {
  enter: caller.site('arguments', 16),
  nextCpu: nextCpu.site('round robin under icu_lock', 20),
  handler: bindFn.site('intr_add_handler', 10),
  tail: caller.site('xi_close, xi_virq', 8),
  assign: caller.site('intr_event_bind, assign_cpu', 14),
  leave: caller.site('return', 8),
};

/** Steps 1 to 3 of a generation: takes an isrc, fills it, publishes it under the port. Returns it. */
export type TakeIsrc = (os: FreeBsd, cpu: KernelCpu, kind: ChannelKindCode, port: Port) => Kernel<Addr>;

/** Type of an isrc for a kind of channel. */
export function typeOf(kind: ChannelKindCode): number {
  if (kind === ChannelKind.virq) return EVTCHN_TYPE.virq;
  return kind === ChannelKind.ipi ? EVTCHN_TYPE.ipi : EVTCHN_TYPE.port;
}

/**
 * xen_intr_bind_virq, xen_intr_alloc_and_bind_ipi, xen_intr_bind_remote_port or ..._local_port, with a handler.
 *
 * @param vcpu where the port is to be served
 * @returns the port
 */
export function* bindPort(
  os: FreeBsd,
  cpu: KernelCpu,
  kind: ChannelKindCode,
  handler: HandlerKindCode,
  vcpu: Vcpu,
  take: TakeIsrc,
): Kernel<Port> {
  const { core, pcpu } = cpu;
  const { icuLock } = os.image.statics;
  core.at(At.enter);
  core.call();
  core.push(6);
  core.free(8);
  const port = yield* os.hypercalls.bind(core, kind, vcpu);
  const isrc = yield* take(os, cpu, kind, port);
  const perCpu = kind === ChannelKind.virq || kind === ChannelKind.ipi;
  if (!perCpu) {
    yield* mtxLock(core, icuLock, pcpu, At.nextCpu);
    core.free(6);
    mtxUnlock(core, icuLock, pcpu, At.nextCpu);
    core.call();
    yield* assignCpu(os, cpu, isrc, kind, vcpu);
  }
  core.at(At.handler);
  core.free(6);
  core.call();
  yield* addHandler(os, cpu, isrc, handler);
  core.at(At.tail);
  const tFlags = core.load8(isrc + os.generation.isrc.flags, NOW);
  core.store8(isrc + os.generation.isrc.flags, core.lo | FLAG_CLOSE, core.alu(tFlags));
  if (perCpu) {
    core.at(At.assign);
    const tCpu = core.load32(isrc + os.generation.isrc.cpu, NOW);
    if (core.branch(kind === ChannelKind.virq || core.lo !== vcpu, tCpu)) {
      core.call();
      yield* assignCpu(os, cpu, isrc, kind, vcpu);
    }
  }
  core.at(At.leave);
  core.pop(6);
  core.ret();
  return port;
}
