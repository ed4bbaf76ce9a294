import type { KeyAndCertificate } from './certificates/authority.ts';
import { contextName } from './find.ts';

export interface KubeConfigContent {
  /** `https://127.0.0.1:<port>` */
  server: string;
  /** PEM */
  authority: string;
  credentials: KeyAndCertificate;
}

/** A kubeconfig that needs no other file. JSON, which is YAML too. */
export function kubeConfigText({ server, authority, credentials }: KubeConfigContent): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: contextName, cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: 'user',
        user: {
          'client-certificate-data': base64(credentials.certificate),
          'client-key-data': base64(credentials.key),
        },
      },
    ],
    contexts: [{ name: contextName, context: { cluster: contextName, user: 'user' } }],
    'current-context': contextName,
  });
}
