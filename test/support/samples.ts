/**
 * Small recordings, one of each text format: the worked examples of the notes from which the readers were written
 * (made by hand from each tool's source, nothing recorded), DTrace's completed by a line of each kind.
 */

export const FTRACE_SAMPLE = `# tracer: nop
          <idle>-0       [001] d.h1.  1200.000100: irq_handler_entry: irq=64 name=blkif
          <idle>-0       [001] d.h1.  1200.000103: irq_handler_exit: irq=64 ret=handled
     kworker/1:2-733     [001] ..s.  1200.000110: softirq_entry: vec=4 [action=BLOCK]
   my app-1-2048    [003] d..1.  1200.000200: upc: (xen_evtchn_do_upcall+0x0/0x90)
   my app-1-2048    [003] d..1.  1200.000204: upcr: (sysvec_xen_hvm_callback+0x4c/0x80 <- xen_evtchn_do_upcall) arg1=0x0
            bash-1977  [000] 17284.993652: sys_close <-system_call_fastpath
`;

export const TRACE_CMD_SAMPLE = `cpus=4
          <idle>-0     [001] d.h1.  1200.000100: irq_handler_entry:    irq=64 name=blkif
          <idle>-0     [001] d.h1.  1200.000103: irq_handler_exit:     irq=64 ret=handled
CPU:2 [17 EVENTS DROPPED]
           xl-90    [002]  1200.000150: kprobe_upc:           (xen_evtchn_do_upcall+0x0/0x90)
`;

export const PERF_SAMPLE = `         swapper     0 [001]  1200.000100:   irq:irq_handler_entry: irq=64 name=blkif
         swapper     0 [001]  1200.000103:    irq:irq_handler_exit: irq=64 ret=handled
      my prog v2  2048 [003]  1200.000200:     250000 cycles:  ffffffff81045e0a native_safe_halt ([kernel.kallsyms])
nginx  811 [002] 1200.000300123:     250000 cycles:ppp: 
        ffffffff816a1c33 evtchn_2l_handle_events+0x53 ([kernel.kallsyms])
            7f3c11d2f00d epoll_wait (/usr/lib/libc.so.6)

`;

export const KTR_SAMPLE = `index  cpu timestamp        trace 
------ --- ---------------- ----- 
   102   1      90071992552 KTRGRAPH group:"thread", id:"idle: cpu1 tid 100004", state:"running", attributes: prio:255
   101   1      90071990000 intr_event_schedule_thread: schedule pid 12 (irq2128: xn0)
   100   0      90071985000 KTRGRAPH group:"load", id:"CPU 0 load", counter:"2", attributes: none
`;

export const DTRACE_SAMPLES = {
  script: `1 73500000123 E xen_intr_handle_upcall -
1 73500000981 E intr_event_handle irq2128: xn0
1 73500003310 R intr_event_handle -
1 73500003650 R xen_intr_handle_upcall -
`,
  plain: `CPU     ID                    FUNCTION:NAME
  1  52341      xen_intr_handle_upcall:entry 
  0  52342      intr_event_handle:entry    73500000981 irq2128: xn0
dtrace: 12 drops on CPU 0

  irq2128: xn0                                                      7
           value  ------------- Distribution ------------- count    
             512 |                                         0        
            1024 |@@@@@@@@@@@@@@@@@@@@                     12       
            2048 |@@@@@@@@@@@@@@@@@@@@                     12       
            4096 |                                         0        
`,
  flow: `CPU FUNCTION
  1  -> xen_intr_handle_upcall
  1  <- xen_intr_handle_upcall
  1   | xen_intr_signal:hit
`,
};

export const PROC_INTERRUPTS_SAMPLE = `           CPU0       CPU1       
 24:       1796          0  xen-percpu    -virq      timer0
 26:        154          0  xen-percpu    -ipi       resched0
 51:         75         80  xen-dyn-lateeoi    -event     vif1.0-q0-tx
NMI:          0          0   Non-maskable interrupts
ERR:          0
`;

export const VMSTAT_SAMPLE = `interrupt                          total       rate
cpu0:xen                          184467        922
irq2128: xn0                      120000        600
Total                             304467       1522
`;

export const DEBUG_KEY_SAMPLE = `(XEN) [2026-11-22 10:00:00] Event channel information for domain 1:
(XEN) Polling vCPUs: {}
(XEN)     port [p/m/s]
(XEN)        5 [0/0/0]: s=3 n=1 x=0 d=0 p=42
(XEN)       12 [1/1/0]: s=5 n=0 x=0 v=0
`;

export const LSEVTCHN_SAMPLE = `   1: VCPU 0: Virtual IRQ 0
   2: VCPU 1: IPI
   3: VCPU 1: Interdomain (Connected) - Remote Domain 0, Port 4
   4: VCPU 0: Interdomain (Waiting connection) - Remote Domain 7
   6: VCPU 1: Physical IRQ 9
`;

/** A trace table with rows of many kinds. */
export const TABLE_SAMPLE = `# upcall-trace 3
# name: small
# clock_hz: 1000000000
# vcpus: 2
# shows: commas, "quotes"
time,kind,by,port,to,channel,handler,target
0,bound,-,1,0,interdomain,filter,
0,bound,-,2,1,virq,user,
10,send,-,1,,,,running
11,halt,1,,,,,
12,preempt,0,,,,,
13,resume,0,,,,,
20,bind,0,7,1,unbound,ithread,
21,priority,0,7,3,,,
22,move,1,7,0,,,
23,notify,1,0,,,,
24,unmask,0,2,,,,
30,unbind,0,7,,,,
# end rows=12
`;

/** A thousand times the same line of ftrace, ` a-1 [000] d.h1. 1200: irq_handler_entry: irq=64 name=blkif`, compressed by xz. */
export const XZ_FTRACE_SAMPLE = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4OpfAIZdABAYQaMQTTgoCkHzhcRVun0uF/2rW4LZTPbWP6W7vj7Q2QoiL+FKBMwr1KzmAAMVazyU9r3/1l9Tnmo1k19m7q2BnB/zvGOECDVv4p71IAm+T7gD1at2AV0Z/CUC3LsJmJBLmeXGw7bekB/uAZsQrmfKnNTmWTmKSGXvI3zJ0LlBDaVHxAAAAAAAp9NDjmU3URAAAaIB4NQDAJ/CM92xxGf7AgAAAAAEWVo=',
  'base64',
);
