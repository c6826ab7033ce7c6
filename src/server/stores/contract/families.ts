/** What a store keeps of a family, and how it ends. */
import { NEVER, newFamily } from '../../families/family.js';
import { bench, FAMILY, type OpenStore, type TestRunner, ask, presentation, upstream } from './harness.js';

export function familyContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('families', () => {
    test('a family reads back exactly as it was written, from another process too', async () => {
      const record = await on.family({ upstream: { ...upstream, expiresAt: 5 }, dueAt: 7 });
      expect(await on.store.read(record.id)).toEqual(record);
      expect(await on.peer.read(record.id)).toEqual(record);
    });
    test('an unknown family is undefined, for every operation unknown', async () => {
      expect(await on.store.read('nobody')).toBeUndefined();
      expect(await on.store.present('nobody', presentation(0, ['a']))).toMatchObject({ kind: 'unknown' });
      expect(await on.store.mint('nobody', ask)).toMatchObject({ kind: 'unknown' });
      expect(
        await on.store.commit('nobody', { ver: 1, sealed: 's', expiresAt: null, dueAt: null, token: null }),
      ).toMatchObject({ kind: 'unknown' });
      expect(await on.store.intend('nobody', 1, { node: 'n', at: 0 })).toBe(false);
      expect(await on.store.end('nobody', 'revoked')).toBe(false);
      await on.store.forget('nobody', 1);
      await on.store.watch('nobody', 1_000);
    });
    test('an active family is never replaced, an ended one is', async () => {
      const record = await on.family();
      expect(await on.store.create({ ...record, sub: 'other' })).toBe('exists');
      expect((await on.store.read(record.id))?.sub).toBe('user-1');
      await on.store.end(record.id, 'revoked');
      expect(await on.store.create({ ...record, sub: 'other' })).toBe('created');
      expect(await on.store.read(record.id)).toMatchObject({ sub: 'other', state: 'active' });
    });
    test('of two who begin it at once one does, and what is there is the one’s', async () => {
      const at = await on.store.now();
      const { id } = await on.family({ indexes: [] });
      await on.store.end(id, 'revoked');
      const record = (sub: string) => ({ ...newFamily({ ...FAMILY, id, sub, indexes: [`u:${sub}`], createdAt: at, absoluteExpiry: at + 1e9 }), seenAt: at });
      const [ada, bob] = [record('ada'), record('bob')];
      const answers = await Promise.all([on.store.create(ada), on.peer.create(bob)]);
      const [winner, loser] = answers[0] === 'created' ? [ada, bob] : [bob, ada];
      expect([...answers].sort()).toEqual(['created', 'exists']);
      expect(await on.peer.read(id)).toEqual(winner);
      expect(await on.store.find(`u:${winner.sub}`)).toEqual([id]);
      expect(await on.store.find(`u:${loser.sub}`)).toEqual([]);
    });
    test('families are found by each of their indexes', async () => {
      const one = await on.family({ indexes: ['u:a', 's:1'] });
      const two = await on.family({ indexes: ['u:a', 's:2'] });
      expect((await on.store.find('u:a')).sort()).toEqual([one.id, two.id].sort());
      expect(await on.store.find('s:2')).toEqual([two.id]);
      expect(await on.store.find('s:3')).toEqual([]);
    });
    test('a family is found by its sid, ended or not, and by nothing else', async () => {
      const [one, two] = [await on.family(), await on.family()];
      await on.store.end(one.id, 'revoked');
      expect(await Promise.all([one.sid, two.sid, one.sid.slice(0, -1), one.id].map(on.peer.named))).toEqual([one.id, two.id, undefined, undefined]);
    });
    test('an ended family that begins anew leaves its old indexes, and one that was refused gets none', async () => {
      const record = await on.family({ indexes: ['u:before', 'u:both'] });
      expect(await on.store.create({ ...record, indexes: ['u:other'] })).toBe('exists');
      expect(await on.store.find('u:other')).toEqual([]);
      await on.store.end(record.id, 'revoked');
      expect(await on.peer.create({ ...record, indexes: ['u:both', 'u:after'] })).toBe('created');
      expect(await on.store.find('u:before')).toEqual([]);
      expect(await on.store.find('u:both')).toEqual([record.id]);
      expect(await on.store.find('u:after')).toEqual([record.id]);
    });
    test('an index is not found by the beginning of its name', async () => {
      const record = await on.family({ indexes: ['u:abc'] });
      expect(await on.store.find('u:ab')).toEqual([]);
      expect(await on.store.find('u:abcd')).toEqual([]);
      expect(await on.store.find('u:abc')).toEqual([record.id]);
    });
    test('any text is kept as it is', async () => {
      const odd = '{}\0"\\\r\n\u{1F511}é: ' + 'long '.repeat(20_000);
      const token = { gen: 1, issuedAt: 1, expiresAt: 2, sealed: odd };
      const record = await on.family({ sub: odd, label: '', claims: { [odd]: [odd, '', -0.5, 1e21, true] }, tokens: { [odd.slice(0, 30)]: token }, upstream: { ...upstream, sealed: odd } });
      expect(await on.peer.read(record.id)).toEqual(record);
    });
    test('a service that never expires is kept', async () => {
      const record = await on.family({ absoluteExpiry: NEVER, idleMs: NEVER, idleExpiry: NEVER });
      await on.advance(20);
      expect(await on.store.read(record.id)).toEqual(record);
    });
    test('past the absolute expiry nothing is left, the index included', async () => {
      const at = await on.store.now();
      const record = await on.family({ absoluteExpiry: at + 100, idleExpiry: at + 100, indexes: ['u:short'] });
      await on.advance(101);
      expect(await on.store.read(record.id)).toBeUndefined();
      expect(await on.store.find('u:short')).toEqual([]);
      expect(await on.store.named(record.sid)).toBeUndefined();
    });
  });

  describe('watching', () => {
    test('comes with every answer of the rotation, for as long as was said, and changes nothing else', async () => {
      const record = await on.family({ rotatedAt: 0 });
      const before = await on.store.now();
      await on.peer.watch(record.id, 60_000);
      const { watchedUntil, ...rest } = (await on.store.read(record.id))!;
      expect(rest).toEqual({ ...rest, ...record, watchedUntil: undefined });
      expect(watchedUntil).toBeGreaterThanOrEqual(before + 60_000);
      expect(watchedUntil).toBeLessThanOrEqual((await on.store.now()) + 60_000);
      expect(await on.store.present(record.id, presentation(0, ['a']))).toMatchObject({ outcome: 'rotated', family: { watchedUntil } });
      expect((await on.peer.read(record.id))!.watchedUntil).toBe(watchedUntil);
    });
    test('a tombstone stays as it is', async () => {
      const record = await on.family();
      await on.store.end(record.id, 'revoked');
      const ended = await on.store.read(record.id);
      await on.store.watch(record.id, 60_000);
      expect(await on.store.read(record.id)).toEqual(ended);
    });
  });

  describe('ending', () => {
    test('one caller ends it, the tombstone keeps the first reason', async () => {
      const record = await on.family({ dueAt: 1 });
      const ended = await Promise.all([on.store.end(record.id, 'signed_out'), on.peer.end(record.id, 'revoked')]);
      expect(ended.filter(Boolean)).toHaveLength(1);
      const after = (await on.store.read(record.id))!;
      expect(after).toMatchObject({ state: 'ended', endedReason: ended[0] ? 'signed_out' : 'revoked', dueAt: null });
      expect(after.endedAt).not.toBeNull();
      expect(await on.store.find('by-user:1')).toContain(record.id);
      expect(await on.store.mint(record.id, ask)).toMatchObject({ kind: 'ended' });
    });
    test('nothing that happens at the same moment brings it back', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { id } = await on.family({ upstream, rotatedAt: 0 });
        const { store } = on;
        const writes = () => [
          store.present(id, presentation(0, ['a'])),
          store.mint(id, ask),
          store.commit(id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: null, token: null }),
          store.intend(id, 1, { node: 'n', at: 3 }),
          store.forget(id, 9),
          store.watch(id, 60_000),
        ];
        const [before, ends, after] = [writes(), on.peer.end(id, 'signed_out'), writes()];
        await Promise.all([...before, ...after]);
        expect(await ends).toBe(true);
        expect(await store.read(id)).toMatchObject({ state: 'ended', endedReason: 'signed_out' });
      }
    });
    test('a tombstone takes no intent', async () => {
      const record = await on.family({ upstream });
      await on.store.end(record.id, 'revoked');
      expect(await on.peer.intend(record.id, 1, { node: 'n', at: 3 })).toBe(false);
      expect((await on.store.read(record.id))!.upstream).toEqual(upstream);
    });
    test('an idle family gets no token, and keeps none that comes from upstream', async () => {
      const at = await on.store.now();
      const { id } = await on.family({ upstream, idleExpiry: at + 50 });
      await on.advance(51);
      expect(await on.store.mint(id, ask)).toMatchObject({ kind: 'ended', reason: 'idle' });
      expect(await on.peer.commit(id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: null, token: null })).toMatchObject({ kind: 'ended', reason: 'idle' });
      expect(await on.store.read(id)).toMatchObject({ gen: 0, upstream: { ver: 1 } });
    });
  });
}
