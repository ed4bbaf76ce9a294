export { createProcessDriver, type ProcessDriverOptions } from './create-driver.ts';
export { ProcessDriverError, type ProcessDriverErrorCode } from './errors.ts';
export type { Logger } from './instance.ts';
export type { Limits } from './limits.ts';
export { probeHost, type ProbeReport, type ProbeResult } from './probe.ts';
export type { UidRange } from './uids.ts';
