/** `upcall trace info`, `head` and `validate`: what is in a recording of any format. */
import type { CommandModule } from 'yargs';
import { infoJson, infoText, qualityOf } from '../../report/trace-info.ts';
import { detect } from '../../trace/formats.ts';
import { Input } from '../../trace/input.ts';
import { type Tolerance, toleranceOf } from '../../trace/tolerance.ts';
import { integer } from '../options.ts';
import { note, print } from '../output.ts';
import { fileName } from '../words.ts';

/** `--tolerate`. */
export const TOLERATE_OPTION = {
  type: 'string',
  describe: 'faulty records to leave out: a number, or a percentage such as 0.5%; none by default',
} as const;

/** Runs a reading and says what it skipped, whether it ended well or not. */
export async function tolerating<T>(tolerance: Tolerance, reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } finally {
    for (const line of tolerance.report()) note(line);
  }
}

interface InfoArguments {
  readonly file: string;
  readonly tolerate?: string | undefined;
  readonly format: string;
}

/** `upcall trace info` */
export const infoCommand: CommandModule<object, InfoArguments> = {
  command: 'info <file>',
  describe: 'counts of a recording or table (- for standard input): records, events, pCPUs, time, losses',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true })
      .option('tolerate', TOLERATE_OPTION)
      .option('format', { type: 'string', choices: ['table', 'json'], default: 'table' }),
  handler: async (o) => {
    const input = new Input(fileName(o.file));
    const tolerance = toleranceOf(o.tolerate);
    await tolerating(tolerance, async () => {
      const info = await (await detect(input)).info(input, tolerance);
      print((o.format === 'json' ? infoJson : infoText)(info, tolerance.skipped));
    });
  },
};

interface HeadArguments {
  readonly file: string;
  readonly n: string;
  readonly tolerate?: string | undefined;
}

/** `upcall trace head` */
export const headCommand: CommandModule<object, HeadArguments> = {
  command: 'head <file>',
  describe: 'the first records of a recording or table, as lines of text in order of time',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true })
      .option('n', { type: 'string', default: '10', describe: 'number of records' })
      .option('tolerate', TOLERATE_OPTION),
  handler: async (o) => {
    const input = new Input(fileName(o.file));
    const tolerance = toleranceOf(o.tolerate);
    const most = integer(o.n, 'n');
    await tolerating(tolerance, async () => {
      const format = await detect(input);
      let lines = 0;
      let pending = '';
      if (most > 0) {
        for await (const line of format.head(input, tolerance)) {
          pending += `${line}\n`;
          if (pending.length > 65_536) {
            print(pending);
            pending = '';
          }
          if (++lines === most) break;
        }
      }
      input.close();
      print(pending);
    });
  },
};

interface ValidateArguments {
  readonly files: readonly string[];
  readonly tolerate?: string | undefined;
}

/** `upcall trace validate` */
export const validateCommand: CommandModule<object, ValidateArguments> = {
  command: 'validate <files..>',
  describe: 'read recordings or tables from end to end; exit code 6 at the first fault that is not tolerated',
  builder: (y) =>
    y
      .positional('files', { type: 'string', array: true, demandOption: true })
      .option('tolerate', TOLERATE_OPTION),
  handler: async (o) => {
    for (const file of o.files) {
      const input = new Input(fileName(file));
      const tolerance = toleranceOf(o.tolerate);
      await tolerating(tolerance, async () => {
        const info = await (await detect(input)).info(input, tolerance);
        print(`${input.path}: valid ${info.format}, ${qualityOf(info, tolerance.skipped)}\n`);
      });
    }
  },
};
