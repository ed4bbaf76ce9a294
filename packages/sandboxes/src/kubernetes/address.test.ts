import { describe, expect, it } from 'vitest';
import { refusalOfAddress } from './address.ts';

describe('addresses that a status publishes', () => {
  it.each(['http://10.244.0.7:8080', 'http://192.168.1.2:1', 'http://100.64.3.4:65535', 'http://[fd12:3456::7]:8080'])(
    '%s may be one of a pod',
    (address) => expect(refusalOfAddress(address)).toBeUndefined(),
  );

  it.each([
    ['http://127.0.0.1:8080', 'loopback'],
    ['http://127.255.0.3:8080', 'loopback'],
    ['http://[::1]:8080', 'loopback'],
    ['http://169.254.169.254:80', 'metadata'],
    ['http://168.63.129.16:80', 'metadata'],
    ['http://100.100.100.200:80', 'metadata'],
    ['http://[fd00:ec2::254]:80', 'metadata'],
    ['http://169.254.1.1:80', 'link-local'],
    ['http://[fe80::1]:80', 'link-local'],
    ['http://0.0.0.0:80', 'unspecified'],
    ['http://[::]:80', 'unspecified'],
    ['http://224.0.0.1:80', 'multicast'],
    ['http://[ff02::1]:80', 'multicast'],
    ['http://255.255.255.255:80', 'reserved'],
    ['http://[::ffff:127.0.0.1]:80', 'written as IPv6'],
    ['http://[::ffff:a9fe:a9fe]:80', 'written as IPv6'],
    ['http://[64:ff9b::7f00:1]:80', 'written as IPv6'],
    ['http://[2002:7f00:1::]:80', 'written as IPv6'],
  ])('%s is refused as %s', (address, why) => expect(refusalOfAddress(address)).toContain(why));

  it.each([
    'unix:/run/sandpiper/tool.sock',
    'https://10.0.0.1:8080',
    'http://10.0.0.1',
    'http://10.0.0.1:0',
    'http://10.0.0.1:65536',
    'http://10.0.0.1:8080/path',
    'http://10.0.0.1:8080?query',
    'http://user@10.0.0.1:8080',
    'http://10.0.0.1:8080@evil.example:80',
    'http://kubernetes.default.svc:443',
    'http://localhost:8080',
    'http://2130706433:8080',
    'http://0x7f000001:8080',
    'http://0177.0.0.1:8080',
    'http://127.1:8080',
    'http://[10.0.0.1]:8080',
    'http://[fe80::1%25eth0]:80',
    ' http://10.0.0.1:8080',
    'http://10.0.0.1:8080\n',
    'HTTP://10.0.0.1:8080',
    '',
  ])('%j is no literal address', (address) => expect(refusalOfAddress(address)).toContain('not http://'));

  it('takes loopback where a test asks for it, and still nothing else', () => {
    const rule = { allowLoopback: true };
    expect(refusalOfAddress('http://127.0.0.1:8080', rule)).toBeUndefined();
    expect(refusalOfAddress('http://[::1]:8080', rule)).toBeUndefined();
    expect(refusalOfAddress('http://169.254.169.254:80', rule)).toContain('metadata');
    expect(refusalOfAddress('http://[::ffff:127.0.0.1]:80', rule)).toContain('written as IPv6');
    expect(refusalOfAddress('http://localhost:80', rule)).toContain('not http://');
  });
});
