/** The worker's session on a virtual origin, beside the sessions of its pages: whom it signs for, and what it asks. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel, Ledger, Ports } from '../core/ports.js';
import { tabs } from '../core/testing/tabs.js';
import { createPeer, type PeerOptions } from './peer.js';
import { planOf } from './plan.js';
import type { WorkerScope } from './scope.js';

const given = vi.hoisted(() => ({ ports: undefined as unknown, channel: undefined as unknown as () => Channel }));
vi.mock('./ports.js', () => ({ createWorkerPorts: () => ({ ports: given.ports as Ports, name: 'virtual' }) }));
// Each session of the worker has one of its own.
vi.mock('../browser/channel.js', () => ({ createChannel: () => given.channel() }));
vi.mock('../browser/ledger.js', () => ({
  createLedger: (): Ledger => {
    let stored: unknown;
    return { read: async () => stored, update: async (change) => (stored = change(stored)) };
  },
}));

const APP = 'https://app.test';
const NONE = { status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } };
beforeEach(() => vi.stubGlobal('location', new URL(`${APP}/sw.js`)));
afterEach(() => vi.unstubAllGlobals());

/** `marker`: what the worker reads of the endpoint's marker; absent where it cannot read cookies. */
const world = (marker?: boolean, config: object = {}, options: PeerOptions = {}) => {
  const stage = tabs();
  const { origin, watch } = stage;
  const sent: (string | null)[] = [];
  const api = { status: 200 };
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push(request.headers.get('Authorization'));
    return new Response(null, { status: api.status });
  });
  given.ports = origin.context('service_worker').ports;
  given.channel = () => origin.context('service_worker').ports.channel;
  const scope = { ...(marker === undefined ? {} : { cookieStore: { get: async () => (marker ? {} : undefined) } }) };
  const plan = planOf({ endpoint: '/auth', apis: [{ origin: APP, path: '/v1' }], mode: 'attach', ...config })!;
  let made: ReturnType<typeof createPeer> | undefined;
  /** Started by the first that asks for it: what the pages said before, it has not heard. */
  const peer = () => (made ??= createPeer(plan, scope as unknown as WorkerScope, options));
  const request = (mode = 'cors') => Object.defineProperty(new Request(`${APP}/v1/me`), 'mode', { value: mode });
  const call = (mode?: string, again = (last: boolean) => call(mode, undefined, last), last = false): Promise<Response> =>
    peer().fetch(request(mode), plan.config.apis[0]!, again, last);
  return {
    ...stage,
    sent,
    api,
    peer,
    get: (mode?: string, again?: () => Promise<Response>) => watch(call(mode, again)),
    async status(mode?: string) {
      const seen = watch(call(mode));
      expect(await origin.until(() => 'value' in seen || 'error' in seen)).toBe(true);
      return seen.value?.status ?? seen.error;
    },
    async settle<T>(work: Promise<T>): Promise<T | undefined> {
      const seen = watch(work);
      await origin.until(() => 'value' in seen || 'error' in seen);
      return seen.value;
    },
  };
};

describe('a request for an API', () => {
  it('has the token that a page holds, and costs no request to the endpoint', async () => {
    const { active, status, sent, refreshes } = world(true);
    await active(1);
    expect([await status(), await status(), sent, refreshes().length]).toEqual([200, 200, ['Bearer token-1', 'Bearer token-1'], 1]);
  });

  it('of a visitor goes out without a token, and nobody is asked', async () => {
    const { status, sent, refreshes } = world(false);
    expect([await status(), sent, refreshes()]).toEqual([200, [null], []]);
  });

  it('where the marker says that somebody is signed in, or cannot be read, the endpoint is asked', async () => {
    for (const marker of [true, undefined]) {
      const { status, sent, refreshes } = world(marker);
      expect([await status(), sent, refreshes().length]).toEqual([200, ['Bearer token-1'], 1]);
    }
  });

  it('where it is asked and knows nobody, once for all: the next one goes out at once', async () => {
    const { status, sent, refreshes, script } = world();
    script.push(NONE, NONE);
    expect(await status()).toBe(200);
    const asked = refreshes().length;
    expect([await status(), await status(), sent, refreshes().length]).toEqual([200, 200, [null, null, null], asked]);
  });

  it('of who was a visitor, until a page signed in, is signed', async () => {
    const { status, sent, script, active } = world();
    script.push(NONE, NONE);
    await status();
    await active(1);
    expect([await status(), sent]).toEqual([200, [null, 'Bearer token-1']]);
  });

  it('of who was a visitor, until the ledger knows better, is signed, too', async () => {
    const { status, sent, script, origin } = world(true);
    script.push(NONE, NONE);
    await status();
    // Nobody has said it: a page without SDK code, or one that is gone.
    origin.ledger().set({ ...(origin.ledger().peek() as object), sid: 's1', sessionAt: 1, hint: true });
    expect([await status(), sent]).toEqual([200, [null, 'Bearer token-1']]);
  });

  it('where the ledger does not answer, the endpoint is asked once, not for every request', async () => {
    const { status, sent, refreshes, origin } = world(false);
    const { ledger } = given.ports as Ports;
    ledger.read = ledger.update = () => new Promise(() => {});
    const none = () => NONE;
    origin.server = none;
    expect(await status()).toBe(200);
    const asked = refreshes().length;
    expect(asked).toBeGreaterThan(0);
    expect([await status(), await status(), sent, refreshes().length]).toEqual([200, 200, [null, null, null], asked]);
  });

  it('is sent at the level, and answered 401 by the judgement, that the worker was told', async () => {
    const { status, sent, api, refreshes } = world(true, { level: 'plain' }, { isUnauthorized: async (response) => response.status === 299 });
    api.status = 299;
    expect([await status(), sent]).toEqual([299, ['Bearer token-1', 'Bearer token-2']]);
    expect(refreshes().map(({ call }) => (call as { level?: string }).level)).toEqual(['plain', 'plain']);
  });

  it('waits no longer than the worker was told to', async () => {
    const { status, origin } = world(true, { timeout: 2_000 });
    origin.fault = () => 'hang';
    expect([await status(), origin.now() < 4_000]).toEqual([503, true]);
  });

  it('of a session that the server has ended is refused here', async () => {
    const { status, sent, origin } = world(false);
    origin.ledger().set({ schema: 1, incarnation: 'i', sid: 's1', sessionAt: 1, closed: [{ sid: 's1', at: 1, reason: 'revoked' }], hint: false });
    expect([await status(), sent]).toEqual([401, []]);
  });

  it('of a session that has ended here is signed again after the next login', async () => {
    const { status, sent, script, origin, peer, settle } = world(true);
    script.push({ status: 400, json: { error: 'invalid_grant', reason: 'revoked', session: 'ended', sid: 's0' } });
    expect((await settle(peer().report(false)))?.status).not.toBe('active');
    const stored = origin.ledger().peek() as object;
    origin.ledger().set({ ...stored, sid: 's1', sessionAt: 1_000, hint: true });
    expect([await status(), sent]).toEqual([200, ['Bearer token-1']]);
  });

  it('while the endpoint rests is refused with 503, but for a page: the server tells people better what is wrong', async () => {
    const { status, sent, origin, active } = world(true);
    await active(1);
    await origin.advance(700_000);
    origin.offline();
    expect([await status(), sent, await status('navigate'), sent]).toEqual([503, [null], 200, [null]]);
  });

  it('that cannot be signed for now does not begin anew: only another session would help', async () => {
    const { get, origin, active } = world(true);
    await active(1);
    await origin.advance(700_000);
    origin.offline();
    const again = vi.fn(async () => new Response(null, { status: 299 }));
    const seen = get('cors', again);
    await origin.until(() => 'value' in seen);
    expect([seen.value?.status, again.mock.calls.length]).toEqual([503, 0]);
  });

  it('under a sealed worker is signed with a token of which the pages hear only that it is there', async () => {
    const { status, sent, origin } = world(true, { mode: 'sealed' });
    expect([await status(), sent]).toEqual([200, ['Bearer token-1']]);
    await origin.advance(1_000);
    expect(origin.messages.map(({ message }) => message.type)).toContain('TOKEN_HELD');
    expect(JSON.stringify(origin.messages)).not.toContain('token-1');
  });

  it('that is answered 401 is sent once more, with a new token', async () => {
    const { get, sent, active, api, origin } = world(true);
    await active(1);
    api.status = 401;
    const seen = get();
    await origin.until(() => 'value' in seen);
    expect([seen.value?.status, sent]).toEqual([401, ['Bearer token-1', 'Bearer token-2']]);
  });
});

describe('somebody else asked something of the endpoint', () => {
  it('that may be a login: who is signed in is asked once before anything more is signed', async () => {
    const { peer, status, sent, active, grants, refreshes } = world(true);
    await active(1);
    await status();
    Object.assign(grants, { sid: 's2', session_at: 2_000 });
    peer().doubt('user');
    expect([await status(), await status(), sent, refreshes().length]).toEqual([200, 200, ['Bearer token-1', 'Bearer token-2', 'Bearer token-2'], 2]);
  });

  it('that is a sign-out: nothing of the session before is used any more', async () => {
    const { peer, status, sent, active, outcome, origin } = world(false);
    const [page] = await active(1);
    await status();
    peer().doubt('leaving');
    await outcome(page!.session.signOut());
    await origin.advance(1_000);
    expect([await status(), sent]).toEqual([200, ['Bearer token-1', null]]);
  });

  it('while a request waits for its token: it begins anew, with whoever is here then', async () => {
    const { peer, get, origin, blocked, sent } = world(true);
    await blocked();
    const seen = get('cors', async () => new Response(null, { status: 299 }));
    await origin.advance(1_000);
    expect(seen).toEqual({});
    peer().doubt('leaving');
    await origin.advance(10);
    expect([seen.value?.status, sent]).toEqual([299, []]);
  });
});

describe('what a page hears', () => {
  it('is how the session stands, never the token', async () => {
    const { peer, settle, active } = world(true);
    await active(1);
    const report = await settle(peer().report(false));
    expect(report).toMatchObject({ status: 'active', held: { sid: 's1', generation: 1 } });
    expect(JSON.stringify(report)).not.toContain('token-1');
  });

  it('is who is signed in after a login that went by', async () => {
    const { peer, settle, active, grants } = world(true);
    await active(1);
    await settle(peer().report(false));
    Object.assign(grants, { sid: 's2', session_at: 2_000 });
    peer().doubt('user');
    expect(await settle(peer().report(false))).toMatchObject({ status: 'active', held: { sid: 's2' } });
  });

  it('is that nobody is signed in, or who has just signed in', async () => {
    const { peer, settle, refreshes } = world(false);
    expect(await settle(peer().report(false))).toEqual({ status: 'anonymous' });
    expect(refreshes()).toEqual([]);
    const over = world(false);
    over.origin.ledger().set({ schema: 1, incarnation: 'i', sid: 's1', sessionAt: 1, closed: [{ sid: 's1', at: 1, reason: 'revoked' }], hint: false });
    expect(await over.settle(over.peer().report(false))).toEqual({ status: 'ended' });
    expect(await settle(peer().report(true))).toMatchObject({ status: 'active', held: { generation: 1 } });
  });
});

it('once closed signs nothing more, and leaves what comes to the one that replaced it', async () => {
  const { peer, status, active, sent, get, origin } = world(true);
  await active(1);
  await status();
  peer().close();
  const seen = get('cors', async () => new Response(null, { status: 299 }));
  await origin.advance(10);
  expect([seen.value?.status, sent]).toEqual([299, ['Bearer token-1']]);
});

it('is idle at once where nothing is under way', async () => {
  const { peer, active, status, watch, origin } = world(true);
  await active(1);
  await status();
  const idle = watch(peer().idle());
  await origin.advance(10);
  expect('value' in idle).toBe(true);
});

it('is busy until what it has begun is over', async () => {
  const { peer, active, status, origin, api, get, watch } = world(true);
  await active(1);
  await status();
  expect(peer().busy({ origin: APP })).toBe(false);
  api.status = 401;
  get();
  await origin.until(() => peer().busy({ origin: APP }));
  const idle = watch(peer().idle());
  await origin.advance(1);
  expect(idle).toEqual({});
  await origin.advance(5_000);
  expect([idle, peer().busy({ origin: APP })]).toEqual([{ value: undefined }, false]);
});
