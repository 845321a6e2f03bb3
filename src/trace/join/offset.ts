/**
 * How far a guest's TSC is from the host's, found by matching. Two kinds of pairs tell: a guest that sends is seen in Xen's
 * hypercall a little later; an upcall that Xen injects is seen in the guest a little later. First a histogram of the
 * differences of a sample, then a fine one of all around each of its peaks.
 */

/** Times of the same kind of event on one vCPU, as the guest and as Xen recorded them; ascending, each in its ticks. */
export interface Anchors {
  readonly guest: readonly number[];
  readonly xen: readonly number[];
}

/** What the pairs of one kind agree on. */
export interface Agreement {
  /** Differences, Xen's time less the guest's: the smallest and the largest of those that agree. */
  readonly least: number;
  readonly most: number;
  /** Guest events with a partner there, and all of them. */
  readonly matched: number;
  readonly of: number;
}

/** The offset: Xen's time = the guest's + offset. */
export interface Offset {
  /** It still holds the few hundred ticks between the two records of a pair. */
  readonly offset: number;
  readonly sends: Agreement | undefined;
  readonly upcalls: Agreement | undefined;
}

/** Guest events of a vCPU in the first histogram, and in the second. */
const SAMPLE = 256;
const FINE_SAMPLE = 20_000;
/** Bins of the first histogram, and how narrow they may get: wider than a probe's cost, ticks. */
const COARSE_BINS = 1 << 22;
const NARROWEST = 4096;
/** Peaks of the first histogram that the second looks at. */
const PEAKS = 8;
/**
 * Width of the bins of the second, and how far from the peak a difference agrees, ticks: the code between the two records,
 * and a guest's clock that Xen emulates and that may run a millionth faster or slower.
 */
const FINE = 16;
const AGREES = 200;
const DRIFT = 1e-6;
/** Pairs that must agree, and the share of the events that could. */
const LEAST_PAIRS = 8;
const LEAST_SHARE = 0.3;

/** The offset that most sends and upcalls agree on; undefined if they agree on none. */
export function findOffset(sends: readonly Anchors[], upcalls: readonly Anchors[]): Offset | undefined {
  let best: Offset | undefined;
  let most = 0;
  const consider = (offset: number): void => {
    const all = checkOffset(offset, sends, upcalls);
    const share = shareOf(all.sends) + shareOf(all.upcalls);
    if (share <= most) return;
    most = share;
    best = all;
  };
  // The earliest that Xen saw of a send is nearest to the truth; an upcall is seen long after its entry.
  for (const [low, width] of peaksOf(sends)) {
    const found = agreement(sends, low - width, 4 * width);
    if (found !== undefined) consider(found.least);
  }
  if (best !== undefined) return best;
  for (const [low, width] of peaksOf(upcalls)) {
    const found = agreement(upcalls, low - width, 4 * width);
    if (found !== undefined) consider(found.most);
  }
  return best;
}

/** Furthest that two records of a pair are apart, ticks: an upcall begins a context switch after its vCPU runs. */
const APART = 16_384;

/** What pairs agree on around a known offset, for domains that read the host's own TSC. */
export function checkOffset(offset: number, sends: readonly Anchors[], upcalls: readonly Anchors[]): Offset {
  const around = (anchors: readonly Anchors[]) => agreement(anchors, offset - APART, 2 * APART);
  return { offset, sends: around(sends), upcalls: around(upcalls) };
}

function shareOf(a: Agreement | undefined): number {
  return a === undefined ? 0 : a.matched / a.of;
}

/** Where the first histogram has its highest bins: the beginning and the width of each. */
function peaksOf(anchors: readonly Anchors[]): Array<readonly [low: number, width: number]> {
  const pairs = anchors.filter((a) => a.guest.length > 0 && a.xen.length > 0);
  if (pairs.length === 0) return [];
  const low = Math.min(...pairs.map((a) => a.xen[0]! - a.guest.at(-1)!));
  const high = Math.max(...pairs.map((a) => a.xen.at(-1)! - a.guest[0]!));
  const width = Math.max(NARROWEST, Math.ceil((high - low + 1) / COARSE_BINS));
  const bins = new Int32Array(Math.ceil((high - low + 1) / width) + 1);
  for (const { guest, xen } of pairs) {
    for (const g of sampled(guest, SAMPLE)) {
      for (const x of xen) bins[Math.floor((x - g - low) / width)]!++;
    }
  }
  // A cluster may lie across the border of two bins.
  const height = (i: number) => bins[i]! + (bins[i + 1] ?? 0);
  const peaks: number[] = [];
  for (let i = 0; i < bins.length; i++) {
    if (bins[i] === 0 || (peaks.length === PEAKS && height(i) <= height(peaks[PEAKS - 1]!))) continue;
    peaks.push(i);
    peaks.sort((a, b) => height(b) - height(a) || a - b);
    if (peaks.length > PEAKS) peaks.pop();
  }
  return peaks.map((i) => [low + i * width, width]);
}

/** What the differences in a range agree on; undefined if too few do. */
function agreement(anchors: readonly Anchors[], low: number, range: number): Agreement | undefined {
  const bins = new Int32Array(Math.ceil(range / FINE) + 1);
  const agrees = AGREES + Math.ceil(DRIFT * Math.max(...anchors.map(({ xen }) => spanOf(xen)), 0));
  let of = 0;
  eachGuest(anchors, low, range, (g, xen, from) => {
    of++;
    for (let i = from; i < xen.length && xen[i]! < g + low + range; i++)
      bins[Math.floor((xen[i]! - g - low) / FINE)]!++;
  });
  const centre = low + FINE * centreOf(bins, Math.floor(AGREES / FINE));
  let matched = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  eachGuest(anchors, low, range, (g, xen) => {
    const i = firstFrom(xen, g + centre - agrees);
    if (i === xen.length || xen[i]! > g + centre + agrees) return;
    matched++;
    least = Math.min(least, xen[i]! - g);
    most = Math.max(most, xen[i]! - g);
  });
  if (matched < LEAST_PAIRS || matched < LEAST_SHARE * of) return undefined;
  return { least, most, matched, of };
}

/** Each guest event that can have a partner: one that lies within the other recording; and the first there may be. */
function eachGuest(
  anchors: readonly Anchors[],
  low: number,
  range: number,
  visit: (g: number, xen: readonly number[], from: number) => void,
): void {
  for (const { guest, xen } of anchors) {
    if (xen.length === 0) continue;
    for (const g of sampled(guest, FINE_SAMPLE)) {
      if (g + low + range < xen[0]! || g + low > xen.at(-1)!) continue;
      visit(g, xen, firstFrom(xen, g + low));
    }
  }
}

function spanOf(times: readonly number[]): number {
  return times.length === 0 ? 0 : times.at(-1)! - times[0]!;
}

/** The middle of the densest stretch of `reach` bins to each side; of several as dense, the middle one. */
function centreOf(bins: Int32Array, reach: number): number {
  let sum = 0;
  let best = 0;
  let first = 0;
  let last = 0;
  for (let i = 0; i < bins.length; i++) {
    sum += bins[i]! - (bins[i - 2 * reach - 1] ?? 0);
    if (sum > best) first = i;
    if (sum >= best) last = i;
    best = Math.max(best, sum);
  }
  return Math.floor((first + last) / 2) - reach;
}

/** At most `most` of some times, evenly taken. */
function sampled(times: readonly number[], most: number): readonly number[] {
  if (times.length <= most) return times;
  return Array.from({ length: most }, (_, i) => times[Math.floor((i * times.length) / most)]!);
}

/** Index of the first time that is not less. */
function firstFrom(times: readonly number[], at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
