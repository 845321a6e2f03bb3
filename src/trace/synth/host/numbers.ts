/** The numbers of the loads of a dom0. All are choices of a load, none is a claim about some machine. */
import type { LoadParams } from '../load.ts';

const WEIGHT = { unit: 'weight', min: 0, max: 1000 } as const;

/** Of every load of a dom0. */
export const HOST_PARAMS = {
  guests: { value: 20, unit: 'guests', min: 0, max: 1365, what: 'guests' },
  hvm: { value: 0, unit: 'bool', min: 0, max: 1, what: 'guests with QEMU; 0: PV or PVH' },
  guestVcpus: { value: 2, unit: 'vCPUs', min: 1, max: 128, what: 'of a guest' },
  vifs: { value: 1, unit: 'vifs', min: 0, max: 16, what: 'network interfaces of a guest' },
  vbds: { value: 1, unit: 'vbds', min: 0, max: 64, what: 'disks of a guest' },
  ipis: { value: 6, unit: 'ports', min: 0, max: 9, what: 'IPIs of each vCPU: 9, 6, or 0 with APICv' },
  timerPermille: { value: 100, unit: '1/1000', min: 0, max: 1000, what: "of the sends: dom0's timers" },
  ipiPermille: { value: 150, unit: '1/1000', min: 0, max: 1000, what: "of the sends: dom0's IPIs" },
  toolPermille: {
    value: 60,
    unit: '1/1000',
    min: 0,
    max: 1000,
    what: "of a guest's sends: to xenstored, xenconsoled, QEMU; the others to backends",
  },
  userNanos: {
    value: 30_000,
    unit: 'ns',
    min: 1,
    max: 1e9,
    what: 'mean time until a process has read an event',
  },
  opNanos: {
    value: 50_000,
    unit: 'ns',
    min: 1,
    max: 1e9,
    what: 'mean time between two binds or unbinds of one guest',
  },
  settleNanos: {
    value: 50_000,
    unit: 'ns',
    min: 0,
    max: 1e9,
    what: 'from its last bind to the first event of a guest',
  },
  bootNanos: { value: 5_000_000, unit: 'ns', min: 0, max: 1e12, what: 'a started guest boots so long' },
  bootRatio: { value: 8, unit: 'times', min: 1, max: 1000, what: 'as many events of a guest while it boots' },
  stormNanos: {
    value: 2_000_000,
    unit: 'ns',
    min: 1,
    max: 1e12,
    what: 'a boot storm starts within this time',
  },
} as const satisfies LoadParams;

/** Of a dom0 on which guests come and go. */
export const LIFE_PARAMS = {
  lifeNanos: {
    value: 5_000_000,
    unit: 'ns',
    min: 1,
    max: 1e12,
    what: 'mean time between two of the following',
  },
  start: { value: 10, ...WEIGHT, what: 'a guest is started' },
  stop: { value: 10, ...WEIGHT, what: 'a guest is stopped' },
  migrate: { value: 5, ...WEIGHT, what: 'a guest leaves, and one like it comes after downNanos' },
  hotplug: { value: 10, ...WEIGHT, what: 'a vif or vbd is plugged into a guest, or a plugged one out' },
  storm: { value: 1, ...WEIGHT, what: 'stormGuests guests are started at once' },
  suspend: { value: 4, ...WEIGHT, what: 'a guest is suspended, and resumed after downNanos' },
  stormGuests: { value: 8, unit: 'guests', min: 1, max: 1365, what: 'started in a boot storm' },
  mostGuests: { value: 0, unit: 'guests', min: 0, max: 1365, what: 'at most; 0: twice as many as at first' },
  downNanos: {
    value: 2_000_000,
    unit: 'ns',
    min: 1,
    max: 1e12,
    what: 'mean downtime of a migration or suspension',
  },
} as const satisfies LoadParams;

/** The numbers of a load by name. */
export type Numbers<S extends LoadParams> = { readonly [K in keyof S]: number };
export type HostNumbers = Numbers<typeof HOST_PARAMS>;
export type LifeNumbers = Numbers<typeof LIFE_PARAMS>;
