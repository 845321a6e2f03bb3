/**
 * `npm run reshow -- PAGE...`: runs the commands shown in pages again, one after the other in a folder of their own, and
 * puts what they print now into the pages. A block with a line `...` keeps its lines; each becomes the line of the
 * output that begins like it, up to its first digit. Read the difference before it is committed.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upcall } from './cli.ts';

/** Longer lines are cut behind a word. */
const WIDTH = 140;

function cut(line: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, line.lastIndexOf(' ', WIDTH - 4))} ...`;
}

function shown(command: string, before: readonly string[], cwd: string): string[] {
  const result = upcall(command.split(' ').slice(3), { cwd });
  if (result.code !== 0) throw new Error(`${command}: ${result.stderr}`);
  const lines = result.stdout.trimEnd().split('\n');
  if (!before.includes('...')) return lines.map(cut);
  return before.map((line) => {
    const start = line.replace(/\d.*$/, '');
    return line === '...' ? line : cut(lines.find((l) => l.startsWith(start)) ?? line);
  });
}

for (const page of process.argv.slice(2)) {
  const folder = mkdtempSync(join(tmpdir(), 'upcall-reshow-'));
  const text = readFileSync(page, 'utf8').replace(/^```console\n([\s\S]*?)^```$/gm, (_, block: string) => {
    const [command, ...before] = block.trimEnd().split('\n');
    return `\`\`\`console\n${[command, ...shown(command!, before, folder)].join('\n')}\n\`\`\``;
  });
  rmSync(folder, { recursive: true });
  writeFileSync(page, text);
}
