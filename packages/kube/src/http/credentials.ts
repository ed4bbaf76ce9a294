import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import { KubeConfig, type ConnectOptions, type DispatcherOptions } from '@kubernetes/client-node';

/** As whom calls are made, at this moment. */
export interface Credentials {
  /** Authorization and impersonation. */
  headers: Record<string, string>;
  /** How connections are made; changes when a certificate was renewed. */
  connection: DispatcherOptions;
}

/** The credentials of a KubeConfig, kept up to date: token files rotate, exec plugins' tokens expire, certificates are renewed. */
export interface CredentialSource {
  /** At once while they are fresh, so that the hot path awaits nothing. */
  current(): Credentials | Promise<Credentials>;
  /** After a 401: whether there are others than the refused ones by now, also by asking again whatever is cached. */
  renew(refused: Credentials): Promise<boolean>;
}

/** Files are read this often at most; the library re-reads token files after 60 s on its own. */
const FRESH_MS = 10_000;

export function createCredentialSource(original: KubeConfig): CredentialSource {
  let config = original;
  let known: Credentials | undefined;
  let readAt = 0;
  let reading: Promise<Credentials> | undefined;

  const read = (): Promise<Credentials> => {
    reading ??= readCredentials(config)
      .then((fresh) => {
        // The same object while nothing changed, so that a comparison by identity tells of a change of connection.
        if (known && isDeepStrictEqual(known.connection, fresh.connection)) fresh.connection = known.connection;
        readAt = performance.now();
        return (known = fresh);
      })
      .finally(() => (reading = undefined));
    return reading;
  };

  return {
    current: () => (known && performance.now() - readAt < FRESH_MS ? known : read()),
    async renew(refused) {
      // Of many calls that were refused at once, the first has renewed them for all.
      if (known && !isDeepStrictEqual(known, refused)) return true;
      // Only a new KubeConfig has not cached the token that was refused.
      config = copyOf(original);
      return !isDeepStrictEqual(await read(), refused);
    },
  };
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const cluster = config.getCurrentCluster();
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
  const given = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  const tls = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as ConnectOptions;

  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (typeof options.auth === 'string')
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return { headers, connection: config.createDispatcherOptions(cluster, tls) };
}

function copyOf(config: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({
    clusters: config.getClusters(),
    contexts: config.getContexts(),
    users: config.getUsers(),
    currentContext: config.getCurrentContext(),
  });
  return copy;
}
