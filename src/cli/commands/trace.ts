import type { CommandModule } from 'yargs';
import { convertRecording } from '../../lab/convert-recording.ts';
import { usageError } from '../../model/errors.ts';
import { SYNTH_KINDS, synthHeader, synthRows } from '../../trace/synth.ts';
import { toleranceOf } from '../../trace/tolerance.ts';
import { writeTrace } from '../../trace/writer.ts';
import { clockRate, headerNote } from '../header-options.ts';
import { integer } from '../options.ts';
import { note, outName } from '../output.ts';
import { fileName } from '../words.ts';
import { anonymiseCommand, cutCommand, mergeCommand, TABLE_OUT_OPTION, tableName } from './trace-edit.ts';
import { joinCommand } from './trace-join.ts';
import { headCommand, infoCommand, TOLERATE_OPTION, tolerating, validateCommand } from './trace-look.ts';

interface SynthArguments {
  readonly kind: string;
  readonly sends: string;
  readonly vcpus: string;
  readonly seed: string;
  readonly ports?: string | undefined;
  readonly gap: string;
  readonly out: string;
}

const synthCommand: CommandModule<object, SynthArguments> = {
  command: 'synth',
  describe: 'write a seeded load as a trace table',
  builder: (y) =>
    y
      .option('kind', {
        type: 'string',
        demandOption: true,
        describe: SYNTH_KINDS.map((k) => k.join(': ')).join('; '),
      })
      .option('sends', { type: 'string', demandOption: true, describe: 'number of sends' })
      .option('vcpus', { type: 'string', demandOption: true, describe: 'number of vCPUs' })
      .option('seed', { type: 'string', demandOption: true, describe: 'seed of the random numbers' })
      .option('ports', { type: 'string', describe: 'number of ports; 16 a vCPU by default' })
      .option('gap', { type: 'string', default: '20000', describe: 'mean ns between two sends to a vCPU' })
      .option('out', { type: 'string', demandOption: true, describe: 'file; compressed if it ends in .gz' }),
  handler: async (o) => {
    const vcpus = integer(o.vcpus, 'vcpus');
    const options = {
      kind: o.kind,
      sends: integer(o.sends, 'sends'),
      vcpus,
      seed: integer(o.seed, 'seed'),
      ports: o.ports === undefined ? Math.min(4095, 16 * vcpus) : integer(o.ports, 'ports'),
      meanGapNanos: integer(o.gap, 'gap'),
    };
    const header = synthHeader(options);
    const rows = await writeTrace(outName(o.out, 'a file'), header, synthRows(options));
    note(`wrote ${rows} rows`);
  },
};

interface ConvertArguments {
  readonly recording: string;
  readonly name?: string | undefined;
  readonly state?: string | undefined;
  readonly domain: string;
  readonly 'clock-hz'?: string | undefined;
  readonly note: readonly string[];
  readonly tolerate?: string | undefined;
  readonly out: string;
}

const convertCommand: CommandModule<object, ConvertArguments> = {
  command: 'convert <recording>',
  describe: 'turn a recording (- for standard input) into a trace table, or a table into its other form',
  builder: (y) =>
    y
      .positional('recording', { type: 'string', demandOption: true })
      .option('name', { type: 'string', describe: 'name of the trace; a table has one' })
      .option('state', {
        type: 'string',
        describe: 'what was bound before: lsevtchn, debug key e, /proc/interrupts, vmstat -i',
      })
      .option('domain', { type: 'string', default: '0', describe: 'number of the recorded domain' })
      .option('clock-hz', {
        type: 'string',
        describe: 'ticks per second of a recorded counter (x86-tsc, KTR)',
      })
      .option('note', {
        type: 'string',
        array: true,
        default: [],
        describe: 'key=value for the header; repeated',
      })
      .option('tolerate', TOLERATE_OPTION)
      .option('out', TABLE_OUT_OPTION),
  handler: async (o) => {
    if (o.state === o.recording) throw usageError('the recording and --state are the same file');
    const tolerance = toleranceOf(o.tolerate);
    const options = {
      recording: fileName(o.recording),
      name: o.name === undefined ? undefined : tableName(o.name),
      state: o.state === undefined ? undefined : fileName(o.state),
      domain: integer(o.domain, 'domain'),
      clockHz: o['clock-hz'] === undefined ? undefined : clockRate(o['clock-hz']),
      notes: o.note.map(headerNote),
      out: outName(o.out, 'a file'),
    };
    const rows = await tolerating(tolerance, () => convertRecording(options, tolerance));
    note(`wrote ${rows} rows`);
  },
};

/** `upcall trace ...`: recordings and trace tables. */
export const traceCommand: CommandModule = {
  command: 'trace',
  describe: 'look at recordings, make and change trace tables',
  builder: (y) =>
    y
      .command(infoCommand)
      .command(headCommand)
      .command(validateCommand)
      .command(convertCommand)
      .command(joinCommand)
      .command(mergeCommand)
      .command(cutCommand)
      .command(anonymiseCommand)
      .command(synthCommand)
      .demandCommand(1, 'trace expects a command; upcall trace --help lists them'),
  handler: () => {},
};
