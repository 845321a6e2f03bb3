/** What a guest does before a trace begins. */
import type { HandlerKindCode } from '../intr/os.ts';
import type { Port, Vcpu } from '../model/units.ts';
import type { ChannelKindCode } from '../xen/abi.ts';
import type { Vcpus } from './vcpus.ts';

/** A port that the trace has bound before time starts, as the trace names it. */
export interface BoundPort {
  readonly port: Port;
  readonly channel: ChannelKindCode;
  readonly handler: HandlerKindCode;
  readonly vcpu: Vcpu;
}

/** What a guest did before the trace, beside binding its ports in the order of their rows. */
export type History = (vcpus: Vcpus, ports: readonly BoundPort[]) => void;
