import type { CommandModule } from 'yargs';
import { LOAD_KINDS, loadKindsText } from '../../trace/synth/catalogue.ts';
import { synthHeader, synthRows } from '../../trace/synth/synth.ts';
import { writeTrace } from '../../trace/writer.ts';
import { integer, integers } from '../options.ts';
import { note, outName } from '../output.ts';

interface SynthArguments {
  readonly kind: string;
  readonly sends: string;
  readonly vcpus: string;
  readonly seed: string;
  readonly ports?: string | undefined;
  readonly gap?: string | undefined;
  readonly priorities?: string | undefined;
  readonly set: readonly string[];
  readonly name?: string | undefined;
  readonly out: string;
}

/** `upcall trace synth`: a seeded load as a trace table. */
export const synthCommand: CommandModule<object, SynthArguments> = {
  command: 'synth',
  describe: 'write a seeded load as a trace table',
  builder: (y) =>
    y
      .option('kind', {
        type: 'string',
        demandOption: true,
        describe: `${LOAD_KINDS.map(({ name }) => name).join(', ')}; see below`,
      })
      .option('sends', { type: 'string', demandOption: true, describe: 'number of sends' })
      .option('vcpus', { type: 'string', demandOption: true, describe: 'number of vCPUs' })
      .option('seed', { type: 'string', demandOption: true, describe: 'seed of the random numbers' })
      .option('ports', {
        type: 'string',
        describe: "number of ports; by default the kind's, mostly 16 a vCPU",
      })
      .option('gap', {
        type: 'string',
        describe: "mean ns between two sends to a vCPU; by default the kind's, mostly 20000",
      })
      .option('priorities', {
        type: 'string',
        describe:
          'FIFO priorities 0..15, separated by commas, that ports get in turn; by default none is set',
      })
      .option('set', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'key=value of a number of the kind, repeatable',
      })
      .option('name', { type: 'string', describe: 'name of the trace; made of kind, sends, vCPUs and seed' })
      .option('out', { type: 'string', demandOption: true, describe: 'file; compressed if it ends in .gz' })
      .epilogue(`Kinds, and the numbers of each with unit and default:\n\n${loadKindsText()}`),
  handler: async (o) => {
    const options = {
      kind: o.kind,
      sends: integer(o.sends, 'sends'),
      vcpus: integer(o.vcpus, 'vcpus'),
      seed: integer(o.seed, 'seed'),
      ports: o.ports === undefined ? undefined : integer(o.ports, 'ports'),
      meanGapNanos: o.gap === undefined ? undefined : integer(o.gap, 'gap'),
      priorities: o.priorities === undefined ? undefined : integers(o.priorities, 'priorities'),
      set: o.set,
      name: o.name,
    };
    const header = synthHeader(options);
    const rows = await writeTrace(outName(o.out, 'a file'), header, synthRows(options));
    note(`wrote ${rows} rows`);
  },
};
