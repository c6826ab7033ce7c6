/** Compare-and-set of the upstream credential, and the due queue. */
import { bench, type OpenStore, presentation, type TestRunner, upstream } from './harness.js';

export function upstreamContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('upstream', () => {
    test('of two commits on one version one wins, the other sees what it left', async () => {
      const record = await on.family({ upstream });
      const commit = (sealed: string) => ({ ver: 1, sealed, expiresAt: 99, dueAt: 11, token: { key: 'k', lifetimeMs: 1_000, sealed: `at-${sealed}` } });
      const answers = await Promise.all([on.store.commit(record.id, commit('a')), on.peer.commit(record.id, commit('b'))]);
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['committed', 'conflict']);
      const after = (await on.store.read(record.id))!;
      expect(after).toMatchObject({ gen: 1, dueAt: 11, upstream: { ver: 2, expiresAt: 99, pending: null } });
      expect(after.tokens['k']!.sealed).toBe(`at-${after.upstream!.sealed}`);
    });
    test('a commit without a token raises the version alone', async () => {
      const record = await on.family({ upstream, dueAt: 5 });
      expect(await on.store.commit(record.id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: null, token: null })).toMatchObject({ kind: 'committed', token: null });
      expect(await on.store.read(record.id)).toMatchObject({ gen: 0, dueAt: null, upstream: { ver: 2, sealed: 'n' } });
    });
    test('nothing is committed to an ended family', async () => {
      const record = await on.family({ upstream });
      await on.store.end(record.id, 'signed_out');
      expect(await on.store.commit(record.id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: null, token: null })).toMatchObject({ kind: 'ended', reason: 'signed_out' });
      expect((await on.store.read(record.id))!.upstream!.sealed).toBe('sealed-1');
    });
    test('an intent is written only on the version it was read at, and a commit clears it', async () => {
      const record = await on.family({ upstream });
      expect(await on.store.intend(record.id, 2, { node: 'n', at: 3 })).toBe(false);
      expect(await on.store.intend(record.id, 1, { node: 'n', at: 3 })).toBe(true);
      expect((await on.store.read(record.id))!.upstream).toMatchObject({ ver: 1, pending: { node: 'n', at: 3 } });
      await on.store.commit(record.id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: null, token: null });
      expect((await on.store.read(record.id))!.upstream!.pending).toBeNull();
    });
  });

  describe('due queue', () => {
    const claim = { service: null, withinMs: 10_000, limit: 100, leaseMs: 1_000, seenWithinMs: 3_600_000 };
    test('due families go to one worker each, the most recently seen first', async () => {
      const at = await on.store.now();
      const older = await on.family({ upstream, dueAt: at + 9_000, seenAt: at - 500 });
      const newer = await on.family({ upstream, dueAt: at - 9_000, seenAt: at - 100 });
      await on.family({ upstream, dueAt: at + 60_000 });
      await on.family({ upstream, dueAt: at, seenAt: at - 7_200_000 });
      await on.family({ upstream });
      expect(await on.store.claimDue({ ...claim, limit: 1 })).toEqual([newer.id]);
      expect(await on.peer.claimDue(claim)).toEqual([older.id]);
      expect(await on.store.claimDue(claim)).toEqual([]);
    });
    test('of two who claim at once nobody gets what the other has', async () => {
      const at = await on.store.now();
      const records = await Promise.all(Array.from({ length: 8 }, () => on.family({ upstream, dueAt: at })));
      const claimed = await Promise.all([on.store.claimDue({ ...claim, limit: 5 }), on.peer.claimDue({ ...claim, limit: 5 })]);
      expect(claimed.flat().sort()).toEqual(records.map(({ id }) => id).sort());
    });
    test('who asks for a service gets its families, however many others are due before them', async () => {
      const at = await on.store.now();
      const due = (origin: string, ago: number) => on.family({ upstream, origin, dueAt: at, seenAt: at - ago });
      for (const ago of [10, 20, 30]) await due('https://app.example', ago);
      const [mail, files] = [await due('service:mail', 5_000), await due('service:files', 4_000)];
      const one = { ...claim, limit: 2, leaseMs: 60_000 };
      expect(await on.store.claimDue({ ...one, service: 'service:mail' })).toEqual([mail.id]);
      expect(await on.peer.claimDue({ ...one, service: 'service:files' })).toEqual([files.id]);
      expect(await on.store.claimDue({ ...one, service: 'service:ma' })).toEqual([]);
      expect(await on.store.claimDue(one)).toHaveLength(2);
      expect(await on.peer.claimDue(one)).toHaveLength(1);
      await on.store.unclaim([mail.id]);
      expect(await on.peer.claimDue(one)).toEqual([]);
      expect(await on.peer.claimDue({ ...one, service: 'service:mail' })).toEqual([mail.id]);
      await on.store.end(files.id, 'revoked');
      await on.store.commit(mail.id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: at + 1, token: null });
      expect(await on.store.claimDue({ ...one, service: 'service:mail' })).toEqual([mail.id]);
    });
    test('who asks for several gets those first who were there last', async () => {
      const at = await on.store.now();
      const seen = [300, 100, 500, 200, 400];
      const records = await Promise.all(seen.map((ago) => on.family({ upstream, dueAt: at - ago * 7, seenAt: at - ago })));
      const byAge = records.toSorted((a, b) => b.seenAt - a.seenAt).map(({ id }) => id);
      expect(await on.store.claimDue({ ...claim, limit: 3 })).toEqual(byAge.slice(0, 3));
      expect(await on.peer.claimDue(claim)).toEqual(byAge.slice(3));
    });
    test('who was not seen lately is left alone, until somebody asks for longer', async () => {
      const at = await on.store.now();
      const record = await on.family({ upstream, dueAt: at, seenAt: at - 7_200_000 });
      expect(await on.store.claimDue(claim)).toEqual([]);
      expect(await on.peer.claimDue({ ...claim, seenWithinMs: 8_000_000 })).toEqual([record.id]);
    });
    test('who comes back is seen, and refreshed ahead again', async () => {
      const at = await on.store.now();
      const record = await on.family({ upstream, dueAt: at, seenAt: at - 7_200_000, rotatedAt: 0 });
      const other = await on.family({ upstream, dueAt: at, seenAt: at - 1_000, rotatedAt: 0 });
      expect(await on.store.claimDue({ ...claim, leaseMs: 1 })).toEqual([other.id]);
      await on.store.present(other.id, presentation(0, ['a']));
      await on.advance(100);
      expect(await on.store.present(record.id, presentation(0, ['a']))).toMatchObject({ outcome: 'rotated' });
      // The answer need not wait until the queue has heard of it.
      await on.advance(100);
      expect(await on.store.claimDue(claim)).toEqual([record.id, other.id]);
    });
    test('a family that is past its absolute expiry is not due', async () => {
      const at = await on.store.now();
      await on.family({ upstream, dueAt: at, absoluteExpiry: at + 50, idleExpiry: at + 50 });
      await on.advance(51);
      expect(await on.store.claimDue(claim)).toEqual([]);
    });
    test('who gives a family back leaves it to the next, when it is due and not before', async () => {
      const at = await on.store.now();
      const long = { ...claim, leaseMs: 60_000 };
      const [kept, given] = [await on.family({ upstream, dueAt: at + 9_000 }), await on.family({ upstream, dueAt: at + 9_000 })];
      expect((await on.store.claimDue(long)).sort()).toEqual([kept.id, given.id].sort());
      await on.store.unclaim([given.id, 'nobody']);
      expect(await on.peer.claimDue({ ...long, withinMs: 0 })).toEqual([]);
      expect(await on.peer.claimDue(long)).toEqual([given.id]);
    });
    test('a claim lapses, and an ended family is never due', async () => {
      const at = await on.store.now();
      const record = await on.family({ upstream, dueAt: at });
      expect(await on.store.claimDue(claim)).toEqual([record.id]);
      await on.advance(1_001);
      expect(await on.peer.claimDue(claim)).toEqual([record.id]);
      await on.store.end(record.id, 'revoked');
      await on.advance(1_001);
      expect(await on.store.claimDue(claim)).toEqual([]);
    });
    test('a commit moves the family to its next due time', async () => {
      const at = await on.store.now();
      const record = await on.family({ upstream, dueAt: at });
      await on.store.claimDue(claim);
      await on.store.commit(record.id, { ver: 1, sealed: 'n', expiresAt: null, dueAt: at + 1, token: null });
      expect(await on.store.claimDue(claim)).toEqual([record.id]);
      await on.store.commit(record.id, { ver: 2, sealed: 'n', expiresAt: null, dueAt: at + 60_000, token: null });
      await on.advance(1_001);
      expect(await on.store.claimDue(claim)).toEqual([]);
    });
  });
}
