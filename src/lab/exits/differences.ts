/** The ways in which prediction and recording can differ, each with what it means. */
export const DIFFERENCES = [
  {
    name: 'not-injected',
    what: 'an injection was due and none is recorded: the wake had another reason, or the event was taken before',
  },
  {
    name: 'injected-unasked',
    what: 'an injection is recorded where the rules allow none: something in service, or no request',
  },
  {
    name: 'window-for-injection',
    what: 'the rules say that IF was set, the recording shows that it was clear',
  },
  {
    name: 'injection-for-window',
    what: 'the rules say that IF was clear, the recording shows that it was set',
  },
  {
    name: 'window-missing',
    what: 'a request waited and no window is recorded at this entry: it was taken back, or nothing was pending',
  },
  { name: 'window-unasked', what: 'a window is recorded with nothing to wait for' },
  {
    name: 'vintr-unasked',
    what: 'an exit VINTR without an armed window: left from an interrupt that was injected before it',
  },
  {
    name: 'vintr-missing',
    what: 'a window was armed and the guest accepted interrupts without an exit VINTR',
  },
  { name: 'eoi-unasked', what: 'an EOI with nothing in service' },
  { name: 'eoi-late', what: 'the handler left the guest for something else before its EOI' },
  { name: 'hlt-outcome', what: 'the record of HLT says otherwise whether the vCPU stayed runnable' },
  { name: 'two-injections', what: 'two injections are recorded for one entry' },
] as const;

/** Name of a difference. */
export type DifferenceName = (typeof DIFFERENCES)[number]['name'];
