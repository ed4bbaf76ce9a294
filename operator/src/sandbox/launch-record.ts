import { isTrue, type Sandbox } from '@sandpiper/api';
import type { OperatorMetrics } from '../metrics.ts';
import type { Memory } from './memory.ts';

interface Context {
  metrics: OperatorMetrics;
  monotonicMs: () => number;
}

/** Something is made or adopted for a sandbox: its start is timed from when we saw it, or else from here. */
export function beginLaunch({ monotonicMs }: Context, memory: Memory): void {
  memory.launch ??= { beganMs: monotonicMs(), toolsSeen: false };
}

/** Takes the times of a start that a stored status tells of. Times of the resource are whole seconds, so ours are taken. */
export function recordLaunch({ metrics, monotonicMs }: Context, memory: Memory, { status }: Sandbox): void {
  const { launch } = memory;
  if (!launch || !status?.launch) return;
  const kind = status.launch.type === 'Warm' ? 'warm' : 'cold';
  const seconds = (monotonicMs() - launch.beganMs) / 1000;
  if (!launch.toolsSeen && isTrue(status.conditions, 'ToolsReady')) {
    launch.toolsSeen = true;
    metrics.startup('tools', kind, seconds);
  }
  if (!isTrue(status.conditions, 'Ready')) return;
  metrics.startup('ready', kind, seconds);
  delete memory.launch;
}
