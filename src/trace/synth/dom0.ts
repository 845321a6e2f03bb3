/** A FreeBSD dom0 that serves guests, which come and go. */

import { Host, shapeOf } from './host/host.ts';
import { HOST_PARAMS, LIFE_PARAMS } from './host/numbers.ts';
import { populationOf } from './host/population.ts';
import { defineLoad } from './load.ts';

/** `dom0`. */
export const DOM0 = defineLoad({
  name: 'dom0',
  what: 'a FreeBSD dom0 with guests that run, start, stop, migrate, suspend and get devices; --vcpus are its own',
  gapNanos: 20_000,
  params: { ...HOST_PARAMS, ...LIFE_PARAMS },
  portsOf: (vcpus, n) => populationOf(vcpus, n.ipis, n.guests, shapeOf(n)),
  takesPorts: false,
  rows: (load) => new Host(load, load.n).rows(load.n.guests, 0),
});
