import type { SandboxTemplate } from '@sandpiper/api';
import { core, type KubeClient, KubeError } from '@sandpiper/kube';
import { sandboxContainer, templatePodSpec } from '../instance/container.ts';
import { podFor } from '../instance/pod.ts';
import { ownedBy } from '../ownership.ts';

export interface Verdict {
  valid: boolean;
  reason: string;
  message: string;
}

/**
 * Asks the API server whether it would take a pod of this template, without making one: schema, PodSecurity and whatever
 * else admits pods here. Undefined where that cannot be told now (a full quota, a namespace that ends).
 */
export async function proveTemplate(
  client: KubeClient,
  template: SandboxTemplate,
  hash: string,
): Promise<Verdict | undefined> {
  const spec = templatePodSpec(template);
  if (!spec)
    return refused('NoPodTemplate', 'It has no podTemplate, so nothing can run on Kubernetes; add podTemplate.spec.');
  if (!sandboxContainer(spec)) {
    return refused('NoContainer', 'None of its containers is named "sandbox": name the one that runs tool-api so.');
  }
  const pod = podFor({
    template,
    templateHash: hash,
    namespace: template.metadata.namespace ?? '',
    name: `proof-${hash}`,
    owner: ownedBy(template),
    labels: {},
    display: { width: 1280, height: 800 },
    claimName: template.spec.workspace && 'proof',
  });
  try {
    await client.create(core.pods, pod, { dryRun: true });
    return { valid: true, reason: 'Proved', message: '' };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const isOfTheMoment = /exceeded quota|being terminated/.test(error.message);
    if (isOfTheMoment) return undefined;
    if (error.status === 400 || error.status === 403 || error.status === 422)
      return refused('PodRefused', error.message);
    throw error;
  }
}

function refused(reason: string, message: string): Verdict {
  return { valid: false, reason, message: message.slice(0, 4096) };
}
