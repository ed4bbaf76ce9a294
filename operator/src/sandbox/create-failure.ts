import { reasons } from '@sandpiper/api';
import type { CreateFailure } from '@sandpiper/lifecycle';
import { KubeError } from '@sandpiper/kube';

/**
 * What a refusal to create a pod or a claim means for the sandbox; undefined for one that says nothing of it (the server
 * is overloaded, away or broken): that is tried again. Pure.
 */
export function createFailureOf(error: unknown, now: number): CreateFailure | undefined {
  if (!(error instanceof KubeError)) return undefined;
  const kind = kindOf(error);
  return kind && { kind, reason: REASONS[kind], message: error.message, at: now };
}

const REASONS: Record<CreateFailure['kind'], string> = {
  failed: reasons.CreateFailed,
  refused: reasons.PodRefused,
  capacity: reasons.QuotaExceeded,
  terminating: reasons.NamespaceTerminating,
};

function kindOf({ status, message }: KubeError): CreateFailure['kind'] | undefined {
  if (status === 403 && /is being terminated/.test(message)) return 'terminating';
  if (status === 404 && /namespaces? .* not found/.test(message)) return 'terminating';
  if (status === 403 && /exceeded quota/.test(message)) return 'capacity';
  if (status === 400 || status === 403 || status === 422) return 'refused';
  return undefined;
}
