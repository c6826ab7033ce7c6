import { describe, expect, test } from 'vitest';
import type { DeviceAnswer } from '../../contract/wire.js';
import { site, TestBrowser } from '../testing/site.js';

const PHONE = { 'Sec-Fetch-Site': 'same-origin', 'User-Agent': 'Mozilla/5.0 (Android 15) Firefox/140.0' };
const DESK = { 'Sec-Fetch-Site': 'same-origin', 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0' };

const two = async () => {
  const one = site();
  const phone = new TestBrowser(one, PHONE);
  const desk = new TestBrowser(one, DESK);
  const phoneSid = (await phone.login()).body.sid;
  await one.clock.advance(60_000);
  const deskSid = (await desk.login()).body.sid;
  return { one, phone, desk, phoneSid, deskSid };
};
const devicesOf = async (browser: TestBrowser) => (await browser.call('GET', '/devices')).body['devices'] as DeviceAnswer[];

describe('/auth/devices', () => {
  test('lists the caller’s own sessions and nobody else’s', async () => {
    const { one, phone, desk, phoneSid, deskSid } = await two();
    const stranger = new TestBrowser(one);
    await stranger.login('eve');
    const seen = await devicesOf(desk);
    const start = 1_700_000_000_000;
    expect(seen).toEqual([
      { id: deskSid, label: 'Chrome on Linux', client: 'web', first_seen: start + 60_000, last_seen: start + 60_000, current: true },
      { id: phoneSid, label: 'Firefox on Android', client: 'web', first_seen: start, last_seen: start, current: false },
    ]);
    await phone.refresh({ have: 1 });
    expect((await devicesOf(phone)).map(({ id, last_seen }) => [id, last_seen])).toEqual([[phoneSid, start + 60_000], [deskSid, start + 60_000]]);
    expect(JSON.stringify(seen)).not.toContain([...desk.jar.values()][0]);
    expect(await devicesOf(stranger)).toHaveLength(1);
  });

  test('looking slides and rotates nothing', async () => {
    const { one, phone } = await two();
    await one.clock.advance(13 * 86_400_000);
    const listed = await phone.call('GET', '/devices');
    expect([listed.status, listed.setCookies]).toEqual([200, []]);
    await one.clock.advance(86_400_000);
    expect(await phone.call('GET', '/devices')).toMatchObject({ status: 400, body: { reason: 'idle', session: 'ended' } });
  });

  test('ends another device, which is told at once and gone from the list', async () => {
    const { one, phone, desk, phoneSid } = await two();
    const gone = await desk.call('DELETE', `/devices/${phoneSid}`);
    expect(gone.status).toBe(204);
    expect(await phone.refresh({ have: 1 })).toMatchObject({ status: 400, body: { reason: 'signed_out', session: 'ended', sid: phoneSid } });
    expect(await devicesOf(desk)).toHaveLength(1);
    expect((await desk.call('DELETE', `/devices/${phoneSid}`)).status).toBe(404);
    expect(one.events).toContainEqual({ type: 'ended', reason: 'signed_out', sid: phoneSid, client: 'web' });
  });

  test('ending the own device takes its cookies away', async () => {
    const { desk, deskSid } = await two();
    await desk.call('DELETE', `/devices/${deskSid}`);
    expect(desk.sessionCookies).toEqual([]);
    expect(await desk.call('GET', '/devices')).toMatchObject({ status: 400, body: { reason: 'no_cookie', session: 'none' } });
  });

  test('a device of another user cannot be told from one that does not exist', async () => {
    const { one, desk, deskSid } = await two();
    const eve = new TestBrowser(one);
    await eve.login('eve');
    const foreign = await eve.call('DELETE', `/devices/${deskSid}`);
    const unknown = await eve.call('DELETE', '/devices/AAAAAAAAAAAAAAAAAAAAAA');
    expect([foreign.status, foreign.body]).toEqual([404, unknown.body]);
    expect(await devicesOf(desk)).toHaveLength(2);
  });

  test('an old cookie may not look around, and convicts nobody', async () => {
    const { one, phone, desk, deskSid } = await two();
    const thief = new TestBrowser(one, PHONE);
    for (const [name, value] of phone.jar) thief.jar.set(name, value);
    await one.clock.advance(40_000);
    await phone.refresh({ have: 1 });
    await one.clock.advance(30_000);
    expect((await thief.call('GET', '/devices')).status).toBe(409);
    expect((await thief.call('DELETE', `/devices/${deskSid}`)).status).toBe(409);
    expect(await devicesOf(desk)).toHaveLength(2);
  });

  test.each([
    ['without the static header', { 'X-Tabaton': 'no' }, 'csrf_header'],
    ['from another site', { 'Sec-Fetch-Site': 'cross-site' }, 'csrf_origin'],
  ])('nothing is ended %s', async (_, headers, reason) => {
    const { desk, phoneSid } = await two();
    expect(await desk.call('DELETE', `/devices/${phoneSid}`, undefined, headers as Record<string, string>)).toMatchObject({ status: 403, body: { reason } });
    expect(await devicesOf(desk)).toHaveLength(2);
  });

  test('only GET on the list and DELETE on one', async () => {
    const { desk, deskSid } = await two();
    expect((await desk.call('POST', '/devices')).headers.get('Allow')).toBe('GET');
    expect((await desk.call('GET', `/devices/${deskSid}`)).headers.get('Allow')).toBe('DELETE');
  });
});
