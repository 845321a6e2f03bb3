/**
 * The bundled recordings that were joined: which raw files each is made of, and what it is. One for every kind of the raw
 * recordings: both ABIs, PV and PVH, dom0 and guest, boot, hotplug, churn by real domains.
 */
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** One bundled recording. */
export interface JoinedRecording {
  /** Name of the table; its file is NAME.utt. */
  readonly name: string;
  /** Name of the raw recording. */
  readonly raw: string;
  /** Domain whose table it is: 0, or the guest that was traced. */
  readonly domain: number;
  /** Whether there is a trace made inside the domain; without one there are no ports. */
  readonly traced: boolean;
  readonly abi: '2-level' | 'FIFO';
  readonly what: string;
}

/** Where they are. */
export const JOINED_FOLDER = join(ROOT, 'traces/recorded/joined');

/** What the raw recordings of dom0 are, by name without the run; `domu-*` are of dom0 while a guest works. */
const DOM0: Readonly<Record<string, string>> = {
  idle: 'nothing to do',
  timer: 'short sleeps',
  ipi: 'futex hand-over and membarrier: IPIs',
  disk: 'direct disk I/O',
  evnotify: '/dev/xen/evtchn loop-back pairs, notifications both ways',
  evhot: '48 loop-back pairs, three quarters of the events on one',
  evchurn: 'loop-back pairs bound, used and unbound in random order',
  mixed: 'disk, notifications and IPIs together',
  affinity: '24 channels moved between vCPUs while they fire',
  cpuhotplug: 'vCPU 1 taken off line and back three times',
  attach: 'network and block devices attached to a running guest and detached',
  life: 'guests created, booted, used and destroyed',
  'domu-net': 'back ends of a guest that sends UDP bursts',
  'domu-blk': 'back ends of a guest that reads and writes directly',
  'domu-ipi': 'a guest sends itself IPIs',
  'domu-mix': 'back ends of a guest that does all of it',
};

function ofDom0(run: string, vcpus: string, ...phases: string[]): JoinedRecording[] {
  return phases.map((phase) => ({
    name: `${run}.${phase}`,
    raw: `${run}.${phase}`,
    domain: 0,
    traced: true,
    abi: run.endsWith('-2l') ? '2-level' : 'FIFO',
    what: `${vcpus}: ${DOM0[phase]}`,
  }));
}

function ofGuest(run: string, phase: string, domain: number, what: string): JoinedRecording {
  const name = `${run}.${phase}`;
  return { name: `${name}.guest`, raw: name, domain, traced: true, abi: 'FIFO', what };
}

/** All of them. */
export const JOINED: readonly JoinedRecording[] = [
  ...ofDom0('a-2l', 'PV dom0, 2 vCPUs', 'disk', 'evchurn', 'evnotify', 'ipi'),
  ...ofDom0(
    'a-fifo',
    'PV dom0, 2 vCPUs',
    'disk',
    'evchurn',
    'evhot',
    'evnotify',
    'idle',
    'ipi',
    'mixed',
    'timer',
  ),
  ...ofDom0('a4-fifo', 'PV dom0, 4 vCPUs', 'ipi'),
  ...ofDom0('b-2l', 'PV dom0, 2 vCPUs', 'affinity', 'cpuhotplug'),
  ...ofDom0('c-fifo', 'PV dom0, 2 vCPUs', 'attach', 'life'),
  ...ofDom0('l-fifo', 'PV dom0, 2 vCPUs', 'domu-net', 'domu-blk', 'domu-mix'),
  ofGuest('l-fifo', 'domu-net', 1, 'PV guest, 2 vCPUs: UDP bursts through netfront'),
  ofGuest('l-fifo', 'domu-blk', 2, 'PV guest, 2 vCPUs: direct reads and writes through blkfront'),
  ...ofDom0('l-pvh', 'PV dom0, 2 vCPUs', 'domu-net', 'domu-blk', 'domu-ipi'),
  ofGuest('l-pvh', 'domu-net', 1, 'PVH guest, 2 vCPUs: UDP bursts through netfront'),
  ofGuest('l-pvh', 'domu-blk', 2, 'PVH guest, 2 vCPUs: direct reads and writes through blkfront'),
  ofGuest('l-pvh', 'domu-ipi', 3, 'PVH guest, 2 vCPUs: IPIs'),
  ...ofDom0('p-fifo', 'PVH dom0, 1 vCPU', 'idle', 'timer', 'evnotify', 'evchurn'),
  {
    name: 'boot-fifo.boot',
    raw: 'boot-fifo.boot',
    domain: 0,
    traced: false,
    abi: 'FIFO',
    what: "PV dom0, 2 vCPUs: from Xen's start of dom0 to idle; no ports",
  },
];

/** File of a bundled recording. */
export function joinedFile({ name }: JoinedRecording): string {
  return join(JOINED_FOLDER, `${name}.utt`);
}

/** Arguments of `upcall trace` that make one. */
export function joinArguments(r: JoinedRecording, folder: string, out: string): string[] {
  const raw = (ending: string) => join(folder, `${r.raw}.${ending}`);
  const notes = [
    `recorded=${r.what}`,
    `abi=${r.abi}`,
    'host=Xen 4.17.7 on QEMU 7.2 (TCG), Linux 6.1.192, by this project on 22 November 2026',
    'clock=instructions executed by an emulator; gaps are not times of Xen',
  ];
  const guest = r.domain === 0 ? 'ftrace.txt.xz' : 'guest-ftrace.txt.xz';
  return [
    ...(r.traced ? ['join', raw('xentrace.xz'), raw(guest)] : ['convert', raw('xentrace.xz')]),
    ...(r.traced ? ['--state', raw('state.txt')] : []),
    ...['--domain', String(r.domain), '--clock-hz', '1000000000', '--name', r.name, '--out', out],
    ...notes.flatMap((text) => ['--note', text]),
  ];
}
