#!/usr/bin/env node
/** The command line: names of commands and options, exit codes. All work is done in lab, trace and report. */
import yargs from 'yargs';
import { usageError } from '../model/errors.ts';
import { acceptCommand } from './commands/accept.ts';
import { checkCommand } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { machinesCommand } from './commands/machines.ts';
import { replayCommand } from './commands/replay.ts';
import { scanCommand } from './commands/scan.ts';
import { schemaCommand } from './commands/schema.ts';
import { studyCommand } from './commands/study.ts';
import { traceCommand } from './commands/trace.ts';
import { whatifCommand } from './commands/whatif.ts';
import { VERSION } from './context.ts';
import { fail } from './errors.ts';
import { STANDARD_INPUT } from './options.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (head, less) closes the pipe: no failure of ours.
  if (error.code !== 'EPIPE') throw error;
});

const words = process.argv.slice(2);
const json = words.includes('--format=json') || words[words.indexOf('--format') + 1] === 'json';

try {
  await yargs(words.map((word) => (word === '-' ? STANDARD_INPUT : word)))
    .scriptName('upcall')
    .usage('$0 COMMAND\n\nA deterministic cycle-level model of the Xen upcall hot path in FreeBSD guests.')
    .command(studyCommand)
    .command(replayCommand)
    .command(compareCommand)
    .command(whatifCommand)
    .command(scanCommand)
    .command(machinesCommand)
    .command(checkCommand)
    .command(acceptCommand)
    .command(traceCommand)
    .command(schemaCommand)
    .demandCommand(1, 'expected a command; upcall --help lists them')
    .strict()
    .locale('en')
    .version(VERSION)
    .wrap(110)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? usageError(message.replace(/\s+/g, ' ').trim());
    })
    .parseAsync();
} catch (error) {
  fail(error, json);
}
