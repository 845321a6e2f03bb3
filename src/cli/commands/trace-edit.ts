/** `upcall trace cut`, `merge` and `anonymise`: tables out of tables. */
import type { CommandModule } from 'yargs';
import { usageError } from '../../model/errors.ts';
import { anonymise } from '../../trace/edit/anonymise.ts';
import { cut, type Edited } from '../../trace/edit/cut.ts';
import { merge } from '../../trace/edit/merge.ts';
import { Input } from '../../trace/input.ts';
import { writeTrace } from '../../trace/writer.ts';
import { integer } from '../options.ts';
import { note, outName } from '../output.ts';
import { fileName } from '../words.ts';

/** `--out` of a command that writes a table. */
export const TABLE_OUT_OPTION = {
  type: 'string',
  demandOption: true,
  describe: 'file: binary if it ends in .utt, CSV in .csv, JSON lines in .jsonl, else text; gzip if in .gz',
} as const;

/** A name that a table may be given. */
export function tableName(name: string): string {
  if (!/^[\w.-]{1,64}$/.test(name)) throw usageError('--name expects letters, digits, dots, hyphens');
  return name;
}

/** Writes a table and says how long it is. */
async function write({ header, rows }: Edited, out: string): Promise<void> {
  note(`wrote ${await writeTrace(outName(out, 'a file'), header, rows)} rows`);
}

interface CutArguments {
  readonly file: string;
  readonly from: string;
  readonly to?: string | undefined;
  readonly name?: string | undefined;
  readonly out: string;
}

/** `upcall trace cut` */
export const cutCommand: CommandModule<object, CutArguments> = {
  command: 'cut <file>',
  describe: 'a part of a table as a table of its own; what is bound before becomes bound at its start',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true })
      .option('from', { type: 'string', default: '0', describe: 'first tick' })
      .option('to', { type: 'string', describe: 'tick behind the last; the end by default' })
      .option('name', { type: 'string', describe: 'name of the new table; the old one with the limits' })
      .option('out', TABLE_OUT_OPTION),
  handler: async (o) => {
    const name = o.name === undefined ? undefined : tableName(o.name);
    const to = o.to === undefined ? Number.POSITIVE_INFINITY : integer(o.to, 'to');
    await write(await cut(new Input(fileName(o.file)), integer(o.from, 'from'), to, name), o.out);
  },
};

interface MergeArguments {
  readonly files: readonly string[];
  readonly name?: string | undefined;
  readonly out: string;
}

/** `upcall trace merge` */
export const mergeCommand: CommandModule<object, MergeArguments> = {
  command: 'merge <files..>',
  describe:
    'tables of one domain that count from the same moment as one, by time; what does not fit is an error',
  builder: (y) =>
    y
      .positional('files', { type: 'string', array: true, demandOption: true })
      .option('name', { type: 'string', describe: "name of the new table; the first one's" })
      .option('out', TABLE_OUT_OPTION),
  handler: async (o) => {
    const name = o.name === undefined ? undefined : tableName(o.name);
    const twice = o.files.find((file, i) => o.files.indexOf(file) < i);
    if (twice !== undefined) throw usageError(`${fileName(twice)} is given twice`);
    await write(
      await merge(
        o.files.map((file) => new Input(fileName(file))),
        name,
      ),
      o.out,
    );
  },
};

interface AnonymiseArguments {
  readonly file: string;
  readonly name: string;
  readonly out: string;
}

/** `upcall trace anonymise` */
export const anonymiseCommand: CommandModule<object, AnonymiseArguments> = {
  command: 'anonymise <file>',
  describe: 'a table without names, notes and port numbers of its own (docs/trace-table.md)',
  builder: (y) =>
    y
      .positional('file', { type: 'string', demandOption: true })
      .option('name', { type: 'string', default: 'anonymous', describe: 'name of the new table' })
      .option('out', TABLE_OUT_OPTION),
  handler: async (o) => write(await anonymise(new Input(fileName(o.file), true), tableName(o.name)), o.out),
};
