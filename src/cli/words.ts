/** What is done with the words of the command line before and after yargs reads them. */
import { unknownName, usageError } from '../model/errors.ts';

/** Stands for a lone hyphen, standard input, which yargs would lose. */
export const STANDARD_INPUT = '(standard input)';

/** The words as yargs is given them. */
export function wordsForYargs(words: readonly string[]): string[] {
  return words.map((word) => (word === '-' ? STANDARD_INPUT : word));
}

/** The file an argument names; "-" for standard input. */
export function fileName(text: string): string {
  if (text === '') throw usageError('expected the name of a file, found an empty one');
  return text === STANDARD_INPUT ? '-' : text;
}

/** Whether errors are wanted as JSON; asked before it is known whether the words make sense. */
export function wantsJson(words: readonly string[]): boolean {
  return words.some(
    (word, i) => word === '--format=json' || (word === '--format' && words[i + 1] === 'json'),
  );
}

/** What yargs has read, as far as it matters here. */
interface Arguments {
  readonly [name: string]: unknown;
  readonly _: ReadonlyArray<string | number>;
}

/** Where in the tree of commands a word is read: the commands that led there, and those that may follow. */
interface Place {
  readonly above: readonly string[];
  readonly known: readonly string[];
}

/** The place yargs is at; not in its types. */
export function placeIn(cli: object): Place {
  const { getCommandInstance, getContext } = (
    cli as {
      getInternalMethods(): {
        getCommandInstance(): { getCommands(): string[] };
        getContext(): { commands: string[] };
      };
    }
  ).getInternalMethods();
  return { above: getContext().commands, known: getCommandInstance().getCommands() };
}

/** A word where a command should stand is told before any option: options belong to commands. */
export function refuseUnknownCommand(o: Arguments, { above, known }: Place): void {
  const word = o._[above.length];
  if (word === undefined || known.length === 0 || known.includes(String(word))) return;
  throw unknownName([...above, 'command'].join(' '), String(word), known);
}

/** An option that takes one value was given several times: which one counts is not for us to guess. */
export function refuseRepeated(o: Arguments, arrays: readonly string[]): void {
  for (const [name, value] of Object.entries(o)) {
    if (name === '_' || !Array.isArray(value) || arrays.includes(name)) continue;
    const hint = 'several values, where they are taken, are separated by commas';
    throw usageError(`--${name} is given ${value.length} times, expected once; ${hint}`);
  }
}
