import http from 'node:http';

/** GET on a Unix socket; resolves with the status, 0 when nobody answers. */
export function get(address: string, path: string): Promise<number> {
  return send(address, { path });
}

/** Asks a stand-in instance to suspend; resolves with the status. */
export function suspend({ address, uid }: { address: string; uid: string }): Promise<number> {
  const headers = { authorization: `Bearer token-for-${uid}` };
  return send(address, { method: 'POST', path: '/v1/suspend', headers }, JSON.stringify({ ifIdleForMs: 0 }));
}

function send(address: string, options: http.RequestOptions, body?: string): Promise<number> {
  return new Promise((resolve) => {
    const socketPath = address.replace('unix:', '');
    const request = http.request({ socketPath, agent: false, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', () => resolve(0));
    request.end(body);
  });
}
