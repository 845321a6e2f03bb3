/** A boot storm: a FreeBSD dom0 without guests, and then all of them start within a short time. */

import { Host, shapeOf } from './host/host.ts';
import { HOST_PARAMS, LIFE_PARAMS, type LifeNumbers } from './host/numbers.ts';
import { populationOf } from './host/population.ts';
import { defineLoad } from './load.ts';

/** Nothing but the storm happens. */
const NO_LIFE = Object.fromEntries(
  Object.entries(LIFE_PARAMS).map(([name, { unit, value }]) => [name, unit === 'weight' ? 0 : value]),
) as LifeNumbers;

/** `boot-storm`. */
export const BOOT_STORM = defineLoad({
  name: 'boot-storm',
  what: 'a FreeBSD dom0 whose guests all start within stormNanos: binds by turns, then the events of booting',
  gapNanos: 20_000,
  params: HOST_PARAMS,
  portsOf: (vcpus, n) => populationOf(vcpus, n.ipis, n.guests, shapeOf(n)),
  takesPorts: false,
  rows: (load) => new Host(load, { ...NO_LIFE, ...load.n }).rows(0, load.n.guests),
});
