/**
 * Rebuilds traces/recorded from the raw recordings: `npm run recordings -- FOLDER`. The folder holds
 * NAME.ftrace.txt.xz (or NAME.guest-ftrace.txt.xz) and NAME.state.txt; `xz` must be installed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RECORDINGS, recordingFile } from '../../src/lab/scenarios.ts';
import { ROOT } from './root.ts';

/** Recordings taken inside a guest, with the guest's domain number. */
const GUEST_SIDE: Readonly<Record<string, number>> = { 'l-fifo.domu-net': 1 };

const folder = process.argv[2];
if (folder === undefined || !existsSync(folder)) {
  process.stderr.write('recordings: expected the folder of the raw recordings\n');
  process.exitCode = 2;
} else {
  for (const name of RECORDINGS) {
    const domain = GUEST_SIDE[name] ?? 0;
    const raw = join(folder, `${name}.${domain === 0 ? 'ftrace' : 'guest-ftrace'}.txt.xz`);
    const out = join(ROOT, 'traces', recordingFile(name));
    const state = join(folder, `${name}.state.txt`);
    const args = [
      'trace',
      'convert',
      '-',
      '--name',
      name,
      '--state',
      state,
      '--domain',
      String(domain),
      '--clock-hz',
      '1000000000',
      '--note',
      'clock=instructions executed by an emulator; gaps are not times of Xen',
      '--out',
      out,
    ];
    const xz = spawn('xz', ['-dc', raw], { stdio: ['ignore', 'pipe', 'inherit'] });
    const convert = spawn(process.execPath, [join(ROOT, 'build/src/cli/main.js'), ...args], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    xz.stdout.pipe(convert.stdin);
    const [code] = await once(convert, 'exit');
    if (code !== 0) throw new Error(`${name}: conversion ended with ${code}`);
    process.stdout.write(`${execFileSync('ls', ['-l', out], { encoding: 'utf8' })}`);
  }
}
