/**
 * Sites: the places of the modelled program to which cycles are credited, named as in the C, and their
 * instruction addresses.
 *
 * The functions of one C file stand behind one another in the text, the files themselves are scattered over a
 * kernel-sized text as a linker would scatter them. The place of a file follows from its name alone, so a new
 * file moves no other. A site's size is its instruction count times the mean length of an instruction.
 */
import { ModelBug } from '../model/errors.ts';
import { Fingerprint } from '../model/fingerprint.ts';

/** First byte of the text, its span in bytes, and the most sites a build may have. */
export const TEXT_BASE = 0x10_0000;
export const TEXT_BYTES = 0x40_0000;
export const MAX_SITES = 2048;

/**
 * Mean length of an instruction, bytes. Source: measured, gcc 12.2 -O2 -mcmodel=kernel on the upcall, dispatch
 * and scan kernels of the ground truth: 1,262 bytes for 322 instructions, 3.9, padding included.
 */
export const INSTRUCTION_BYTES = 4;

/** One place in the modelled program. */
export interface Site {
  /** What is done here, in a few words. */
  readonly what: string;
  /** Name of the C function. */
  readonly fn: string;
  /** C file, relative to the source tree. */
  readonly file: string;
}

/** Every site of this build by number. */
export const SITES: Site[] = [];

/** Address of the first instruction of each site. */
export const SITE_ADDRESS = new Int32Array(MAX_SITES);

/** Address behind the last instruction of each site: where its fall-through continues. */
export const SITE_END = new Int32Array(MAX_SITES);

/** The functions of one C file (or of one part of it) in the order in which they stand in the text. */
export class SourceFile {
  readonly #file: string;
  #next: number;

  /**
   * @param file path in the source tree, such as "sys/x86/xen/xen_intr.c"
   * @param part tells apart the modules here that model parts of the same file
   */
  constructor(file: string, part = '') {
    const hash = new Fingerprint();
    hash.addText(`${file}#${part}`);
    // Two 4-KiB pages are left at the end so that no function runs out of the text.
    const slots = (TEXT_BYTES - 0x2000) / 64;
    this.#file = file;
    this.#next = TEXT_BASE + (Number.parseInt(hash.hex.slice(0, 8), 16) % slots) * 64;
  }

  /** Starts a function at the next 16-byte boundary, as compilers align them. */
  fn(name: string): CodeFunction {
    this.#next = (this.#next + 15) & ~15;
    return new CodeFunction(this.#file, name, (bytes) => {
      const at = this.#next;
      this.#next += bytes;
      return at;
    });
  }
}

/** One C function. */
export class CodeFunction {
  readonly #file: string;
  readonly #name: string;
  readonly #take: (bytes: number) => number;

  constructor(file: string, name: string, take: (bytes: number) => number) {
    this.#file = file;
    this.#name = name;
    this.#take = take;
  }

  /**
   * Declares the next site of the function and returns its number.
   *
   * @param what what is done here, for the report
   * @param instructions how many instructions the site has in the text, 1..500
   */
  site(what: string, instructions: number): number {
    const number = SITES.length;
    if (number >= MAX_SITES) throw new ModelBug('more sites than MAX_SITES', { number });
    SITES.push({ what, fn: this.#name, file: this.#file });
    const bytes = instructions * INSTRUCTION_BYTES;
    const address = this.#take(bytes);
    SITE_ADDRESS[number] = address;
    SITE_END[number] = address + bytes;
    return number;
  }
}
