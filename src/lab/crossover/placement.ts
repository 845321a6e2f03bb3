/**
 * Where the unused isrcs of a population stand in vector order.
 *
 * IPIs, timer and debug VIRQ are bound once at boot and never given back: they hold the lowest vectors, and every
 * scan walks them first (fact sheet on FreeBSD, 4.1 and 4.4). What churns lies behind them. So `first` is the first
 * isrc behind those of the boot, the best case of a scan that a guest can have; `last` is the worst.
 */
import { RandomStream } from '../../model/random.ts';

/** The choices. */
export const FREE_PLACES = ['last', 'first', 'random'] as const;
/** `last`: at the end; `first`: right behind those of the boot; `random`: anywhere behind them, by seed. */
export type FreePlace = (typeof FREE_PLACES)[number];

/** PV IPIs a vCPU binds, by generation: fact sheet on FreeBSD, 4.1. */
const IPIS: Readonly<Record<string, number>> = { 'freebsd-a': 9, 'freebsd-c': 6 };
/** The timer and the debug VIRQ of a vCPU. */
const VIRQS = 2;

/** A population. */
export interface PopulationSpec {
  /** Isrcs that exist, 1..4095. */
  readonly isrcs: number;
  /** How many of them are unused, 1..isrcs. */
  readonly unused: number;
  readonly place: FreePlace;
  /** Isrcs bound at boot, before everything that churns. */
  readonly bootIsrcs: number;
  /** Of `random`. */
  readonly seed: number;
}

/** Generations whose boot is known. */
export const BOOTED: readonly string[] = Object.keys(IPIS);

/** Isrcs that a guest's vCPUs bind at boot, for IPIs, timer and debug. */
export function bootIsrcs(guest: string, vcpus: number): number {
  return vcpus * (IPIS[guest]! + VIRQS);
}

/** Places of the unused isrcs in vector order, ascending; those of the boot are unused only if nothing else is left. */
export function unusedIndexes(spec: PopulationSpec): number[] {
  const { isrcs, unused, place, seed } = spec;
  const boot = Math.min(spec.bootIsrcs, isrcs - unused);
  if (place === 'random') {
    const churned = Array.from({ length: isrcs - boot }, (_, i) => boot + i);
    new RandomStream(seed, `unused of ${isrcs}`).shuffle(churned);
    return churned.slice(0, unused).sort((a, b) => a - b);
  }
  const start = place === 'first' ? boot : isrcs - unused;
  return Array.from({ length: unused }, (_, i) => start + i);
}
