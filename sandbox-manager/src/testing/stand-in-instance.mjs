// What a stand-in instance runs: a child process with the health and suspend routes of tool-api on a Unix socket.
// `--fail` ends at once; GET /die ends it later; GET /busy and /unready change what it answers.
import http from 'node:http';
import { rmSync } from 'node:fs';

const [socket, uid, mode] = process.argv.slice(2);
if (mode === '--fail') process.exit(3);
rmSync(socket, { force: true });

let busy = false;
let closed = false;
let desktop = 'ready';

const routes = {
  'GET /healthz': () => [200, {}],
  'GET /readyz': () => {
    const components = { x: desktop, windowManager: desktop, vnc: desktop, browser: desktop, toolApi: 'ready' };
    return [desktop === 'ready' ? 200 : 503, { status: desktop, components }];
  },
  'POST /v1/suspend': ({ ifIdleForMs }) => {
    if (busy) return [200, { agreed: false, idleForMs: 0, busy: { reason: 'call' } }];
    closed = true;
    return [200, { agreed: true, idleForMs: ifIdleForMs }];
  },
  'DELETE /v1/suspend': () => {
    closed = false;
    return [204, undefined];
  },
  'GET /work': () => [closed ? 503 : 200, { closed }],
  'GET /busy': () => [200, { busy: (busy = true) }],
  'GET /idle': () => [200, { busy: (busy = false) }],
  'GET /unready': () => [200, { desktop: (desktop = 'starting') }],
  'GET /die': () => process.exit(7),
};

http
  .createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const route = routes[`${request.method} ${request.url}`];
    const isLifecycle = request.url === '/v1/suspend';
    if (isLifecycle && request.headers.authorization !== `Bearer token-for-${uid}`)
      return response.writeHead(401).end();
    const [status, body] = route ? route(chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : {}) : [404, {}];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  })
  .listen(socket);
