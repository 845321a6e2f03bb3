#!/usr/bin/env node
/** The command line: names of commands and options, exit codes. All work is done in lab, trace and report. */
import yargs from 'yargs';
import { usageError } from '../model/errors.ts';
import { acceptCommand } from './commands/accept.ts';
import { checkCommand } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { contentionCommand } from './commands/contention.ts';
import { explainCommand } from './commands/explain.ts';
import { machinesCommand } from './commands/machines.ts';
import { replayCommand } from './commands/replay.ts';
import { scanCommand } from './commands/scan.ts';
import { schemaCommand } from './commands/schema.ts';
import { studyCommand } from './commands/study.ts';
import { traceCommand } from './commands/trace.ts';
import { validateCommand } from './commands/validate.ts';
import { whatifCommand } from './commands/whatif.ts';
import { VERSION } from './context.ts';
import { fail } from './errors.ts';
import { cannotPrint } from './output.ts';
import { placeIn, refuseRepeated, refuseUnknownCommand, wantsJson, wordsForYargs } from './words.ts';

const words = process.argv.slice(2);
const json = wantsJson(words);

process.stdout.once('error', (error: NodeJS.ErrnoException) => {
  // Whatever else could not be written fails for the same reason.
  process.stdout.on('error', () => {});
  // A reader that has seen enough (head, less) closes the pipe: no failure of ours.
  if (error.code !== 'EPIPE') fail(cannotPrint(error), json);
});
// Nobody is left to be told when standard error cannot be written; the exit code still says it.
process.stderr.on('error', () => {});

try {
  const cli = yargs(wordsForYargs(words));
  await cli
    .scriptName('upcall')
    .usage('$0 COMMAND\n\nA deterministic cycle-level model of the Xen upcall hot path in FreeBSD guests.')
    .command(studyCommand)
    .command(replayCommand)
    .command(compareCommand)
    .command(whatifCommand)
    .command(scanCommand)
    .command(explainCommand)
    .command(contentionCommand)
    .command(validateCommand)
    .command(machinesCommand)
    .command(checkCommand)
    .command(acceptCommand)
    .command(traceCommand)
    .command(schemaCommand)
    .middleware((o) => refuseUnknownCommand(o, placeIn(cli)), true)
    .check((o, known) => {
      refuseRepeated(o, (known as { array?: string[] }).array ?? []);
      return true;
    })
    .demandCommand(1, 'expected a command; upcall --help lists them')
    .strict()
    .parserConfiguration({ 'greedy-arrays': false })
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
