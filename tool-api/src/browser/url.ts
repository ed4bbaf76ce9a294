import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { browserErrors } from './errors.ts';

const SCHEMES = new Set(['http:', 'https:', 'file:', 'about:', 'data:']);

/**
 * What is meant by an address as people and models write them: `example.com` is https, `localhost:3000` and IP addresses are http,
 * an absolute path is a file. Throws `URL_INVALID`.
 */
export function toUrl(address: string): string {
  const url = address.trim();
  if (path.isAbsolute(url)) return pathToFileURL(url).href;
  const hostAndPort = /^([\w.-]+|\[[\da-f:]+\])(:\d+)?([/?#]|$)/i.exec(url);
  const complete = hostAndPort ? `${isLocal(hostAndPort[1] ?? '') ? 'http' : 'https'}://${url}` : url;
  if (!URL.canParse(complete)) throw browserErrors.URL_INVALID({ url, reason: 'it is not a URL' });
  const { href, protocol } = new URL(complete);
  if (!SCHEMES.has(protocol)) {
    throw browserErrors.URL_INVALID({ url, reason: `${protocol} is not http, https, file, about or data` });
  }
  return href;
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || /^(\d+\.){3}\d+$|^\[/.test(host);
}
