/**
 * get_free_port (xen/common/event_channel.c): the lowest free port, by looking at every channel from port 0 up. So a
 * bind costs Xen the number of live ports, whatever the guest does (fact sheet on FreeBSD, 3.8).
 */

import { ModelBug } from '../model/errors.ts';
import type { Port } from '../model/units.ts';
import { type Core, NOW } from '../x86/core.ts';
import { SourceFile } from '../x86/sites.ts';
import type { Domain } from './domain.ts';
import { BUCKET_CHANNELS, DOMAIN, ECS_FREE, EVTCHN } from './layout.ts';
import type { PortOps } from './port-ops.ts';

const fn = new SourceFile('xen/common/event_channel.c', 'free port').fn('get_free_port');
const At = {
  search: fn.site('linear search for a free port', 20),
  bucket: fn.site('a bucket of 64 channels allocated', 20),
};

/** Lowest port that is free. The caller holds the domain's event_lock; none free is a ModelBug. */
export function getFreePort(core: Core, domain: Domain, ops: PortOps): Port {
  core.at(At.search);
  for (let port = 0; port < domain.ports; port++) {
    const tValid = core.load32(domain.base + DOMAIN.validEvtchns, NOW);
    if (!core.branch(port < core.lo, tValid)) {
      core.at(At.bucket);
      if (!domain.addBucket()) break;
      core.lump(core.machine.n.evtchnBucketCycles);
      core.at(At.search);
    }
    // evtchn_from_port: the first bucket has a pointer of its own, the others hang in a group.
    const first = core.branch(port < BUCKET_CHANNELS, NOW);
    let tBucket = core.load64(domain.base + (first ? DOMAIN.evtchn : DOMAIN.buckets), NOW);
    if (!first) tBucket = core.load64(core.lo + (port >>> 6) * 8, core.alu(tBucket));
    // Index masking against speculation, shift, add: four more instructions before the state.
    core.free(3);
    const tChannel = core.alu(tBucket);
    const tState = core.load32(core.lo + (port & 63) * EVTCHN.bytes + EVTCHN.state, tChannel);
    if (core.branch(core.lo === ECS_FREE, tState) && !ops.isBusy(core, port)) return port;
    core.alu(NOW);
    core.at(At.search);
  }
  throw new ModelBug('no free event channel', { ports: domain.ports });
}
