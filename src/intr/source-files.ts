/**
 * Where each generation keeps its Xen interrupt code: one file in A2; in C a machine-independent one and one of
 * the architecture (fact sheet on FreeBSD, section 0). A function that both have is declared once for each, so
 * that its cycles are credited to the file a reader of that generation would open.
 */
import { SourceFile } from '../x86/sites.ts';

/** Generations as indices of what `perGeneration` made. */
export const GENERATION_A = 0;
export const GENERATION_C = 1;
/** C with the FIFO ABI, which FreeBSD does not have: its functions stand beside C's. */
export const GENERATION_C_FIFO = 2;

/** One of them. */
export type GenerationId = typeof GENERATION_A | typeof GENERATION_C | typeof GENERATION_C_FIFO;

const FILES = [
  { id: GENERATION_A, common: 'sys/x86/xen/xen_intr.c', arch: 'sys/x86/xen/xen_intr.c' },
  { id: GENERATION_C, common: 'sys/dev/xen/bus/xen_intr.c', arch: 'sys/x86/xen/xen_arch_intr.c' },
  {
    id: GENERATION_C_FIFO,
    common: 'sys/dev/xen/bus/xen_intr.c (what-if: FIFO)',
    arch: 'sys/x86/xen/xen_arch_intr.c (what-if: FIFO)',
  },
] as const;

/** The files of one generation, with the functions of one module of this model in them. */
export interface XenIntr {
  readonly id: GenerationId;
  /** The machine-independent half; in A2 the only file. */
  readonly common: SourceFile;
  /** The half that belongs to x86; in A2 the only file. */
  readonly arch: SourceFile;
}

/**
 * Declares sites once for each generation; index the result with `os.generation.id`.
 *
 * @param part tells apart the modules here that model parts of the same file
 */
export function perGeneration<T>(part: string, make: (files: XenIntr) => T): readonly [T, T, T] {
  const of = (i: GenerationId): T => {
    const { id, common, arch } = FILES[i];
    const file = new SourceFile(common, part);
    return make({ id, common: file, arch: arch === common ? file : new SourceFile(arch, part) });
  };
  return [of(GENERATION_A), of(GENERATION_C), of(GENERATION_C_FIFO)];
}
