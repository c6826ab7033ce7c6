/**
 * What of an address a limit counts by. Of IPv6 the first 64 bits: each host has all the addresses behind them,
 * and a guess from each of those would be a first one.
 * Where these bits are zero (`::1`, IPv4 within IPv6) the address as it is.
 */
export function networkOf(address: string): string {
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  if (!address.includes(':') || ![...head, ...tail.slice(0, -1)].every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return address;
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return network.every((group) => group === '0') ? address : network.join(':');
}
