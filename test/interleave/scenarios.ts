/** What is explored: who acts on which ports, and what is known to go wrong. */
import { generationByName } from '../../src/intr/generations.ts';
import type { AbiName } from '../../src/intr/guest-kernel.ts';
import { ChannelKind } from '../../src/xen/abi.ts';
import { consumerOf } from './guests.ts';
import type { FINDINGS } from './oracle.ts';
import type { Consumer, Plan, Task } from './scene.ts';

/** One of the kinds of findings. */
export type FindingName = (typeof FINDINGS)[number];

/** A plan with a name. */
export interface NamedPlan extends Plan {
  readonly name: string;
  readonly what: string;
  /** The only ABI it is for. */
  readonly abi?: AbiName;
  /** What every consumer does wrong here, in one order or another. Anything else, or less, fails the test. */
  readonly windows: readonly FindingName[];
  /** Those among them that the kernels' own turns never reach. */
  readonly hidden?: readonly FindingName[];
  /** The same as `windows` for a consumer that differs, by its name or that of its ABI. */
  readonly windowsOf?: Readonly<Record<string, readonly FindingName[]>>;
  /** Consumers, by their names, with too many states for `npm test`: only `npm run interleavings` explores them. */
  readonly long?: readonly string[];
}

/** Every consumer that is explored. */
export const CONSUMERS: readonly Consumer[] = [
  consumerOf(generationByName('freebsd-a'), ['send', 'unmask', 'close', 'unbind', 'rebind']),
  consumerOf(generationByName('freebsd-c'), ['send', 'unmask', 'close', 'unbind', 'rebind']),
  consumerOf(generationByName('linux-2l'), ['send', 'unmask', 'close', 'unbind', 'rebind']),
  consumerOf(generationByName('freebsd-fifo'), ['send', 'unmask', 'close', 'unbind', 'rebind']),
  consumerOf(generationByName('linux-fifo'), ['send', 'unmask', 'close', 'unbind', 'rebind']),
];

const send = (port: number): Task => ({ does: 'send', port });
const unmask = (port: number): Task => ({ does: 'unmask', port });
const close = (port: number): Task => ({ does: 'close', port });

const CLOSE: readonly FindingName[] = [
  'served though its pending bit had been cleared by the close',
  'served after the close returned',
];

const RAISED: FindingName = 'raised again by an unmask, though it had been served';

const none = { kind: ChannelKind.interdomain, maskingHandlers: false, masked: [], pending: [], windows: [] };

/** Every scenario, from the smallest to the largest. */
export const PLANS: readonly NamedPlan[] = [
  { ...none, name: 'one port', what: 'two senders to one port', ports: 2, tasks: [send(1), send(1)] },
  {
    ...none,
    name: 'one word',
    what: 'senders to two ports of one word',
    ports: 2,
    tasks: [send(1), send(2)],
  },
  {
    ...none,
    name: 'two words',
    what: 'senders to ports of two words',
    ports: 66,
    tasks: [send(1), send(65)],
  },
  {
    ...none,
    name: 'unmask',
    what: 'two senders to a port that is masked and pending, and its unmask',
    ports: 2,
    masked: [1],
    pending: [1],
    tasks: [send(1), send(1), unmask(1)],
    windowsOf: { fifo: [RAISED] },
  },
  {
    ...none,
    name: 'masking handler',
    what: 'two senders to a port whose handler masks it, and an unmask at any time',
    ports: 2,
    maskingHandlers: true,
    tasks: [send(1), send(1), unmask(1)],
    // Linux masks under the lock that its unmask holds during the hypercall.
    windowsOf: { 'freebsd-fifo': [RAISED] },
  },
  {
    ...none,
    name: 'close',
    what: 'senders to two ports, EVTCHNOP_close of one',
    ports: 2,
    tasks: [send(1), send(2), close(1)],
    windows: CLOSE,
  },
  {
    ...none,
    name: 'unmask, one sender',
    what: 'a sender to a port that is masked and pending, and its unmask',
    abi: 'fifo',
    ports: 2,
    masked: [1],
    pending: [1],
    tasks: [send(1), unmask(1)],
    windows: [RAISED],
  },
  {
    ...none,
    name: 'unmask, queue',
    what: 'a sender to one port, and the unmask of another, which was masked and pending',
    abi: 'fifo',
    ports: 2,
    masked: [2],
    pending: [2],
    tasks: [send(1), unmask(2)],
  },
  {
    ...none,
    name: 'masking handler, one sender',
    what: 'a sender to a port whose handler masks it, and an unmask',
    abi: 'fifo',
    ports: 2,
    maskingHandlers: true,
    tasks: [send(1), unmask(1)],
    windows: [RAISED],
    windowsOf: { 'linux-fifo': [] },
  },
  {
    ...none,
    name: 'close, one sender',
    what: 'a sender to a port, and its EVTCHNOP_close',
    abi: 'fifo',
    ports: 2,
    tasks: [send(1), close(1)],
    windows: CLOSE,
  },
  {
    ...none,
    name: 'unbind, one sender',
    what: 'a sender to a port that another vCPU unbinds',
    abi: 'fifo',
    ports: 2,
    tasks: [send(1), { does: 'unbind', port: 1 }],
    windows: ['taken, but no handler was left'],
  },
  {
    ...none,
    name: 'close, IPI',
    what: 'two senders to an IPI port, which is its own other end, and its EVTCHNOP_close',
    kind: ChannelKind.ipi,
    ports: 2,
    tasks: [send(1), send(1), close(1)],
    windows: CLOSE,
    long: ['freebsd-fifo', 'linux-fifo'],
  },
  {
    ...none,
    name: 'all, one word',
    what: 'senders to two ports, unmask of the one, which was masked and pending, close of the other',
    ports: 2,
    masked: [2],
    pending: [2],
    tasks: [send(1), send(2), unmask(2), close(1)],
    windows: CLOSE,
    windowsOf: { fifo: [...CLOSE, RAISED] },
    long: ['freebsd-fifo', 'linux-fifo'],
  },
  {
    ...none,
    name: 'all, two words',
    abi: '2-level',
    what: 'the same with the ports in two words',
    ports: 66,
    masked: [65],
    pending: [65],
    tasks: [send(1), send(65), unmask(65), close(1)],
    windows: CLOSE,
  },
  {
    ...none,
    name: 'all, one port',
    what: 'two senders, unmask and close of one port, which was masked and pending',
    ports: 2,
    masked: [1],
    pending: [1],
    tasks: [send(1), send(1), unmask(1), close(1)],
    windows: CLOSE,
    windowsOf: { fifo: [...CLOSE, RAISED] },
    long: ['freebsd-fifo', 'linux-fifo'],
  },
  {
    ...none,
    name: 'unbind',
    what: "senders to two ports; another vCPU unbinds one, the guest's own way to close",
    ports: 2,
    tasks: [send(1), send(2), { does: 'unbind', port: 1 }],
    windows: ['taken, but no handler was left'],
  },
  {
    ...none,
    name: 'unbind, unmask',
    what: 'a sender to one port, which is unbound, and the unmask of another, which was masked and pending',
    ports: 2,
    masked: [2],
    pending: [2],
    tasks: [send(1), unmask(2), { does: 'unbind', port: 1 }],
    windows: ['taken, but no handler was left'],
    long: ['linux-fifo'],
  },
  {
    ...none,
    name: 'all, unbind',
    abi: '2-level',
    what: 'as `all, one word`, but another vCPU unbinds the port',
    ports: 2,
    masked: [2],
    pending: [2],
    tasks: [send(1), send(2), unmask(2), { does: 'unbind', port: 1 }],
    windows: ['taken, but no handler was left'],
    long: ['freebsd-a', 'freebsd-c', 'linux-2l'],
  },
  {
    ...none,
    name: 'rebind',
    what: 'a sender to a port that another vCPU unbinds and binds again; it gets the port and the isrc it had',
    ports: 2,
    tasks: [send(1), { does: 'rebind', port: 1 }],
    windows: [
      'served though its pending bit had been cleared by the close',
      'taken, but no handler was left',
      'left masked, though its handler masks nothing',
    ],
    hidden: ['served though its pending bit had been cleared by the close'],
    // Linux notes in the old irq_info that the port is masked, and does not mask it again.
    windowsOf: {
      'linux-2l': ['taken, but no handler was left'],
      'linux-fifo': ['taken, but no handler was left'],
    },
    long: ['freebsd-fifo', 'linux-fifo'],
  },
];

/** A plan with a consumer it is for. */
export interface Pair {
  readonly plan: NamedPlan;
  readonly consumer: Consumer;
  /** What the consumer does wrong. */
  readonly windows: readonly FindingName[];
  /** Whether only `npm run interleavings` explores it. */
  readonly long: boolean;
}

/** Every plan with every consumer it is for. */
export const PAIRS: readonly Pair[] = PLANS.flatMap((plan) =>
  CONSUMERS.filter(({ abi, tasks }) => {
    const ofAbi = plan.abi === undefined || plan.abi === abi;
    return ofAbi && plan.tasks.every(({ does }) => tasks.includes(does));
  }).map((consumer) => ({
    plan,
    consumer,
    windows: plan.windowsOf?.[consumer.name] ?? plan.windowsOf?.[consumer.abi] ?? plan.windows,
    long: plan.long?.includes(consumer.name) === true,
  })),
);
