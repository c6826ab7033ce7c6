/** Bad input: answers, messages and ledgers nobody should send. A clear typed error or silence; never a crash, a hang or a lost session. */
import { describe, expect, it } from 'vitest';
import { ATTEMPT_ID } from '../contract/wire.js';
import { createVirtualOrigin, type VirtualResponse } from '../testing/index.js';
import { defaults } from './defaults.js';
import { parseMessage } from './messages.js';
import { preloaded } from './preloaded.js';
import { createCoreSession } from './session.js';
import type { CoreSession } from './types.js';

const NAME = 'https://app.test/auth';
const good = (n: number): VirtualResponse => ({ status: 200, json: { access_token: `good-${n}`, expires_in: 600 } });

/** A session that is active with `good-1`; the server answers `answer` from then on, until `heal`. */
const active = async (answer?: VirtualResponse) => {
  let minted = 0;
  let bad: VirtualResponse | undefined;
  const origin = createVirtualOrigin({ server: () => bad ?? good(++minted) });
  const context = origin.context();
  const { session } = createCoreSession(context.ports, { ...defaults, start: 'eager', leadership: 'never' }, NAME, preloaded);
  await origin.until(() => session.peek() !== undefined);
  bad = answer;
  return { origin, context, session, heal: () => (bad = undefined), refreshes: () => origin.requests.length };
};

const outcome = (work: Promise<string>) => {
  const seen: { value?: string; error?: { code?: string; message: string } } = {};
  work.then(
    (value) => (seen.value = value),
    (error) => (seen.error = error),
  );
  return seen;
};

const keepsSession = async ({ origin, session, heal }: { origin: ReturnType<typeof createVirtualOrigin>; session: CoreSession; heal: () => void }) => {
  expect(session.getSnapshot().status).toBe('active');
  heal();
  await origin.advance(301_000);
  const again = outcome(session.refresh());
  await origin.until(() => !!(again.value ?? again.error));
  expect(again.value).toMatch(/^good-/);
};

const LIFETIME = /lifetime must be more than 0 seconds and at most 10 years/;
const TOKEN = /visible ASCII/;
const ABSENT = /no access_token/;
const ok = (json: unknown): VirtualResponse => ({ status: 200, json });
const token = (access_token: unknown) => ok({ access_token, expires_in: 600 });
const lives = (fields: object) => ok({ access_token: 'abc', ...fields });

const answers: [what: string, answer: VirtualResponse, code: string, sentence: RegExp][] = [
  ['an array', ok([1]), 'bad_answer', /JSON object/],
  ['a string', ok('token'), 'bad_answer', /JSON object/],
  ['a number', ok(7), 'bad_answer', /JSON object/],
  ['null', ok(null), 'bad_answer', /JSON object/],
  ['an empty object', ok({}), 'bad_answer', ABSENT],
  ['a token under another name', ok({ jwt: 'abc' }), 'bad_answer', ABSENT],
  ['a token that is null', token(null), 'bad_answer', ABSENT],
  ['a token that is a number', token(5), 'bad_answer', TOKEN],
  ['a token that is an object', token({ raw: 'abc' }), 'bad_answer', TOKEN],
  ['an empty token', token(''), 'bad_answer', TOKEN],
  ['a token over 64 kB', token('a'.repeat(65_537)), 'bad_answer', TOKEN],
  ['a token with a line break', token('abc\r\nX: 1'), 'bad_answer', TOKEN],
  ['a token with a control character', token('abc\u0007'), 'bad_answer', TOKEN],
  ['a token with a space', token('abc def'), 'bad_answer', TOKEN],
  ['a token beyond ASCII', token('tökén'), 'bad_answer', TOKEN],
  ['a lifetime of 0', lives({ expires_in: 0 }), 'bad_answer', LIFETIME],
  ['a negative lifetime', lives({ expires_in: -5 }), 'bad_answer', LIFETIME],
  ['a lifetime over 10 years', lives({ expires_in: 315_360_001 }), 'bad_answer', LIFETIME],
  ['an infinite lifetime', lives({ expires_in: Infinity }), 'bad_answer', LIFETIME],
  ['a lifetime in words', lives({ expires_in: 'an hour' }), 'bad_answer', LIFETIME],
  ['a lifetime that is an object', lives({ expires_in: {} }), 'bad_answer', LIFETIME],
  ['an expires_at in the past', lives({ expires_at: 1_000_000_000 }), 'bad_answer', LIFETIME],
  ['an expires_at in words', lives({ expires_at: 'soon' }), 'bad_answer', LIFETIME],
  ['HTML with status 200', { status: 200, json: undefined }, 'refresh_unavailable', /session is intact/],
  ['HTML with status 403', { status: 403, json: undefined }, 'refresh_unavailable', /session is intact/],
  ['a redirect', { status: 302, json: undefined }, 'refresh_unavailable', /session is intact/],
  ['a 304', { status: 304, json: undefined }, 'refresh_unavailable', /session is intact/],
  ['a 408', { status: 408, json: {} }, 'refresh_unavailable', /session is intact/],
  ['a 425', { status: 425, json: {} }, 'refresh_unavailable', /session is intact/],
  ['a 429 with an absurd Retry-After', { status: 429, json: {}, retryAfter: 9e12 }, 'refresh_unavailable', /session is intact/],
  ['a 429 with retry_after in words', { status: 429, json: { retry_after: 'later' } }, 'refresh_unavailable', /session is intact/],
  ['a 500', { status: 500, json: undefined }, 'refresh_unavailable', /session is intact/],
  ['a 599', { status: 599, json: { error: 'x' } }, 'refresh_unavailable', /session is intact/],
  ['a 409 nobody explains', { status: 409, json: {} }, 'refresh_unavailable', /session is intact/],
  ['a 404', { status: 404, json: undefined }, 'endpoint_error', /answered 404.*check the `endpoint` option \('\/auth' asks \/auth\/refresh\)/],
  ['a 405', { status: 405, json: {} }, 'endpoint_error', /accepts POST/],
  ['a 400 invalid_request', { status: 400, json: { error: 'invalid_request' } }, 'endpoint_error', /answered 400 \(invalid_request\)/],
  ['a 403 about the origin', { status: 403, json: { error: 'access_denied', reason: 'csrf_origin' } }, 'endpoint_error', /`origins`/],
  ['a 403 about the header', { status: 403, json: { error: 'access_denied', reason: 'csrf_header' } }, 'endpoint_error', /X-Tabaton header.*another origin set `level: 'full'`.*proxy/],
  ['an error of 10 000 characters', { status: 422, json: { error: 'e'.repeat(10_000) } }, 'endpoint_error', /answered 422 \(e{64}\)/],
];

describe('bad answers', () => {
  it.each(answers)('%s', async (_what, answer, code, sentence) => {
    const world = await active(answer);
    const call = outcome(world.session.refresh());
    await world.origin.until(() => !!(call.value ?? call.error), 40_000);
    expect(call.error?.code === 'refresh_timeout' ? 'refresh_unavailable' : call.error?.code).toBe(code);
    expect(call.error?.message).toMatch(sentence);
    expect(world.refreshes()).toBeLessThan(12);
    await keepsSession(world);
  });

  it.each([
    ['without a lifetime: unknown, a 401 drives', lives({}), undefined],
    ['with a lifetime as text', lives({ expires_in: '600' }), 600_000],
    ['with a lifetime shorter than every margin', lives({ expires_in: 1 }), 1_000],
    ['with an unusable sid', lives({ expires_in: 600, sid: 5, gen: 'x', session_at: -1 }), 600_000],
    ['with an outcome nobody knows', lives({ expires_in: 600, outcome: 'splendid' }), 600_000],
    ['with a lifetime below what remains', lives({ expires_in: 600, lifetime: 5 }), 600_000],
    ['with a settled attempt that is no id', lives({ expires_in: 600, attempt_settled: '<script>' }), 600_000],
  ])('a usable answer %s', async (_what, answer, lives) => {
    const { origin, session } = await active(answer);
    const call = outcome(session.refresh());
    await origin.until(() => !!(call.value ?? call.error), 5_000);
    expect(call.value).toBe('abc');
    const { expiresAt } = session.getSnapshot();
    expect(expiresAt === undefined).toBe(lives === undefined);
  });
});

const grant = { token: 'evil', sid: 'x', sessionAt: 9e15, generation: 99, key: '|', lifetime: 1e6, remaining: 1e6, sentAt: 1 };
const head = { protocol: 1, from: 'stranger', incarnation: 'i' };
type Said = (sid: string) => unknown;
/** Of the session that is active, so that nothing but its fault keeps it from being taken. */
const mine =
  (over: object = {}, more: object = {}): Said =>
  (sid) => ({ ...head, type: 'TOKEN', grant: { ...grant, sid, ...over }, ...more });

const malformed: [what: string, said: Said][] = [
  ['nothing', () => undefined],
  ['a string', () => 'TOKEN'],
  ['an array', () => [head]],
  ['a type nobody knows', () => ({ ...head, type: 'GIVE_ME_ALL' })],
  ['a type from the prototype', () => ({ ...head, type: 'constructor' })],
  ['an old protocol', mine({}, { protocol: 0 })],
  ['a newer protocol', mine({}, { protocol: 2 })],
  ['no sender', mine({}, { from: undefined })],
  ['a TOKEN without a grant', () => ({ ...head, type: 'TOKEN' })],
  ['a TOKEN with a null grant', mine({}, { grant: null })],
  ['a TOKEN with a generation of infinity', mine({ generation: Infinity })],
  ['a TOKEN with a negative generation', mine({ generation: -1 })],
  ['a TOKEN without an age', mine({ remaining: undefined })],
  ['a TOKEN_HELD without an age', mine({ remaining: undefined }, { type: 'TOKEN_HELD' })],
  ['a message over 128 kB', mine({}, { incarnation: 'a'.repeat(140_000) })],
  ['a negative cooldown', () => ({ ...head, type: 'REFRESH_FAILED', retryIn: -1, sentAt: 0, failures: 9 })],
  ['a STANDING in words', () => ({ ...head, type: 'STANDING', visible: 'yes', activeAt: 0 })],
];
const unbelievable: [what: string, said: Said][] = [
  ['a TOKEN with half a generation', mine({ generation: 98.5 })],
  ['a TOKEN with a line break', mine({ token: 'a\nb' })],
  ['a TOKEN over 64 kB', mine({ token: 'a'.repeat(70_000) })],
  ['a TOKEN of a session the ledger does not know', () => mine()('x')],
  ['a SESSION_STARTED the ledger does not know', () => ({ ...head, type: 'SESSION_STARTED', sid: 'x', sessionAt: 9e15 })],
  ['a SESSION_ENDED the ledger does not know', (sid) => ({ ...head, type: 'SESSION_ENDED', sid, reason: 'revoked' })],
];

describe('bad messages are ignored', () => {
  it.each(malformed)('%s is no message', (_what, said) => {
    expect(parseMessage(said('s'))).toBeUndefined();
  });

  it.each([...malformed, ...unbelievable])('%s', async (_what, said) => {
    const { origin, session } = await active();
    const before = session.getSnapshot();
    origin.inject(said(before.sid!));
    await origin.advance(2_000);
    expect(session.getSnapshot()).toBe(before);
    expect(session.peek()).toBe('good-1');
  });

  it('and one without a fault is not', async () => {
    const { origin, session } = await active();
    origin.inject(mine({ sentAt: 1_800_000_000_000 + origin.now() })(session.getSnapshot().sid!));
    await origin.advance(2_000);
    expect([session.getSnapshot().generation, session.peek()]).toEqual([99, 'evil']);
  });
});

const hold = { by: 'ghost', seq: 3, at: 0, for: 10_000 };
const ledgers: [what: string, stored: unknown][] = [
  ['a string', 'corrupt'],
  ['a number', 7],
  ['an array', []],
  ['no schema', { incarnation: 'x' }],
  ['a schema in words', { schema: 'one', incarnation: 'x' }],
  ['fields of the wrong type', { schema: 1, incarnation: 'x', sid: 5, tokens: 'no', winners: {}, closed: 'all', hold: null, cooldown: [], logout: 3 }],
  ['generations beyond counting', { schema: 1, incarnation: 'x', sid: 's', sessionAt: 1, tokens: { '|': { generation: 1e300, at: 0, for: 1 } } }],
  ['a hold in the future', { schema: 1, incarnation: 'x', hold: { ...hold, at: 9e15 } }],
  ['a hold that lasts for ever', { schema: 1, incarnation: 'x', hold: { ...hold, for: Infinity } }],
  ['a cooldown in the far future', { schema: 1, incarnation: 'x', cooldown: { at: 4e15, for: 1e15, failures: 1, soft: false } }],
  ['attempt ids that are none', { schema: 1, incarnation: 'x', attempt: '"><b>', winners: ['no', 5, null] }],
  ['a newer version', { schema: 99, incarnation: 'x', promises: 'kept elsewhere' }],
  ['ten thousand keys', { schema: 1, incarnation: 'x', tokens: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, { generation: n, at: 0, for: 0 }])) }],
];

describe('a bad ledger costs nobody the session', () => {
  it.each(ledgers)('%s', async (_what, stored) => {
    const world = await active();
    world.origin.ledger().set(stored);
    for (const next of ['good-2', 'good-3']) {
      const call = outcome(world.session.refresh());
      await world.origin.until(() => !!(call.value ?? call.error), 40_000);
      expect(call.value).toBe(next);
    }
    expect(world.session.getSnapshot().status).toBe('active');
    const sent = world.origin.requests.flatMap((request) => (request.route === 'refresh' ? request.call.ids : []));
    expect(sent.filter((id) => !ATTEMPT_ID.test(id))).toEqual([]);
  });

  it('a newer version is read and never written', async () => {
    const { origin, session } = await active();
    const newer = { schema: 99, incarnation: 'x', promises: 'kept elsewhere' };
    origin.ledger().set(newer);
    const call = outcome(session.refresh());
    await origin.until(() => !!(call.value ?? call.error), 40_000);
    expect(origin.ledger().peek()).toEqual(newer);
  });
});
