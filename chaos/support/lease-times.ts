/** Half of what Kubernetes takes. With less, a busy machine takes the lease away before a test does. */
export const leaseTimes = { leaseDurationMs: 6_000, renewDeadlineMs: 5_000, retryPeriodMs: 500 };
