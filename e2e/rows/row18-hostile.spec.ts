/** Row 18: a page of the same origin writes rubbish, forgeries and repetitions on the channel. */
import { expect, test } from '../harness/fixtures.js';
import { becomesActive, neverEnded, type Origin } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

type Heard = Record<string, unknown> & { type: string; grant?: Record<string, unknown> };

/** A bare page that listens on and speaks to the session's channel. */
async function eavesdropper(origin: Origin) {
  const page = await origin.browser.newPage();
  await page.goto(`${origin.server.origin}/bare`);
  await page.evaluate((name) => {
    const channel = new BroadcastChannel(name);
    const heard: unknown[] = [];
    channel.onmessage = ({ data }) => heard.push(data);
    Object.assign(window, { channel, heard });
  }, `tabaton/${origin.server.origin}/auth`);
  return {
    heard: () => page.evaluate(() => (window as unknown as { heard: Heard[] }).heard),
    say: (message: unknown) => page.evaluate((m) => (window as unknown as { channel: BroadcastChannel }).channel.postMessage(m), message),
  };
}

/** Everything said before has been handled once this context has answered a round trip over the same channel. */
async function settled(tabs: Tab[]): Promise<void> {
  for (const tab of tabs) await tab.page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
}

test.describe('row 18, full', () => {
  test('forged, old, oversized and malformed messages change nothing', async ({ origin }) => {
    const tabs = await origin.signedIn(2);
    const ear = await eavesdropper(origin);
    expect(await tabs[0]!.run('refresh')).toMatchObject({ ok: true });
    await expect.poll(async () => (await ear.heard()).some((message) => message.type === 'TOKEN'), { message: 'the page listens on the right channel' }).toBe(true);
    const real = (await ear.heard()).find((message) => message.type === 'TOKEN')!;
    const before = await Promise.all(tabs.map((tab) => tab.run('snapshot')));
    const tokens = await Promise.all(tabs.map((tab) => tab.run('peek')));
    const asked = origin.server.refreshes().length;
    const grant = real.grant!;
    const generation = Number(grant['generation']);
    // Taken where nothing else is wrong with its message.
    const newer = { ...grant, generation: generation + 5, token: 'forged' };

    const lies: unknown[] = [
      null, 7, 'TOKEN', [], {}, { type: 'TOKEN' }, new Array(1000).fill(real),
      { ...real, type: 'NONSENSE' }, { ...real, type: '__proto__' }, { ...real, grant: null }, { ...real, grant: 'x' },
      { ...real, protocol: 0, grant: newer }, { ...real, protocol: 99, grant: newer }, { ...real, protocol: '1', grant: newer }, { ...real, from: 7, grant: newer },
      { ...real, grant: { ...grant, token: 'x'.repeat(200_000), generation: generation + 1 } },
      { ...real, grant: { ...grant, token: 'with\nnewline', generation: generation + 1 } },
      { ...real, grant: { ...grant, token: 42, generation: generation + 1 } },
      { ...real, grant: { ...grant, generation: generation - 1, token: 'older' } },
      { ...real, grant: { ...grant, generation, token: 'same-generation' } },
      { ...real, grant: { ...grant, generation: 'NaN', token: 'forged' } },
      { ...real, grant: { ...grant, generation: Number.POSITIVE_INFINITY, token: 'forged' } },
      { ...real, grant: { ...grant, sid: 'another', sessionAt: 1, generation: generation + 9, token: 'older-session' } },
      { ...real, grant: { ...grant, remaining: -5, generation: generation + 1, token: 'expired' } },
      { ...real, type: 'SESSION_STARTED', sid: 'another', sessionAt: 1 },
      { ...real, type: 'SESSION_ENDED', sid: 'another', reason: 'revoked' },
      { ...real, type: 'SESSION_ENDED', sid: 42, reason: {} },
      { ...real, type: 'REFRESH_FAILED', retryIn: 1e15, sentAt: Date.now() },
      { ...real, type: 'LEADER_ELECTED', epoch: -1 }, { ...real, type: 'LEADER_ELECTED', epoch: 'x' },
      { ...real, type: 'STANDING', visible: 'yes', activeAt: Number.NaN },
    ];
    for (let n = 0; n < 200; n += 1) await ear.say(real);
    for (const lie of lies) {
      await ear.say(lie);
      // At once: a later message could put right what this one did.
      expect(await Promise.all(tabs.map((tab) => tab.run('peek'))), JSON.stringify(lie)?.slice(0, 200)).toEqual(tokens);
    }
    await settled(tabs);

    expect(await Promise.all(tabs.map((tab) => tab.run('peek')))).toEqual(tokens);
    for (const [n, tab] of tabs.entries()) {
      const { status, sid, generation: held, sub } = await tab.run('snapshot');
      expect({ status, sid, held, sub }).toEqual({ status: 'active', sid: before[n]!.sid, held: before[n]!.generation, sub: before[n]!.sub });
      expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200, user: 'ada' } });
    }
    expect(origin.server.refreshes()).toHaveLength(asked);
    await neverEnded(tabs);
    // And the real thing still gets through.
    origin.backend.rest();
    expect(await tabs[1]!.run('refresh')).toMatchObject({ ok: true });
    await expect.poll(async () => (await tabs[0]!.run('snapshot')).generation).toBeGreaterThan(generation);
  });

  test('a token of a session that was signed out is not taken back from the channel', async ({ origin }) => {
    const tabs = await origin.signedIn(2);
    const ear = await eavesdropper(origin);
    await tabs[0]!.run('refresh');
    await expect.poll(async () => (await ear.heard()).some((message) => message.type === 'TOKEN')).toBe(true);
    const real = (await ear.heard()).find((message) => message.type === 'TOKEN')!;
    expect(await tabs[0]!.run('signOut')).toEqual({ ok: true });
    for (const tab of tabs) await expect.poll(async () => (await tab.run('snapshot')).status).toBe('ended');
    await ear.say(real);
    await ear.say({ ...real, grant: { ...real.grant, generation: Number(real.grant!['generation']) + 1 } });
    await settled(tabs);
    for (const tab of tabs) {
      expect(await tab.run('peek')).toBeNull();
      expect((await tab.run('snapshot')).status).toBe('ended');
    }
  });

  test('a flood of requests for a token costs no refresh', async ({ origin }) => {
    const tabs = await origin.signedIn(2);
    const ear = await eavesdropper(origin);
    for (let n = 0; n < 300; n += 1) await ear.say({ protocol: 1, from: 'x', incarnation: 'y', type: 'TOKEN_REQUEST', key: '|', have: 0 });
    await expect.poll(async () => (await ear.heard()).some((message) => message.type === 'TOKEN'), { message: 'the flood is heard' }).toBe(true);
    await settled(tabs);
    await becomesActive(tabs);
    expect(origin.server.refreshes()).toEqual([]);
  });
});
