/** A row of kind restore: the domain leaves its host with nothing under way, and resumes on another one. */
import { usageError } from '../model/errors.ts';
import type { Addr, Port, Vcpu } from '../model/units.ts';
import { PORTS } from '../xen/abi.ts';
import type { Vcpus } from './vcpus.ts';
import { Work } from './work-queue.ts';

/**
 * Everything that is under way ends; then every channel is gone, and vCPU `by` runs the kernel's resume, which binds
 * IPIs and VIRQs again. Nothing else runs meanwhile. Drivers have what served their ports to give back.
 *
 * A UserError (exit 2) for a guest that has no resume here, and with idle ports.
 */
export function restore(vcpus: Vcpus, by: Vcpu): void {
  const { engine, guest, ports } = vcpus;
  if (guest.scenario.run.population > 0)
    throw usageError(
      'population: idle ports have no driver that binds them again after a restore; leave it out',
    );
  engine.runTo(Number.POSITIVE_INFINITY);
  const { live } = ports;
  const sources = live.map((recorded) => guest.kernel.sourceOf(ports.model(recorded)));
  guest.restored();
  vcpus.give(by, Work.restore, 0);
  engine.runTo(Number.POSITIVE_INFINITY);
  const portOf = new Map<Addr, Port>();
  for (let port = 1; port < PORTS; port++) portOf.set(guest.kernel.sourceOf(port), port);
  live.forEach((recorded, i) => {
    const port = portOf.get(sources[i]!);
    if (port === undefined) ports.lost(recorded, sources[i]!);
    else ports.bound(recorded, port, ports.kind(recorded));
  });
}
