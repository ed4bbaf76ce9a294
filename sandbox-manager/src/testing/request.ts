import http from 'node:http';

/** GET on a Unix socket; resolves with the status, 0 when nobody answers. */
export function get(address: string, path: string): Promise<number> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath: address.replace('unix:', ''), path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', () => resolve(0));
  });
}
