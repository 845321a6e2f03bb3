/** Who binds what: the callers of xen_intr_bind_* by kind of channel and handler (fact sheet on FreeBSD, 4.1). */
import { HandlerKind, type HandlerKindCode } from '../intr/os.ts';
import { ChannelKind, type ChannelKindCode } from '../xen/abi.ts';

/** One kind of bind. */
export interface BindKind {
  readonly name: string;
  /** Who binds so. */
  readonly what: string;
  readonly channel: ChannelKindCode;
  readonly handler: HandlerKindCode;
  /** Whether somebody else opens the channel, and closes it: xen_intr_bind_local_port. */
  readonly local: boolean;
}

const { unbound, interdomain, virq, ipi } = ChannelKind;
const { filter, ithread, user } = HandlerKind;

/** Every kind that FreeBSD has; the first is the standard one. */
export const BIND_KINDS: readonly BindKind[] = [
  { name: 'interdomain', what: 'blkback', channel: interdomain, handler: filter, local: false },
  { name: 'interdomain-ithread', what: 'netback', channel: interdomain, handler: ithread, local: false },
  { name: 'unbound', what: 'a frontend with a filter', channel: unbound, handler: filter, local: false },
  { name: 'unbound-ithread', what: 'netfront, blkfront', channel: unbound, handler: ithread, local: false },
  { name: 'virq', what: 'timer, debug', channel: virq, handler: filter, local: false },
  { name: 'virq-ithread', what: 'console of dom0', channel: virq, handler: ithread, local: false },
  { name: 'ipi', what: 'PV IPIs', channel: ipi, handler: filter, local: false },
  { name: 'user', what: 'evtchn device, a port', channel: interdomain, handler: user, local: false },
  { name: 'user-virq', what: 'evtchn device, a VIRQ', channel: virq, handler: user, local: false },
  { name: 'local', what: 'xenstore, console of a domU', channel: unbound, handler: ithread, local: true },
];
