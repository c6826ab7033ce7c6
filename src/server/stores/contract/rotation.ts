/** The atomic rotation. */
import { ask, bench, type OpenStore, type TestRunner, presentation } from './harness.js';

export function rotationContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('rotation', () => {
    test('of eight presentations at once exactly one rotates, the others race', async () => {
      const record = await on.family({ rotatedAt: 0 });
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => [on.store, on.peer][i % 2]!.present(record.id, presentation(0, [`id-${i}`]))),
      );
      const outcomes = answers.map((answer) => (answer.kind === 'accepted' ? answer.outcome : answer.kind));
      expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'raced')).toHaveLength(7);
      const after = (await on.store.read(record.id))!;
      expect(after).toMatchObject({ rot: 1, healedAt: null });
      expect(after.winners).toHaveLength(1);
    });
    test('what another process has done since is heard, whatever this one saw last', async () => {
      const [rotated, ended] = [await on.family({ rotatedAt: 0 }), await on.family({ rotatedAt: 0 })];
      for (const { id } of [rotated, ended]) await on.store.read(id);
      await on.peer.present(rotated.id, presentation(0, ['theirs']));
      await on.peer.end(ended.id, 'signed_out');
      expect(await on.store.present(rotated.id, presentation(0, ['mine']))).toMatchObject({ kind: 'accepted', outcome: 'raced', family: { rot: 1 } });
      expect(await on.store.present(ended.id, presentation(0, ['mine']))).toMatchObject({ kind: 'ended', reason: 'signed_out' });
    });
    test('losing the cookie never denies a token: every racer got one', async () => {
      const record = await on.family({ rotatedAt: 0 });
      await on.store.present(record.id, presentation(0, ['winner']));
      const late = await on.store.present(record.id, presentation(0, ['loser']));
      expect(late).toMatchObject({ kind: 'accepted', outcome: 'raced' });
      expect(late.kind === 'accepted' && ['served', 'minted', 'limited']).toContain(
        late.kind === 'accepted' && late.token.kind,
      );
    });
    test('the winner presented again is replayed, whenever, and moves no clock', async () => {
      const record = await on.family({ rotatedAt: 0 });
      await on.store.present(record.id, presentation(0, ['w1']));
      const rotatedAt = (await on.store.read(record.id))!.rotatedAt;
      await on.advance(50);
      const again = await on.store.present(record.id, presentation(0, ['w1']));
      expect(again).toMatchObject({ kind: 'accepted', outcome: 'replayed', settled: 'w1', family: { rot: 1 } });
      expect((await on.store.read(record.id))!.rotatedAt).toBe(rotatedAt);
    });
    test('inside the floor a presentation is coalesced and the record keeps its rotation', async () => {
      const record = await on.family();
      const answer = await on.store.present(record.id, presentation(0, ['x']));
      expect(answer).toMatchObject({ kind: 'accepted', outcome: 'coalesced', settled: null, token: { kind: 'minted' } });
      expect((await on.store.read(record.id))!.rot).toBe(0);
    });
    test('a spent id is told so', async () => {
      const record = await on.family({ rot: 1, winners: ['w1'], rotatedAt: 0 });
      expect(await on.store.present(record.id, presentation(1, ['w1']))).toMatchObject({ kind: 'spent', settled: 'w1' });
    });
    test('an older cookie without its winners ends the family, once and for all', async () => {
      const record = await on.family({ rot: 3, winners: ['w3', 'w2', 'w1'], rotatedAt: 0 });
      expect(await on.store.present(record.id, presentation(1, ['w3']))).toMatchObject({ kind: 'reuse', which: 'older' });
      expect(await on.peer.read(record.id)).toMatchObject({ state: 'ended', endedReason: 'reuse_detected' });
      expect(await on.store.present(record.id, presentation(3, ['y']))).toMatchObject({ kind: 'ended', reason: 'reuse_detected' });
    });
    test('a start is served from the cache, and nothing rotates', async () => {
      const { id } = await on.family({ rotatedAt: (await on.store.now()) - 60_000 });
      await on.store.mint(id, ask);
      expect(await on.peer.present(id, { ...presentation(0, ['x']), reason: 'startup' })).toMatchObject({ outcome: 'cached', token: { kind: 'served', token: { gen: 1 } } });
      expect((await on.store.read(id))!.rot).toBe(0);
    });
    test('an older cookie with all winners since is replayed, with some of them raced or reuse', async () => {
      const rotatedAt = await on.store.now();
      const three = () => on.family({ rot: 3, winners: ['w3', 'w2', 'w1'], rotatedAt });
      expect(await on.store.present((await three()).id, presentation(0, ['x', 'w1', 'w2', 'w3']))).toMatchObject({ outcome: 'replayed', settled: 'w3', family: { rot: 3 } });
      expect(await on.store.present((await three()).id, presentation(1, ['x', 'w2']))).toMatchObject({ outcome: 'raced' });
      expect(await on.store.present((await three()).id, presentation(0, ['x', 'w1', 'w3']))).toMatchObject({ kind: 'reuse', which: 'older' });
      expect(await on.store.present((await three()).id, { ...presentation(2, ['x']), raceMs: -1 })).toMatchObject({ kind: 'reuse', which: 'previous' });
    });
    test('a replay after the floor gets the cookie and no token', async () => {
      const { id } = await on.family({ rot: 1, winners: ['w1'], rotatedAt: 0 });
      expect(await on.store.present(id, presentation(0, ['w1']))).toMatchObject({ kind: 'spent', settled: 'w1', sendCookie: true });
      expect(await on.store.present(id, presentation(1, ['w1']))).toMatchObject({ kind: 'spent', settled: 'w1', sendCookie: false });
    });
    test('six winners are kept', async () => {
      const { id } = await on.family({ rotatedAt: 0 });
      for (let rot = 0; rot < 8; rot += 1) await on.store.present(id, { ...presentation(rot, [`w${rot + 1}`]), floorMs: 0 });
      expect(await on.peer.read(id)).toMatchObject({ rot: 8, winners: ['w8', 'w7', 'w6', 'w5', 'w4', 'w3'] });
    });
    test('after a heal nobody is blamed for an older cookie until the floor is over', async () => {
      const { id } = await on.family({ rot: 5, winners: ['w5'], rotatedAt: 0 });
      await on.store.present(id, presentation(7, ['next', 'w7']));
      expect(await on.peer.present(id, presentation(2, ['old']))).toMatchObject({ outcome: 'raced' });
      expect(await on.peer.present(id, { ...presentation(2, ['old']), floorMs: 0 })).toMatchObject({ kind: 'reuse', which: 'older' });
    });
    test('a cookie from the future heals a rolled-back store', async () => {
      const record = await on.family({ rot: 5, winners: ['w5', 'w4', 'w3', 'w2'], rotatedAt: 0 });
      const healed = await on.store.present(record.id, presentation(7, ['next', 'w7', 'w6', 'w5']));
      expect(healed).toMatchObject({ kind: 'accepted', outcome: 'healed' });
      expect(await on.store.read(record.id)).toMatchObject({ rot: 7, winners: ['w7', 'w6', 'w5'] });
      expect((await on.store.read(record.id))!.healedAt).not.toBeNull();
    });
    test('an idle family answers idle, an expired one is gone', async () => {
      const at = await on.store.now();
      const record = await on.family({ idleExpiry: at + 50 });
      await on.advance(51);
      expect(await on.store.present(record.id, presentation(0, ['x']))).toMatchObject({ kind: 'ended', reason: 'idle' });
    });
    test('a rotation slides the idle expiry, never past the absolute one', async () => {
      const at = await on.store.now();
      const record = await on.family({ rotatedAt: 0, idleMs: 1_000_000, idleExpiry: at + 900, absoluteExpiry: at + 500_000 });
      await on.store.present(record.id, presentation(0, ['x']));
      expect((await on.store.read(record.id))!.idleExpiry).toBe(at + 500_000);
    });
  });
}
