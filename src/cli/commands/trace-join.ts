/** `upcall trace join`: a recording of the hypervisor with one of a guest. */
import type { CommandModule } from 'yargs';
import { joinRecordings } from '../../lab/join-recordings.ts';
import { usageError } from '../../model/errors.ts';
import { toleranceOf } from '../../trace/tolerance.ts';
import { clockRate, headerNote } from '../header-options.ts';
import { integer } from '../options.ts';
import { note, outName } from '../output.ts';
import { fileName } from '../words.ts';
import { TABLE_OUT_OPTION, tableName } from './trace-edit.ts';
import { TOLERATE_OPTION, tolerating } from './trace-look.ts';

interface JoinArguments {
  readonly xentrace: string;
  readonly guest: string;
  readonly name: string;
  readonly state?: string | undefined;
  readonly domain: string;
  readonly 'clock-hz': string;
  readonly offset?: string | undefined;
  readonly note: readonly string[];
  readonly tolerate?: string | undefined;
  readonly out: string;
}

export const joinCommand: CommandModule<object, JoinArguments> = {
  command: 'join <xentrace> <guest>',
  describe:
    'put a recording of xentrace and one of a guest of the same time into one trace table, by the TSC',
  builder: (y) =>
    y
      .positional('xentrace', { type: 'string', demandOption: true })
      .positional('guest', {
        type: 'string',
        demandOption: true,
        describe: 'ftrace, trace-cmd or perf text, trace clock x86-tsc',
      })
      .option('name', { type: 'string', demandOption: true, describe: 'name of the trace' })
      .option('state', { type: 'string', describe: 'what was bound before, as for convert' })
      .option('domain', { type: 'string', default: '0', describe: "number of the guest's domain" })
      .option('clock-hz', { type: 'string', demandOption: true, describe: 'ticks of the TSC per second' })
      .option('offset', {
        type: 'string',
        describe: "the hypervisor's TSC less the guest's; found by matching if not given",
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
    const files = [o.xentrace, o.guest, ...(o.state === undefined ? [] : [o.state])];
    if (new Set(files).size < files.length)
      throw usageError('the recordings and --state must be different files');
    const tolerance = toleranceOf(o.tolerate);
    const options = {
      xentrace: fileName(o.xentrace),
      guest: fileName(o.guest),
      name: tableName(o.name),
      state: o.state === undefined ? undefined : fileName(o.state),
      domain: integer(o.domain, 'domain'),
      clockHz: clockRate(o['clock-hz']),
      offset: o.offset === undefined ? undefined : signed(o.offset),
      notes: o.note.map(headerNote),
      out: outName(o.out, 'a file'),
    };
    const rows = await tolerating(tolerance, () => joinRecordings(options, tolerance));
    note(`wrote ${rows} rows`);
  },
};

function signed(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw usageError(`--offset expects an integer of ticks, found "${text}"`);
  return BigInt(text);
}
