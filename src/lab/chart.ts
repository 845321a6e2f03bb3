/** A chart as data: what draws it does not know what it means. */

/** A scale of an axis. */
export type Scale = 'log' | 'linear';

/** A line. */
export interface Series {
  readonly name: string;
  /** Ascending by x; integers, or ratios that are rounded when they are drawn. */
  readonly points: ReadonlyArray<readonly [x: number, y: number]>;
}

/** One pair of axes. */
export interface Panel {
  readonly title: string;
  readonly yScale: Scale;
  readonly series: readonly Series[];
}

/** Panels in rows; the x axis of all is logarithmic. */
export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly rows: ReadonlyArray<{ readonly yLabel: string; readonly panels: readonly Panel[] }>;
}
