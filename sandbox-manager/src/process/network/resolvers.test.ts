import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand } from '../command.ts';
import { missingPrograms } from '../testing/fixture.ts';
import { findResolvers } from './resolvers.ts';

const canRun = missingPrograms().length === 0 && process.getuid?.() === 0;
if (!canRun) console.warn('SKIPPED: a resolver on the loopback of the host, which needs root and all programs');

test.runIf(canRun)('sandboxes use a resolver on the host’s loopback, and reach nothing else there', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-resolvers-'));
  const host = `
    mount --bind "$1" /etc/resolv.conf; shift
    ip link set lo up
    ip link add up0 type veth peer name out0; ip link set out0 up; ip addr add 198.51.100.2/24 dev up0; ip link set up0 up; ip route add default via 198.51.100.1
    exec "$@"`;
  try {
    const resolvConf = path.join(folder, 'resolv.conf');
    await writeFile(resolvConf, 'nameserver 127.0.0.79\n');
    const scenario = [process.execPath, path.join(import.meta.dirname, '../testing/loopback-resolver.ts')];
    const { stdout, stderr } = await runCommand(
      'unshare',
      ['--mount', '--net', 'sh', '-euc', host, 'sh', resolvConf, ...scenario],
      { timeoutMs: 18_000 },
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      network: 'nat',
      reached: '',
      resolved: expect.stringMatching(/^203\.0\.113\.7 /) as string,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each([
  ['nameserver 10.1.2.3\nnameserver 127.0.0.53\nnameserver fd00::1\n', '', { direct: ['10.1.2.3'] }],
  ['# none\nnameserver 127.0.0.53\noptions edns0\n', 'nameserver 192.168.1.1\n', { direct: ['192.168.1.1'] }],
  ['nameserver 127.0.0.53\n', 'nameserver ::1\n', { direct: [], viaLoopback: '127.0.0.53' }],
  ['', '', { direct: [] }],
])('finds the resolvers in %j and %j', async (first, second, expected) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-resolvers-'));
  const files = [path.join(folder, 'one'), path.join(folder, 'two')];
  try {
    await writeFile(files[0]!, first);
    await writeFile(files[1]!, second);
    expect(await findResolvers(files)).toEqual(expected);
  } finally {
    await rm(folder, { recursive: true });
  }
});
