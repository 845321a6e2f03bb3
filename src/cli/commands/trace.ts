import type { CommandModule } from 'yargs';
import { convertRecording } from '../../lab/convert-recording.ts';
import { usageError } from '../../model/errors.ts';
import { integer } from '../options.ts';
import { note, outName } from '../output.ts';
import { fileName } from '../words.ts';
import { synthCommand } from './trace-synth.ts';

interface ConvertArguments {
  readonly recording: string;
  readonly name: string;
  readonly state?: string | undefined;
  readonly domain: string;
  readonly out: string;
}

const convertCommand: CommandModule<object, ConvertArguments> = {
  command: 'convert <recording>',
  describe: 'turn an ftrace text recording (- for standard input) into a trace table',
  builder: (y) =>
    y
      .positional('recording', { type: 'string', demandOption: true })
      .option('name', { type: 'string', demandOption: true, describe: 'name of the trace' })
      .option('state', { type: 'string', describe: 'state file with lsevtchn before the recording' })
      .option('domain', { type: 'string', default: '0', describe: 'number of the recorded domain' })
      .option('out', { type: 'string', demandOption: true, describe: 'file; compressed if it ends in .gz' }),
  handler: async (o) => {
    if (!/^[\w.-]{1,64}$/.test(o.name)) throw usageError('--name expects letters, digits, dots, hyphens');
    if (o.state === o.recording) throw usageError('the recording and --state are the same file');
    const rows = await convertRecording({
      recording: fileName(o.recording),
      name: o.name,
      state: o.state === undefined ? undefined : fileName(o.state),
      domain: integer(o.domain, 'domain'),
      out: outName(o.out, 'a file'),
    });
    note(`wrote ${rows} rows`);
  },
};

/** `upcall trace ...`: making trace tables. */
export const traceCommand: CommandModule = {
  command: 'trace',
  describe: 'make trace tables: synth, convert',
  builder: (y) =>
    y.command(synthCommand).command(convertCommand).demandCommand(1, 'trace expects synth or convert'),
  handler: () => {},
};
