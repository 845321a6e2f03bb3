/**
 * Rebuilds traces/recorded/joined from the raw recordings: `npm run recordings -- FOLDER [NAME...]`. The folder holds
 * NAME.xentrace.xz, NAME.ftrace.txt.xz (NAME.guest-ftrace.txt.xz of a guest) and NAME.state.txt. The text tables in
 * traces/recorded are not written again, because results are accepted for those files: their rows are compared.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { RECORDINGS, recordingFile } from '../../src/lab/scenarios.ts';
import { upcall } from './cli.ts';
import { JOINED, JOINED_FOLDER, joinArguments, joinedFile } from './joined.ts';
import { ROOT } from './root.ts';

/** Text tables of a guest's own recording, with the guest's domain number. */
const GUEST_SIDE: Readonly<Record<string, number>> = { 'l-fifo.domu-net': 1 };

/** Runs `upcall trace`; throws with what it said when it fails. */
function trace(args: readonly string[]): void {
  const { code, stderr } = upcall(['trace', ...args]);
  if (code !== 0) throw new Error(`upcall trace ${args[0]} ended with ${code}: ${stderr}`);
}

/** Builds every bundled recording, or those that are named, and says whether its bytes changed. */
function rebuild(folder: string, names: readonly string[]): void {
  mkdirSync(JOINED_FOLDER, { recursive: true });
  for (const recording of JOINED) {
    if (names.length > 0 && !names.includes(recording.name)) continue;
    const out = joinedFile(recording);
    const before = existsSync(out) ? readFileSync(out) : undefined;
    trace(joinArguments(recording, folder, out));
    const now = readFileSync(out);
    const how = before === undefined ? 'new' : before.equals(now) ? 'the same bytes' : 'CHANGED';
    process.stdout.write(`${recording.name}: ${now.length} bytes, ${how}\n`);
  }
}

/** Compares the rows of a text table with those that its recording gives now. */
function compare(folder: string, scratch: string, name: string): void {
  const domain = GUEST_SIDE[name] ?? 0;
  const raw = join(folder, `${name}.${domain === 0 ? 'ftrace' : 'guest-ftrace'}.txt.xz`);
  const out = join(scratch, `${name}.trace`);
  const state = join(folder, `${name}.state.txt`);
  const options = ['--name', name, '--state', state, '--domain', String(domain), '--clock-hz', '1000000000'];
  const clock = 'clock=instructions executed by an emulator; gaps are not times of Xen';
  trace(['convert', raw, ...options, '--note', clock, '--out', out]);
  const rowsOf = (text: string) => text.slice(text.indexOf('\n'));
  const bundled = gunzipSync(readFileSync(join(ROOT, 'traces', recordingFile(name)))).toString();
  const same = rowsOf(bundled) === rowsOf(readFileSync(out, 'utf8'));
  process.stdout.write(`${name} (text): ${same ? 'the same rows' : 'OTHER ROWS'}\n`);
}

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  process.stderr.write('recordings: expected the folder of the raw recordings\n');
  process.exitCode = 2;
} else {
  rebuild(folder, names);
  const scratch = mkdtempSync(join(tmpdir(), 'upcall-recordings-'));
  for (const name of names.length > 0 ? [] : RECORDINGS) compare(folder, scratch, name);
  rmSync(scratch, { recursive: true });
}
