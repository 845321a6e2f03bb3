/** Good inputs of each reader, small, and the words of its grammar. */
import { gzipSync } from 'node:zlib';
import { RandomStream } from '../../src/model/random.ts';
import {
  DEBUG_KEY_SAMPLE,
  DTRACE_SAMPLES,
  FTRACE_SAMPLE,
  KTR_SAMPLE,
  LSEVTCHN_SAMPLE,
  PERF_SAMPLE,
  PROC_INTERRUPTS_SAMPLE,
  TABLE_SAMPLE,
  TRACE_CMD_SAMPLE,
  VMSTAT_SAMPLE,
  XZ_FTRACE_SAMPLE,
} from '../support/samples.ts';
import { binaryBytes, everyKind, tableByChance } from '../support/tables.ts';
import { recordBytes, windowBytes } from '../support/xentrace-file.ts';
import { mended } from './binary-frame.ts';

/** Samples and words of one reader. */
interface Seed {
  readonly samples: readonly Buffer[];
  readonly words: readonly string[];
  mend?(bytes: Buffer): Buffer;
}

/** Probes on the event-channel code: binds, a delivery, sends, an unbind. */
const PROBES = `          ev-7     [001] d.h1.  1000: dev_ioctl: (evtchn_ioctl+0x0/0x470 [xen_evtchn]) cmd=0x44502 arg0=0
          ev-7     [001] d.h1.  1010: map: (set_evtchn_to_irq+0x0/0xd0) port=30 irq=60
          ev-7     [001] d.h1.  1012: bind_cpu: (b+0x0/0x110) port=30 irq=60 type=4 oldcpu=0 cpu=1
      <idle>-0     [000] dnh1.  1200: upcall: (xen_evtchn_do_upcall+0x0/0xb0)
      <idle>-0     [000] dnh1.  1201: clear_2l: (evtchn_2l_clear_pending+0x0/0x20) port=30
      <idle>-0     [000] dnh1.  1202: irq_handler_entry: irq=60 name=evtchn:ev
      <idle>-0     [000] dnh1.  1209: upcall_ret: (x+0x1/0x2 <- xen_evtchn_do_upcall)
          ev-7     [001] .....  1300: ipi: (xen_send_IPI_one+0x0/0xb0) cpu=1 vector=0
          ev-7     [001] .....  1301: notify_irq: (n+0x0/0x1) irq=60
          ev-7     [000] .....  1500: lateeoi: (xen_irq_lateeoi+0x0/0x70) irq=60 flags=0
          ev-7     [001] .....  1600: map: (set_evtchn_to_irq+0x0/0xd0) port=30 irq=-1
`;

const LINUX_WORDS = [
  'upcall',
  'clear_2l',
  'clear_fifo',
  'port',
  'map',
  'bind_cpu',
  'dev_ioctl',
  'ipi',
  'notify_irq',
  'lateeoi',
  'irq_handler_entry',
  'irq_handler_exit',
  'port=',
  'irq=',
  'cpu=',
  'name=timer0',
  'evtchn:x',
  '<idle>',
  'swapper',
  '<stack trace>',
  ' => f',
  ' <-g',
  'CPU:1 [LOST 5 EVENTS]',
  'CPU:1 [LOST EVENTS]',
  'CPU:1 [5 EVENTS DROPPED]',
  'CPU 1 is empty',
  'cpus=2',
  '[000]',
  '[4096]',
  '(evtchn_2l_clear_pending+0x0/0x20)',
  'handle_irq_for_port',
  '# entries-in-buffer/entries-written: 1/5',
  'function',
  '<--',
  'PERF_RECORD_LOST lost 5',
  'irq:',
  '(f <- xen_evtchn_do_upcall)',
];
const FREEBSD_WORDS = [
  'intr_event_schedule_thread',
  'intr_event_handle',
  'intr_event_add_handler',
  'intr_event_remove_handler',
  'thread',
  'irq2128:',
  'irq1',
  'exec',
  'added',
  'removing',
  'to',
  'from',
  'for',
  'state',
  'running',
  'idle:',
  'KTRGRAPH',
  'attributes:',
  'none',
  'xen_intr_handle_upcall',
  'xen_intr_signal',
  'entry',
  'return',
  'E',
  'R',
  '->',
  '<-',
  '|',
  'dtrace: 5 drops on CPU 0',
  'index',
  'cpu',
  'timestamp',
  'trace',
  'file and line',
  'tid',
  '------',
];
const TABLE_WORDS = [
  'bound',
  'bind',
  'unbind',
  'move',
  'send',
  'notify',
  'unmask',
  'priority',
  'halt',
  'wake',
  'exit',
  'interrupt',
  'preempt',
  'resume',
  'unbound',
  'interdomain',
  'pirq',
  'virq',
  'ipi',
  'filter',
  'ithread',
  'user',
  'running',
  'blocked',
  'runnable',
  'name',
  'clock_hz',
  'vcpus',
  'upcall-trace',
  'end rows=',
];
const STATE_WORDS = [
  'domain',
  'VCPU',
  'Virtual IRQ',
  'Physical IRQ',
  'IPI',
  'Interdomain',
  '(Connected) - Remote Domain 1, Port 2',
  'Event channel information for domain 1:',
  '[0/0/0]:',
  's=',
  'n=',
  'x=',
  'v=',
  'd=',
  'p=',
  'CPU0',
  'CPU1',
  'xen-dyn',
  'xen-percpu',
  '-event',
  '-virq',
  'interrupt total rate',
  'Total',
  'irq5: a',
  '### lsevtchn before',
  '### interrupts before',
  '### x after',
];

const FREEBSD_KTR = `   107   0            17000 intr_event_schedule_thread: pid 12 (irq2130: xbd0): it_need 1, state 4
   106   0            16000 intr_event_add_handler: added xbd0 to irq2130:
   103   1            15000 intr_event_handle: exec 0xffff(0xfffe) for xbd0
   101   1            13000 intr_event_remove_handler: removing xbd0 from irq2130: xbd0
`;

/** A window with one record, compressed by xz. */
const XZ_SAMPLE = Buffer.from(
  '/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4AAXABRdAAG8HCEO/o8Ae3XXJltIq9Xqn1/AACeW5dkAASwY00bbCpBCmQ0BAAAAAAFZWg==',
  'base64',
);

const texts = (...list: readonly string[]) => list.map((text) => Buffer.from(text));

const SHORT_TABLE = `# upcall-trace 1
# name: short
# clock_hz: 1000000000
# vcpus: 1
time,kind,by,port,to,channel,handler,target
0,bound,-,1,0,ipi,filter,
10,send,0,1,,,,blocked
# end rows=2
`;

/** The same tables in the other forms. */
const CSV_TABLES = texts(
  `time,kind,by,port,to,channel,handler,target,key,value
,format,,,,,,,upcall-trace,3
,header,,,,,,,name,small
,header,,,,,,,clock_hz,1000000000
,header,,,,,,,vcpus,2
,header,,,,,,,shows,"commas, ""quotes"""
0,bound,-,1,0,interdomain,filter,,,
10,send,-,1,,,,running,,
11,halt,1,,,,,,,
12,preempt,0,,,,,,,
13,resume,0,,,,,,,
20,bind,0,7,1,unbound,ithread,,,
21,priority,0,7,3,,,,,
22,move,1,7,0,,,,,
23,notify,1,0,,,,,,
,end,,,,,,,rows,9
`,
  `"time","kind","by","port","to","channel","handler","target","key","value"
"","format","","","","","","","upcall-trace","1"
"","header","","","","","","","name","short"
"","header","","","","","","","clock_hz","1000000000"
"","header","","","","","","","vcpus","1"
"0","bound","-","1","0","ipi","filter","","",""
"","end","","","","","","","rows","1"
`,
);
const JSON_TABLES = texts(
  `{"upcall_trace":3,"name":"small","clock_hz":1000000000,"vcpus":2,"notes":[["shows","commas, \\"quotes\\""]]}
{"time":0,"kind":"bound","by":null,"port":1,"to":0,"channel":"interdomain","handler":"filter"}
{"time":10,"kind":"send","by":null,"port":1,"target":"running"}
{"time":11,"kind":"halt","by":1}
{"time":20,"kind":"bind","by":0,"port":7,"to":1,"channel":"unbound","handler":"ithread"}
{"time":21,"kind":"priority","by":0,"port":7,"to":3}
{"time":23,"kind":"notify","by":1,"port":0}
{"rows":6}
`,
);

const one = windowBytes(0, [
  recordBytes(0x21101, [0x0001_0000], 1000n),
  recordBytes(0x81001, [], 1100n),
  recordBytes(0x81102, [18, 0x80b0_0f00, 0xffff_ffff], 1200n),
  recordBytes(0x82012, [32]),
  recordBytes(0x81001, [], 1300n),
  recordBytes(0x1f001, [5, 1, 1350, 0], 1400n),
  recordBytes(0x21021, [0x0001_0000], 1500n),
]);
const two = windowBytes(1, [
  recordBytes(0x20100d, [32], 1050n),
  recordBytes(0x28004, [1, 0], 1060n),
  recordBytes(0x82004, [0xf3, 0]),
  recordBytes(0x1f002, [1, 2]),
  recordBytes(0x802008, [9, 100, 200], 1250n),
]);
/** Records that mean something, as words of the grammar. */
const RECORDS = [
  recordBytes(0x21201, [0x0002_0001], 1210n),
  recordBytes(0x2800a, [1, 0, 2, 0], 1220n),
  recordBytes(0x81103, [0x81, 0, 0], 1230n),
  recordBytes(0x1f001, [1, 1, 1, 0], 1240n),
  one.subarray(0, 12),
  Buffer.from([0x01, 0xf0, 0x01, 0xc0]),
  Buffer.from([0x02, 0x11, 0x08, 0xb0]),
].map((bytes) => bytes.toString('latin1'));

/** By reader. */
export const SEEDS: Readonly<Record<string, Seed>> = {
  ftrace: { samples: texts(FTRACE_SAMPLE, PROBES), words: LINUX_WORDS },
  'trace-cmd': { samples: texts(TRACE_CMD_SAMPLE, `cpus=2\n${PROBES}`), words: LINUX_WORDS },
  'perf-script': {
    samples: texts(PERF_SAMPLE, PROBES.replaceAll(/-(\d) +(\[\d+\]) \S+ +(\d+):/g, ' $1 $2 1.00$3:')),
    words: LINUX_WORDS,
  },
  ktrdump: { samples: texts(KTR_SAMPLE, FREEBSD_KTR), words: FREEBSD_WORDS },
  dtrace: {
    samples: texts(DTRACE_SAMPLES.script, DTRACE_SAMPLES.plain, DTRACE_SAMPLES.flow),
    words: FREEBSD_WORDS,
  },
  snapshot: {
    samples: texts(
      PROC_INTERRUPTS_SAMPLE + LSEVTCHN_SAMPLE,
      `${VMSTAT_SAMPLE}domain 0\n${LSEVTCHN_SAMPLE}`,
      DEBUG_KEY_SAMPLE,
      `### interrupts before\n${PROC_INTERRUPTS_SAMPLE}\n### lsevtchn before\n${LSEVTCHN_SAMPLE}### stat after\n`,
    ),
    words: STATE_WORDS,
  },
  'upcall-trace': {
    samples: texts(TABLE_SAMPLE, SHORT_TABLE),
    words: TABLE_WORDS,
  },
  'upcall-trace-csv': { samples: CSV_TABLES, words: [...TABLE_WORDS, 'format', 'header', 'end', 'rows'] },
  'upcall-trace-jsonl': {
    samples: JSON_TABLES,
    words: [...TABLE_WORDS, '"by"', '"to"', '"rows"', '"notes"', 'true', '[', ']', '{}'],
  },
  'upcall-trace-binary': {
    samples: [everyKind(), tableByChance(new RandomStream(3, 'small'), 12, 4, 2)].map(binaryBytes),
    words: TABLE_WORDS,
    mend: mended,
  },
  compressed: {
    samples: [
      gzipSync(FTRACE_SAMPLE),
      gzipSync(TABLE_SAMPLE, { level: 0 }),
      gzipSync(one, { level: 0 }),
      Buffer.concat([gzipSync(KTR_SAMPLE), gzipSync(FREEBSD_KTR)]),
      XZ_SAMPLE,
      XZ_FTRACE_SAMPLE,
    ],
    words: RECORDS,
  },
  xentrace: { samples: [Buffer.concat([one, two]), Buffer.concat([two, one, two]), one], words: RECORDS },
};
