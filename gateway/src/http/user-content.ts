import type { Response } from 'express';

/**
 * Headers of bytes that came out of a sandbox, and may be anything: never sniffed, never run as part of this site. The sandbox
 * directive gives a document that is opened directly an origin of its own, without scripts.
 */
export function setUserContentHeaders(
  response: Response,
  { name, attachment }: { name: string; attachment: boolean },
): void {
  response.set({
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:",
    'Content-Disposition': contentDisposition(name, attachment),
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  });
}

/** RFC 6266: an ASCII name for old readers and the whole one, percent-encoded as RFC 8187 wants it. */
export function contentDisposition(name: string, attachment: boolean): string {
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${attachment ? 'attachment' : 'inline'}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
