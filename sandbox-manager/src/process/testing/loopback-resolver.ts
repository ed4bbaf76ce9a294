// Runs in a network namespace of its own: a host whose only resolver is on its loopback, as systemd-resolved is. Prints what a
// sandbox resolves through it, and what it reaches beside it.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { inside, Installation } from './fixture.ts';

const ADDRESS = '127.0.0.79';
const resolver = createSocket('udp4');
resolver.on('message', (query, from) => resolver.send(answerWith(query, [203, 0, 113, 7]), from.port, from.address));
resolver.bind(53, ADDRESS);
const other = createServer((socket) => socket.end('REACHED')).listen(8053, '0.0.0.0');
await Promise.all([once(resolver, 'listening'), once(other, 'listening')]);
const installation = await Installation.create();
try {
  const instance = await installation.start(await installation.driver());
  const { stdout: resolved } = await inside(instance, 'getent ahostsv4 name.example');
  const { stdout: resolvConf } = await inside(instance, 'cat /etc/resolv.conf');
  const alias = resolvConf.replace('nameserver', '').trim();
  const attack = `for h in ${alias} ${ADDRESS} 127.0.0.1 198.51.100.2; do curl -s --http0.9 --max-time 1 http://$h:8053/; done`;
  const { stdout: reached } = await inside(instance, attack);
  console.log(JSON.stringify({ network: instance.confinement.network, alias, resolved, reached }));
} finally {
  resolver.close();
  other.close();
  await installation.close();
}

/** The same query as an answer with one A record. */
function answerWith(query: Buffer, address: number[]): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 6);
  header.writeUInt16BE(0, 10);
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
  return Buffer.concat([header, query.subarray(12, end), record]);
}
