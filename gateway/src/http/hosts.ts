import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { errors } from '../errors.ts';

export interface HostPolicy {
  /** Throws `HOST_REFUSED`. */
  checkHost(request: IncomingMessage): void;
  /**
   * A browser says where a request comes from; anything else is free to say nothing. Throws `ORIGIN_REFUSED` for a foreign origin, and
   * where `required` is set for none at all.
   */
  checkOrigin(request: IncomingMessage, options: { required: boolean }): void;
}

/**
 * Which names this server answers to. DNS rebinding makes a page of a foreign *name* talk to this address, so names are
 * listed; an IP literal cannot be rebound and is its own origin, and `localhost` resolves to loopback in every browser.
 *
 * @param allowedHosts    further host names, without port
 * @param allowedOrigins  further origins, `https://name:port`
 */
export function createHostPolicy(
  allowedHosts: readonly string[] = [],
  allowedOrigins: readonly string[] = [],
): HostPolicy {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase()));
  return {
    checkHost(request) {
      const name = hostName(request.headers.host);
      if (name !== undefined && (isOwnName(name) || hosts.has(name))) return;
      throw errors.HOST_REFUSED({ host: printable(request.headers.host ?? '(none)') });
    },
    checkOrigin(request, { required }) {
      const { origin, host } = request.headers;
      if (origin === undefined) {
        // A browser that sends no Origin still tells whether another site made it ask.
        const site = request.headers['sec-fetch-site'];
        if (!required && (site === undefined || site === 'same-origin' || site === 'none')) return;
        throw errors.ORIGIN_REFUSED({ origin: '(none)' });
      }
      if (origins.has(origin.toLowerCase()) || (host !== undefined && isSameHost(origin, host))) return;
      throw errors.ORIGIN_REFUSED({ origin: printable(origin) });
    },
  };
}

/** Without port and brackets, in lower case; undefined for what is no host. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function isOwnName(name: string): boolean {
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost');
}

/** The scheme is left out: behind a proxy that ends TLS the page is https and this server is not. */
function isSameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = URL.canParse(`${page.protocol}//${host}`) ? new URL(`${page.protocol}//${host}`) : undefined;
  return page.host !== '' && page.host === own?.host;
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
