/** What docs/interleavings.md says about the method and about each finding. */
import type { FindingName } from './scenarios.ts';

/** About one kind of finding: what it means and whose it is, and the scenario that shows it best. */
export interface Note {
  readonly text: string;
  readonly shownBy: string;
}

const never = { text: 'Never found.', shownBy: '' };

/** About every kind of finding. */
export const NOTES: Readonly<Record<FindingName, Note>> = {
  'lost wake-up': never,
  'double delivery': never,
  'served though its pending bit had been cleared by the close': {
    shownBy: 'close',
    text: `The scan has read the pending word when the close clears the bit; its own clear finds nothing, and it does not
look at what it found. The handler runs for an event that was cancelled: \`phantoms\` in the reports. This is the
algorithm of FreeBSD's scan in both generations: nothing ties the look to the clear. FreeBSD closes a port only after its handlers are gone, so there the handler that runs can only be that of the
port's next owner (\`rebind\`), to whom it is a spurious call.`,
  },
  'served after the close returned': {
    shownBy: 'close',
    text: `The scan has taken the event when the close runs; the handler starts when the close has returned. The
algorithm's, as above, and again only where somebody closes without removing the handlers first: \`unbind\` and \`rebind\`, which
are FreeBSD's way, do not have it. There the handlers are unlinked first, and intr_event_barrier waits for those that run.`,
  },
  'taken, but no handler was left': {
    shownBy: 'unbind',
    text: `FreeBSD removes the handlers before it masks the port. An event that the scan takes in between finds none:
it is counted as stray, or, if the isrc is gone from the port table too, by nobody (\`lost\` in the reports). The owner is
about to give the port up, so it is no loss to him. Linux masks first, but a scan that has looked before finds the interrupt
disabled, or the port without one. In \`rebind\` the bit that the scan clears can be the one that the next bind has set; who binds
looks at its ring anyway. A third case needs every access to be a turn: intr_event_handle
sees a handler, the remover unlinks it, and the loop over the list runs zero times; the event counts as handled by nobody and as
no stray.`,
  },
  'accepted on a closed port': never,
  'left masked, though its handler masks nothing': {
    shownBy: 'rebind',
    text: `The scan has found an event without handlers and is about to mask the port of the isrc it holds, a pointer
that no lock protects. Meanwhile the isrc is released, taken by the next bind, which may get the same port, and the port
is unmasked. Then the scan masks it. Nobody ever unmasks it again: every later event of the new owner stays pending. FreeBSD's
(both generations, and the what-if with the FIFO ABI), from a reading of its code and this model, not seen on a running system. The vCPU that scans has to stand
still for a whole unbind and bind between two instructions, which a hypervisor that preempts it can bring about. Linux has it
not: its scan masks through the old irq_info, which still notes that the unbind has masked the port, and then do_mask does nothing.`,
  },
  'raised again by an unmask, though it had been served': {
    shownBy: 'unmask, one sender',
    text: `EVTCHNOP_unmask of the FIFO ABI clears MASKED, tests PENDING, and if that is set calls the same function as a send, which sets
PENDING. It takes a sender and the guest in between, in this order: the unmask clears MASKED; a sender that found PENDING set
tests MASKED, links the port and signals; the guest takes the port off its queue; the unmask finds PENDING still set; the guest clears
PENDING and runs the handler; the unmask sets PENDING again and links the port. The event comes a second time and nobody has
sent it: a spurious call of the handler, counted as \`repeated\`. Nothing keeps the three apart: unmask and send hold the lock of a channel for
reading only, and the queue's lock is taken behind the test. Xen's code has it as the model does (fact sheet on Xen, sections 2.2
and 3.7: evtchn_fifo_unmask, evtchn_fifo_set_pending); not seen on a running system. Guests meet it where they unmask by
hypercall: FreeBSD's what-if always, Linux where the port is pending. A handler of Linux's that masks its port is safe: do_mask
waits for the lock that do_unmask holds during the hypercall. The 2-level ABI signals and sets no pending bit.`,
  },
  'send that no handler followed': never,
  standstill: never,
};

/** In front of the numbers. */
export const BEFORE: readonly string[] = [
  '# Interleavings: every order of a few kernels',
  `What the cycle model runs is one order of many. Here the same kernels are run in all of them, on small systems, and an
oracle that knows neither cycles nor the algorithms says what became of each event. \`npm run interleavings\` writes this page;
a test fails when it is not what the model does, or when a window is found that is not listed.`,
  '## The method',
  `- **A step** is one access to a shared word, or a handler's start, or an interrupt taken. Which words are shared is found,
  not listed: those that two actors access and one of them writes. A 64-bit access is one step, a plain
  read-modify-write two: its load and its store.
- **Kernels are the real ones**: the generators that the model charges, on the real core without its cycles. A generator cannot be
  cloned, so what a kernel has done is the list of values it found in shared words; to go on from there, the kernel is run from its start with
  these values and cut off at the next access. So it does not matter where a kernel itself gives way.
- **A state** of the system is where every kernel stands, the shared words, whether an interrupt is on its way, and the oracle's counts. Orders
  that lead to the same state have the same future: each state is explored once, and the number of orders that
  lead to it is added up. They are counted exactly; the table shows three digits of those above 1e12.
- **Where a kernel stands** is less than its list: a sender that has its lock does not remember the ticket. Lists are put together that differ in what the
  instruction did not tell (a store tells nothing, a locked bit operation one bit), and lists that agree in the next step and in the
  kernel's own words, as a guess. Every guess is checked: whatever value comes next, all lists of a state must do the same and come to
  the same state, else they are kept apart and exploration starts again. So what is put together is a bisimulation, and the
  reduced exploration has the orders and the outcomes of the full one; where that is small enough, a test compares them.
- **Hardware** is left out: a hypercall is its work without exit and entry, and what follows the mark is one thing, an
  interrupt on its way. Kicks, posted interrupts and IPIs can only decide when it arrives, and here that is any time.
- **An interrupt** is marked by the step that sets \`evtchn_upcall_pending\`, and may be taken at any time after. One that comes
  during a scan makes another scan follow.
- **The oracle** watches pending bits and handlers. At the end of an order, every event that was accepted (bit from 0 to 1) has been
  served once, or is still pending and cannot be delivered, or was cancelled by a close, and every send, absorbed ones included,
  is followed by a handler that starts after it. No handler runs twice for an event, or after a close. A port that is pending, unmasked, enabled
  and open when nobody has anything left to do is a lost wake-up.
- **Xen's locks** are words like others: a send holds the lock of its own end for reading, an unmask that of the port, a close the
  domain's event_lock and both ends of the channel for writing. Ports are interdomain, so both ends are there, unless a scenario says IPI: such a port is its own other end.
- **A spin loop** waits until its word changes; the lfence in it is how it is recognised, and one that tries a lock again waits as one that looks. If all wait, that is a standstill.
- **Own turns**: the same with a turn only where the kernels give way themselves, as in a run of the model. What all orders reach and
  these do not, the cycle model hides.`,
  `Memory is sequentially consistent here. On x86 a load may overtake a plain store of its own CPU; which loads could
is noted on the way. In all scenarios without unbind and rebind none can: between a plain store to a shared word and the next load of
one stands a locked operation or an exit. In those with them, four can: the barrier's load of the phase, after the store that unlinks the
handlers (only the remover writes the phase); the load of the port in xen_intr_disable_intr, after the store of xi_masked (only the
remover and the next bind write it); the bind's look at the state of the channel, which it has just stored itself and gets from
its store buffer; and the scan's next looks at pending, mask and enabled, after a stray event's store
of xi_masked, which decides whether the next bind makes one unmask hypercall or two.`,
  `In Linux's unbind and rebind there are some ten more, among them the waits for running handlers and for LINKED, the list of handlers and
the unmasking. Most stand behind a lock or an unlock of the descriptor; they were not examined one by one, and the exploration does not try them in the other order.`,
  `Linux frees an interrupt's structures behind its event loops, as late as it likes: here it never comes to it, and a bind has structures of its
own. Its process that reads the evtchn device unmasks only when the handler has run; an end of event that comes before the
handler would lose wake-ups (is_active), and drivers must not do that. With the FIFO ABI, overtaking loads are the head of a ticket lock and
the tail of a queue, read by who holds the lock; and a port that is still on a queue when it is closed is not handed out, so a
rebind may get the next.`,
  'Ports are few here, and one vCPU scans. Larger cases run in random orders (`test/interleave/random.test.ts`): up to 24 ports of ' +
    '4,095, 8 senders and 4 vCPUs that scan, with unmasks (2-level only) and closes, compared with a ledger of one-step state machines; FreeBSD only.',
];

/** Behind the windows. */
export const AFTER: readonly string[] = [
  '## What was not found',
  `No order has a lost wake-up, a double delivery, a send that no handler followed, or a standstill, except what follows from
the windows above. That the explorer would find them is tested with kernels that are wrong on purpose: a scan
that takes the selector before it clears \`evtchn_upcall_pending\`, one that clears the pending bit after the handler,
a sender that looks at the mask before it sets the pending bit, an unmask that looks at the pending bit before
it clears the mask, and a close that keeps a lock. Nor is an event accepted on a closed port, as it is at once where a sender takes no
lock: also a test.`,
  `The model's own turns reach every kind of finding that all orders reach, but one in \`rebind\`: the scan's clear of the pending bit, its
search for the handlers and their start are one turn, and the bind makes its port pending before it has handlers again, so a scan
that finds handlers finds the bit set. They miss some outcomes besides, all with EVTCHNOP_close and for the same turn: an event that is taken
before the close is handled before it, too.`,
  `Rows without own turns are of scenarios that are too long for \`npm test\`, which walks some random orders of them instead:
\`npm run interleavings\` explores them and fails if they show anything else than what is listed here.`,
];
