/** Softirqs in the order of Xen's bits: the lowest runs first (fact sheet on Xen, 4.5). */
export const Softirq = { timer: 0, schedule: 3, tasklet: 5, vcpuKick: 8 } as const;

/** One of the values of `Softirq`. */
export type SoftirqCode = (typeof Softirq)[keyof typeof Softirq];
