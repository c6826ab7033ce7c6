/**
 * The browser's side: `GET /auth/device?user_code=` shows what wants in, `POST /auth/device/decision` decides.
 *
 * A code that somebody else sent ("type this to win") is the known attack; so what is asked for is shown before, the
 * decision is never taken by a link, and guesses are counted. @see RFC 8628 §5.4
 */
import type { DeviceAsk } from '../../contract/wire.js';
import { turnedAway } from '../devices/devices.js';
import { readObject } from '../handler/body.js';
import { malformed, ok, refusal, type Draft } from '../handler/draft.js';
import type { Caller } from '../handler/gate.js';
import { readPresented } from '../handler/present-read.js';
import type { Service } from '../handler/service.js';
import { shown, typed } from './codes.js';
import { deviceRequests } from './request.js';

const GUESSES_PER_MINUTE = 10;
const WINDOW_MS = 60_000;

export async function showDevice(service: Service, request: Request, caller: Caller, url: URL): Promise<Draft> {
  const reading = await readPresented(service, request, caller.origin);
  if (reading.kind === 'inactive') return turnedAway(service, reading);
  const { family } = reading.presented;
  const asked = await find(service, family.id, url.searchParams.get('user_code'));
  if ('body' in asked) return asked;
  const { client } = service.deviceGrant!;
  const scopes = family.scopes.filter((scope) => asked.scopes?.includes(scope) ?? true);
  const body: DeviceAsk = {
    user_code: shown(asked.userCode),
    label: asked.label,
    client,
    scope: scopes.join(' '),
    expires_in: Math.max(0, Math.floor((asked.expiresAt - reading.now) / 1_000)),
  };
  return ok(body);
}

export async function decideDevice(service: Service, request: Request, caller: Caller): Promise<Draft> {
  const body = await readObject(service, request);
  if (typeof body === 'string') return malformed(body);
  const { user_code, approve, scope, bound = false } = body;
  if (typeof approve !== 'boolean') return malformed('approve is neither true nor false.');
  if (typeof bound !== 'boolean') return malformed('bound is neither true nor false.');
  if (scope !== undefined && (typeof scope !== 'string' || scope.length > 2_048)) return malformed('scope is not a text of at most 2048 characters.');
  const reading = await readPresented(service, request, caller.origin);
  if (reading.kind === 'inactive') return turnedAway(service, reading);
  const { family } = reading.presented;
  const asked = await find(service, family.id, user_code);
  if ('body' in asked) return asked;
  const allowed = scope === undefined ? family.scopes : family.scopes.filter((one) => scope.split(' ').includes(one));
  const decided = await deviceRequests(service.store).decide(
    asked.userCode,
    approve
      ? { status: 'approved', scopes: allowed.filter((one) => asked.scopes?.includes(one) ?? true), approval: { parent: family.id, bound } }
      : { status: 'denied', scopes: [] },
    reading.now,
  );
  return decided ? ok({ approved: approve }) : unknown();
}

/** A guess is taken before it is looked up, and given back when it was none: beyond the limit the right code is no answer either. */
async function find({ store, deviceGrant }: Service, family: string, text: unknown) {
  if (!deviceGrant) return refusal(404, 'invalid_request', 'malformed', 'No device is let in here. Set `deviceGrant`.');
  const guesses = `device-guess:${family}`;
  const { count, resetMs } = await store.hit(guesses, WINDOW_MS);
  const code = typed(text);
  const refused = count > GUESSES_PER_MINUTE;
  const found = refused || code === undefined ? undefined : await deviceRequests(store).ofUser(code);
  const pending = found?.status === 'pending' ? found : undefined;
  if (refused || pending) await store.hit(guesses, WINDOW_MS, -1);
  if (refused) return refusal(429, 'slow_down', 'rate_limited', 'Too many codes that do not exist.', { retryAfterMs: resetMs });
  return pending ?? unknown();
}

const unknown = (): Draft => refusal(404, 'invalid_request', 'malformed', 'There is no such code: it may be mistyped, used, or older than ten minutes.');
