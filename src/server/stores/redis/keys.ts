/**
 * Names of keys. Braces choose the slot of a cluster: all that one script touches shares one pair.
 *
 *     tabaton:{family}      a family, alone in its slot
 *     tabaton:{due}:…       the due queues, one slot
 */
export interface RedisKeys {
  family(id: string): string;
  /** One of the sets that the indexes share. */
  index(set: number): string;
  /** A set of the due queue of a service, or of the endpoints. */
  due(part: 'at' | 'seen' | 'claimed' | 'dormant', service: string | null): string;
  lease(name: string): string;
  events(topic: string): string;
  hit(key: string): string;
  note(key: string): string;
  /** The channel that names released leases. */
  released: string;
}

export function redisKeys(prefix: string): RedisKeys {
  return {
    family: (id) => `${prefix}{${id}}`,
    index: (set) => `${prefix}i:${set}`,
    due: (part, service) => `${prefix}{due}:${part}${service === null ? '' : `:${service}`}`,
    lease: (name) => `${prefix}l:${name}`,
    events: (topic) => `${prefix}e:${topic}`,
    hit: (key) => `${prefix}h:${key}`,
    note: (key) => `${prefix}n:${key}`,
    released: `${prefix}released`,
  };
}
