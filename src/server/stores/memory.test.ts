import * as vitest from 'vitest';
import { newFamily } from '../families/family.js';
import { fakeClock } from '../testing/fake-clock.js';
import { storeContract } from './contract.js';
import { memoryStore } from './memory.js';

const { expect, test } = vitest;

storeContract('memory', async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  return { store, peer: store, advance: clock.advance, close: () => store.close() };
}, vitest);

test('a full memory store refuses a login and throws nobody out', async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock, maxFamilies: 1 });
  const family = (id: string) =>
    newFamily({
      id, sid: id, client: 'web', credential: 'cookie', origin: 'o', sub: 's', claims: {}, scopes: [], label: null,
      parent: null, salt: '', indexes: [], createdAt: clock.now(), absoluteExpiry: clock.now() + 1_000, idleMs: 1_000,
    });
  await store.create(family('a'));
  await expect(store.create(family('b'))).rejects.toThrow(/raise maxFamilies or use the SQLite store/);
  expect(await store.read('a')).toMatchObject({ state: 'active' });
  await clock.advance(1_001);
  expect(await store.create(family('b'))).toBe('created');
});
