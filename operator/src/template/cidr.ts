import { BlockList, isIP } from 'node:net';

/** Whether one range lies strictly within another of the same family: what a policy takes as an exception. */
export function contains(outer: string, inner: string): boolean {
  return covers(outer, inner) && split(outer)[1] < split(inner)[1];
}

/** Whether all addresses of a range are in another. */
export function covers(outer: string, inner: string): boolean {
  const [outerAddress, outerBits] = split(outer);
  const [innerAddress, innerBits] = split(inner);
  const family = isIP(outerAddress);
  if (family === 0 || family !== isIP(innerAddress) || innerBits < outerBits) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(outerAddress, outerBits, type);
  return list.check(innerAddress, type);
}

function split(cidr: string): [address: string, bits: number] {
  const [address = '', bits] = cidr.split('/');
  return [address, bits === undefined ? (address.includes(':') ? 128 : 32) : Number(bits)];
}
