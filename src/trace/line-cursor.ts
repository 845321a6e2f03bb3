/** The lines of a file one by one, waiting only between blocks. */
export class LineCursor {
  /** Number of the line last returned, 1-based. */
  line = 0;
  readonly #blocks: AsyncIterator<string[]>;
  #block: string[] = [];
  #next = 0;

  constructor(blocks: AsyncIterable<string[]>) {
    this.#blocks = blocks[Symbol.asyncIterator]();
  }

  /** The next line of the block in memory; undefined when another must be fetched. */
  take(): string | undefined {
    if (this.#next === this.#block.length) return undefined;
    this.line++;
    return this.#block[this.#next++];
  }

  /** Gives the line last returned again; it must be of the block in memory, and at most one. */
  back(): void {
    this.line--;
    this.#next--;
  }

  /** Fetches the next block; false at the end of the file. */
  async fetch(): Promise<boolean> {
    const next = await this.#blocks.next();
    if (next.done === true) return false;
    this.#block = next.value;
    this.#next = 0;
    return true;
  }

  /** The next line; undefined at the end of the file. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const line = this.take();
      if (line !== undefined || !(await this.fetch())) return line;
    }
  }
}
