/**
 * The timelines that broke an earlier design, each played against the endpoint's own decisions (model-backend.ts).
 * Numbers are those of the review; what concerns only the endpoint is tested there.
 */
import { describe, expect, it } from 'vitest';
import { generation, stage } from './testing/stage.js';

describe('redteam 2: the generation is the access token’s', () => {
  it('a: ten tabs whose token dies inside M are served by one coalesced answer', async () => {
    const { tabs, origin, settle, refreshes, answers } = await stage({ lifetime: 30_000 });
    const all = await tabs(10);
    await origin.advance(29_500);
    expect(all.map(({ session }) => session.peek())).toEqual(Array(10).fill(undefined));
    const before = refreshes().length;
    const got = await settle(Promise.all(all.map(({ session }) => session.getToken())));
    expect(new Set(got.value).size).toBe(1);
    expect(refreshes().length - before).toBe(1);
    expect(answers.at(-1)!.json['outcome']).toBe('coalesced');
  });

  it('b: a refresh for a rejected token never brings that token again', async () => {
    const { tabs, settle, origin } = await stage();
    const [tab] = await tabs(1);
    await origin.advance(6_000);
    const rejected = tab!.session.peek()!;
    const { value } = await settle(tab!.session.refresh({ reason: 'unauthorized', rejected }));
    expect(value).not.toBe(rejected);
    expect(generation(tab!)).toBe(2);
  });

  it('c: refreshing ahead brings a whole lifetime, not what is left of a cached one', async () => {
    const { tabs, origin, refreshes } = await stage();
    const [tab] = await tabs(1, { leadership: 'visible' });
    await origin.advance(60_000);
    expect(generation(tab!)).toBe(2);
    expect(tab!.session.getSnapshot().expiresAt! - tab!.context.ports.clock.wall()).toBeGreaterThan(50_000);
    expect(refreshes()).toHaveLength(2);
  });

  it('d: a token for one resource neither serves nor blocks a caller that waits for another', async () => {
    const { tabs, origin, settle, backend } = await stage();
    const [one, two] = await tabs(2);
    const files = two!.session.getToken({ resource: 'https://files.test' });
    const mail = one!.session.getToken({ resource: 'https://mail.test' });
    const { value } = await settle(Promise.all([files, mail]));
    expect(value!.map((token) => backend.tokenOf(token)!.key)).toEqual(['|https://files.test', '|https://mail.test']);
    await origin.advance(100);
    expect((await settle(one!.session.getToken({ resource: 'https://files.test' }))).value).toBe(value![0]);
  });
});

describe('redteam 3: one attempt id per ledger', () => {
  it('T1: the answer that rotates nothing leaves the winner known; a kill afterwards costs nobody the session', async () => {
    const { tabs, origin, settle, open, alive, answers } = await stage({ lifetime: 30_000 });
    const [a, b] = await tabs(2);
    await origin.advance(37_000);
    await settle(a!.session.getToken());
    expect(answers.at(-1)!.json['outcome']).toBe('rotated');
    await origin.advance(8_000);
    await settle(b!.session.refresh());
    expect(answers.at(-1)!.json['outcome']).toBe('coalesced');
    await origin.advance(1_000);
    origin.killBrowser();
    expect((await settle(open().session.getToken())).value).toBeTruthy();
    await origin.advance(60_000);
    expect(alive()).toHaveLength(1);
  });

  it('T2: a reply is lost, another tab is replayed under the same id, the browser is killed', async () => {
    const { tabs, origin, settle, open, faults, alive, answers, refreshes } = await stage({ lifetime: 30_000 });
    const [a, b] = await tabs(2);
    await origin.advance(37_000);
    faults.push('lose_reply');
    const first = a!.session.getToken();
    await settle(b!.session.getToken());
    await settle(first);
    const [, lost, again] = refreshes().map(({ request }) => (request.call as { attempt: string }).attempt);
    expect(again).toBe(lost);
    expect(answers.at(-1)!.json['outcome']).toBe('replayed');
    origin.killBrowser();
    expect((await settle(open().session.getToken())).value).toBeTruthy();
    expect(alive()).toHaveLength(1);
  });

  it('T3: a POST the browser sent twice wins once; what follows is no theft', async () => {
    const { tabs, origin, settle, faults, alive } = await stage({ lifetime: 30_000 });
    const [a] = await tabs(1);
    await origin.advance(37_000);
    faults.push('resend');
    await settle(a!.session.getToken());
    for (let round = 0; round < 4; round++) {
      await origin.advance(36_000);
      expect((await settle(a!.session.getToken())).value).toBeTruthy();
    }
    expect(alive()).toHaveLength(1);
  });

  it('T4: ten tabs that die mid-refresh leave one id, not ten', async () => {
    const { tabs, origin, settle, alive, refreshes } = await stage({ lifetime: 30_000 });
    const all = await tabs(11);
    await origin.advance(37_000);
    const waits = all.map(({ session }) => session.getToken());
    for (const wait of waits) wait.catch(() => {});
    for (let dead = 0; dead < 10; dead++) {
      expect(await origin.until(() => refreshes().length === 2 + dead, 30_000)).toBe(true);
      all.find(({ context }) => context.name === refreshes().at(-1)!.request.context)!.context.crash();
    }
    const last = all.findIndex(({ context }) => context.state === 'running');
    expect((await settle(waits[last]!)).value).toBeTruthy();
    const ids = new Set(refreshes().slice(1).map(({ request }) => (request.call as { attempt: string }).attempt));
    // The first answer that landed settled the id; at most one more was minted for each dead reader of an answer.
    expect(ids.size).toBeLessThanOrEqual(2);
    expect(alive()).toHaveLength(1);
  });
});

it('redteam 4: a browser killed before its cookies are on disk, after the next rotation has begun, keeps its session', async () => {
  const { tabs, origin, settle, open, alive } = await stage({ lifetime: 30_000 });
  const [a] = await tabs(1);
  await origin.advance(37_000);
  await settle(a!.session.getToken());
  await origin.advance(36_000);
  // The second rotation reaches the server, its cookie the jar, neither the disk.
  await settle(a!.session.getToken());
  origin.killBrowser();
  expect((await settle(open().session.getToken())).value).toBeTruthy();
  await origin.advance(40_000);
  expect((await settle(open().session.getToken())).value).toBeTruthy();
  expect(alive()).toHaveLength(1);
});

it('redteam 5: two partitions with a ledger each race for one cookie, and nobody is signed out', async () => {
  const { origin, open, settle, alive } = await stage({ lifetime: 30_000 });
  const here = open();
  const there = open({}, origin.context('page', { partition: 'other' }));
  for (let round = 0; round < 4; round++) {
    await origin.advance(36_000);
    const both = await settle(Promise.all([here.session.getToken(), there.session.getToken()]));
    expect(both.value).toHaveLength(2);
  }
  expect(alive()).toHaveLength(1);
});
