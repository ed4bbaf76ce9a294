import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

const ENV = { SANDPIPER_KEYS_DIR: '/keys' };

function options(argv: string[], env: Record<string, string> = ENV) {
  const request = readOptions(argv, env, '1.2.3');
  if (request.kind !== 'run') throw new Error(request.text);
  return request.options;
}

function refusal(argv: string[], env: Record<string, string> = ENV): string {
  const request = readOptions(argv, env, '1.2.3');
  if (request.kind !== 'print' || request.exitCode !== 2) throw new Error('It was accepted.');
  return request.text;
}

describe('the options of the operator', () => {
  it('have defaults that work in a cluster', () => {
    expect(options([])).toMatchObject({
      namespace: undefined,
      leaderElection: true,
      leaseNamespace: 'sandpiper-system',
      instanceAccess: 'address',
      port: 8081,
      profiling: false,
      dns: { namespace: { 'kubernetes.io/metadata.name': 'kube-system' }, pod: { 'k8s-app': 'kube-dns' } },
    });
  });

  it('come from flags before variables', () => {
    const env = { ...ENV, PORT: '1', SANDBOX_NAMESPACE: 'a', SANDPIPER_LEADER_ELECTION: 'false' };
    expect(options(['--port', '2', '--namespace=b', '--leader-elect'], env)).toMatchObject({
      port: 2,
      namespace: 'b',
      leaseNamespace: 'b',
      leaderElection: true,
    });
    expect(options([], env)).toMatchObject({ port: 1, namespace: 'a', leaderElection: false });
  });

  it('read selectors and ranges', () => {
    const read = options([
      '--callers',
      'team.example/part=sandpiper/app=gateway',
      '--deny',
      '203.0.113.0/24, fd01::/16',
    ]);
    expect(read.callers).toEqual({ namespace: { 'team.example/part': 'sandpiper' }, pod: { app: 'gateway' } });
    expect(read.denyCidrs).toEqual(['203.0.113.0/24', 'fd01::/16']);
  });

  it.each([
    [['--port', 'http'], /--port \(PORT\)/],
    [['--deny', '10.0.0.1'], /--deny \(SANDPIPER_DENY_CIDRS\) must be ranges like/],
    [['--callers', 'gateway'], /--callers \(SANDPIPER_CALLERS\) must look like/],
    [['--shout'], /Unknown option '--shout'.*--help lists the options/s],
  ])('name what is wrong with %j', (argv, message) => expect(refusal(argv)).toMatch(message));

  it('say that the keys are missing', () => {
    expect(refusal([], {})).toBe(
      'operator: --keys-dir (SANDPIPER_KEYS_DIR) is required: the folder with operator.<kid>.key.pem\n',
    );
  });

  it('print help and version', () => {
    expect(readOptions(['--help'], {}, '1.2.3')).toMatchObject({ kind: 'print', exitCode: 0 });
    expect(readOptions(['--version'], {}, '1.2.3')).toEqual({ kind: 'print', text: '1.2.3\n', exitCode: 0 });
  });
});
