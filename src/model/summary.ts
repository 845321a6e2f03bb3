/** Summaries of host measurements and of predicted calls. The only import of simple-statistics in `src`. */
import { mean, medianSorted, sampleStandardDeviation } from 'simple-statistics';

/** Median, mean and spread of a sample. */
export interface Summary {
  n: number;
  median: number;
  mean: number;
  /** Sample standard deviation over the mean; 0 for a sample of one. */
  relativeDeviation: number;
}

/** Summarises a non-empty sample: of host speed, or of the calls behind a predicted figure. */
export function summarise(sample: readonly number[]): Summary {
  const sorted = [...sample].sort((a, b) => a - b);
  const average = mean(sorted);
  const deviation = sorted.length > 1 ? sampleStandardDeviation(sorted) : 0;
  return {
    n: sorted.length,
    median: medianSorted(sorted),
    mean: average,
    relativeDeviation: deviation / average,
  };
}
