/**
 * The device's side: `POST /auth/device` asks for codes, `POST /auth/device/token` asks whether somebody has let it in.
 * @see RFC 8628 §3.1–3.5
 */
import type { DeviceGrant } from '../config/device-grant.js';
import type { RequestInfo } from '../config/endpoint-options.js';
import { deathOf, type FamilyRecord } from '../families/family.js';
import { arrived, readBytes } from '../handler/body.js';
import { malformed, ok, refusal, type Draft } from '../handler/draft.js';
import { foundFamily } from '../handler/found-family.js';
import { isNative, type Caller } from '../handler/gate.js';
import { firstGrant, withFirstToken } from '../handler/login.js';
import { networkOf } from '../handler/network.js';
import type { Service } from '../handler/service.js';
import { deviceCode, shown, userCode } from './codes.js';
import { deviceRequests, type DeviceRequest } from './request.js';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const STARTS_PER_MINUTE = 10;
/** RFC 6749 §3.3, several of them. */
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

type Poll = 'authorization_pending' | 'slow_down' | 'access_denied' | 'expired_token';

export async function startDevice(service: Service, request: Request, caller: Caller, info: RequestInfo): Promise<Draft> {
  const grant = grantFor(service, caller);
  if ('status' in grant) return grant;
  const form = await readForm(service, request);
  if (typeof form === 'string') return malformed(form);
  const scope = form.get('scope');
  if (scope !== null && (scope.length > 2_048 || !SCOPES.test(scope))) return malformed('scope is not a list of scopes.');
  const { store, random, place } = service;
  const { count, resetMs } = await store.hit(`device-start:${networkOf(info.address ?? '')}`, 60_000);
  if (count > STARTS_PER_MINUTE) return refusal(429, 'slow_down', 'rate_limited', 'Too many devices ask for a code.', { retryAfterMs: resetMs });
  const code = deviceCode(random);
  const expiresAt = (await store.now()) + grant.lifetimeMs;
  const label = printable(form.get('label'));
  for (let draw = 0; draw < 5; draw += 1) {
    const user = userCode(random);
    const opened = await deviceRequests(store).open(
      code,
      { status: 'pending', userCode: user, scopes: scope?.split(' ') ?? null, label, expiresAt },
      grant.lifetimeMs,
    );
    if (!opened) continue;
    const page = place.publicOrigin + grant.page;
    return ok({
      device_code: code,
      user_code: shown(user),
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${shown(user)}`,
      expires_in: Math.floor(grant.lifetimeMs / 1_000),
      interval: Math.ceil(grant.intervalMs / 1_000),
    });
  }
  throw new Error('Five user codes in a row were taken: something is wrong with the random numbers.');
}

export async function pollDevice(service: Service, request: Request, caller: Caller): Promise<Draft> {
  const grant = grantFor(service, caller);
  if ('status' in grant) return grant;
  const form = await readForm(service, request);
  if (typeof form === 'string') return malformed(form);
  if (form.get('grant_type') !== DEVICE_GRANT) return malformed(`grant_type must be ${DEVICE_GRANT}.`);
  const code = form.get('device_code') ?? '';
  if (!/^[A-Za-z0-9_-]{43}$/.test(code)) return malformed('device_code is not one of this endpoint.');
  const { store } = service;
  const requests = deviceRequests(store);
  const known = await requests.ofDevice(code);
  if (!known) return poll('expired_token', 'This code is over. Ask for another one.');
  const { count } = await store.hit(`device-poll:${known.userCode}`, grant.intervalMs);
  if (count > 1) return poll('slow_down', `Ask once in ${grant.intervalMs / 1_000} seconds.`);
  if (known.status === 'pending') return poll('authorization_pending', 'Nobody has decided yet.');
  const now = await store.now();
  const taken = await requests.takeForDevice(code);
  const approval = taken?.approval;
  if (!taken || !approval) return taken ? poll('access_denied', 'The user said no.') : poll('expired_token', 'This code was used before.');
  let family: FamilyRecord | undefined;
  try {
    family = await letIn(service, caller, grant.client, taken, approval, now);
  } catch (error) {
    // The user has decided once and is gone: what went wrong here must not cost the decision.
    await requests.giveBack(code, taken, now).catch(() => {});
    throw error;
  }
  if (!family) return poll('access_denied', 'The session that let this device in is over.');
  service.observe({ type: 'login', result: 'ok', client: grant.client, ms: 0 });
  return withFirstToken(service, family, []);
}

/** `undefined` when whoever let it in has signed out meanwhile. */
async function letIn(
  service: Service,
  { origin }: Caller,
  client: DeviceGrant['client'],
  { scopes, label }: DeviceRequest,
  { parent: id, bound }: NonNullable<DeviceRequest['approval']>,
  now: number,
): Promise<FamilyRecord | undefined> {
  const parent = await service.store.read(id);
  if (!parent || deathOf(parent, now) !== null) return undefined;
  return foundFamily(service, {
    origin,
    client,
    userAgent: null,
    user: {
      sub: parent.sub,
      claims: parent.claims,
      scopes: parent.scopes.filter((scope) => scopes?.includes(scope) ?? true),
      label: label ?? `${client}, let in by ${parent.label ?? 'a browser'}`,
    },
    tokens: await firstGrant(service, parent.sub, client),
    parent: { family: parent, bound },
  });
}

function grantFor({ deviceGrant }: Service, caller: Caller): DeviceGrant | Draft {
  if (!deviceGrant) return refusal(404, 'invalid_request', 'malformed', 'No device is let in here. Set `deviceGrant`.');
  return isNative(caller) ? deviceGrant : malformed('This route is for devices without a browser.');
}

/** The errors of RFC 8628 §3.5. They are said of a request, not of a session. */
const poll = (error: Poll, description: string): Draft => ({
  status: 400,
  body: { error, error_description: description },
  cookies: [],
  headers: {},
});

async function readForm(service: Service, request: Request): Promise<URLSearchParams | string> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.headers.get('Content-Type') ?? '')) {
    return 'Send the body as application/x-www-form-urlencoded.';
  }
  const bytes = await arrived(service, readBytes(request, 8_192));
  return bytes instanceof Uint8Array ? new URLSearchParams(new TextDecoder().decode(bytes)) : 'The body is too large or incomplete.';
}

/** What a stranger calls itself is shown to a user who decides: one line, no tricks with direction or control characters. */
function printable(label: string | null): string | null {
  const text = label?.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim().slice(0, 80);
  return text ? text : null;
}
