/** Exit codes of AMD's SVM and MSRs of the x2APIC, as far as the delivery of an upcall meets them. */

/** #VMEXIT codes. Source: AMD64 Architecture Programmer's Manual volume 2, appendix C. */
export const SvmExit = {
  exceptionFirst: 0x40,
  exceptionLast: 0x5f,
  intr: 0x60,
  nmi: 0x61,
  smi: 0x62,
  vintr: 0x64,
  cpuid: 0x72,
  rdtsc: 0x6e,
  hlt: 0x78,
  io: 0x7b,
  msr: 0x7c,
  vmmcall: 0x81,
  npf: 0x400,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [SvmExit.intr, 'INTR'],
  [SvmExit.nmi, 'NMI'],
  [SvmExit.smi, 'SMI'],
  [SvmExit.vintr, 'VINTR'],
  [SvmExit.cpuid, 'CPUID'],
  [SvmExit.rdtsc, 'RDTSC'],
  [SvmExit.hlt, 'HLT'],
  [SvmExit.io, 'IOIO'],
  [SvmExit.msr, 'MSR'],
  [SvmExit.vmmcall, 'VMMCALL'],
  [SvmExit.npf, 'NPF'],
]);

/** The manual's name of an exit code. */
export function exitName(code: number): string {
  if (code >= SvmExit.exceptionFirst && code <= SvmExit.exceptionLast) return `EXCP${code - 0x40}`;
  return NAMES.get(code) ?? `0x${code.toString(16)}`;
}

/**
 * Whether an exit is none of an instruction that the guest executes on purpose: a host interrupt, a fault, a window.
 * Such an exit can come anywhere, also between an injection and the first instruction that exits in its handler.
 */
export function isAsynchronous(code: number): boolean {
  if (code >= SvmExit.exceptionFirst && code <= SvmExit.smi) return true;
  return code === SvmExit.vintr || code === SvmExit.npf;
}

/** MSRs of the x2APIC. Source: Intel SDM volume 3, table 11-6; AMD APM volume 2, section 16.11. */
export const X2Apic = { eoi: 0x80b, icr: 0x830, selfIpi: 0x83f } as const;

/** Hypercall numbers. Source: xen/include/public/xen.h. */
export const Hypercall = { vcpuOp: 24, eventChannelOp: 32 } as const;
