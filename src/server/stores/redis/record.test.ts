import { expect, test } from 'vitest';
import { newFamily } from '../../families/family.js';
import { pack, unpack, type Packable, type Unpacked } from './messagepack.js';
import { packFamily, unpackOpaque } from './record.js';

test('a family that an older version wrote is read by this one, which has fields more', () => {
  const family = newFamily({
    id: 'i', sid: 's', client: 'web', credential: 'cookie', origin: 'https://app.example', mount: '/auth', sub: 'ada', claims: { a: 1 },
    scopes: ['read'], label: null, parent: null, salt: 'x', indexes: ['user:u'], createdAt: 1, absoluteExpiry: 9, idleMs: 2,
  });
  const [opaque] = unpack(packFamily(family)) as [Buffer];
  const { mount, ...before } = unpackOpaque(opaque);
  expect(mount).toBe('/auth');
  const older = pack((unpack(opaque) as Unpacked[]).slice(0, -1) as Packable[]);
  expect(unpackOpaque(older)).toEqual({ ...before, mount: undefined });
});
