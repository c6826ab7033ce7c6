/**
 * The endpoint's cookies.
 *
 * Each login has a name of its own, so a late `Set-Cookie` of a dead family lands beside the live one:
 *
 *     tab 1  refresh of A ──rotated──────────────── Set-Cookie …A ──► its own name: harmless
 *     tab 2          └─ login B ── Set-Cookie …B ──►                  still there
 *
 * Each calling origin and mount has names of its own too, because each of them has one ledger.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/ for the prefixes
 */
import { hintCookieName } from '../../contract/wire.js';
import type { Place } from '../config/place.js';
import { base64url, sha256 } from '../encoding.js';

/** Credentials read of one request; a browser holds one live login and a few dead ones. */
const MAX_READ = 4;

export interface Cookies {
  /** Name of the cookie of one family for pages of one origin. */
  nameOf(origin: string, family: string): Promise<string>;
  /** The credentials in a `Cookie` header for pages of one origin, the newest last, at most {@link MAX_READ}. */
  read(header: string | null, origin: string): Promise<{ name: string; value: string }[]>;
  set(name: string, value: string, maxAgeMs: number): string;
  expire(name: string): string;
  /** The readable marker of pages on the endpoint's own origin. */
  setHint(maxAgeMs: number): string;
  expireHint(): string;
  hasHint(header: string | null): boolean;
  /** Login transactions: sent along with the redirect from the provider, hence Lax. */
  tx: {
    set(state: string, value: string, maxAgeMs: number): string;
    expire(state: string): string;
    read(header: string | null): { state: string; value: string }[];
  };
}

export function cookiesOf({ dev, port, publicOrigin, mount }: Place): Cookies {
  const prefix = dev ? `tabaton-${port}` : '__Host-Http-tabaton';
  const txPrefix = dev ? `tabaton-tx-${port}.` : '__Host-Http-tabaton-tx.';
  const secure = dev ? '' : '; Secure';
  const hint = hintCookieName(publicOrigin + mount);
  const strict = `; Path=/; HttpOnly${secure}; SameSite=Strict`;
  const lax = `; Path=/; HttpOnly${secure}; SameSite=Lax`;
  const readable = `; Path=/${secure}; SameSite=Lax`;
  const line = (name: string, value: string, maxAgeMs: number, attributes: string) =>
    `${name}=${value}; Max-Age=${Math.max(0, Math.floor(Math.min(maxAgeMs, MAX_AGE_MS) / 1_000))}${attributes}`;
  const prefixes = new Map<string, Promise<string>>();
  const makePrefix = async (origin: string) => `${prefix}.${base64url(await sha256(`${origin} ${mount}`)).slice(0, 4)}.`;
  /** The calling origins are our own and the listed ones: a handful. */
  const prefixOf = (origin: string): Promise<string> => {
    const known = prefixes.get(origin) ?? makePrefix(origin);
    prefixes.set(origin, known);
    return known;
  };

  return {
    nameOf: async (origin, family) => (await prefixOf(origin)) + family.slice(0, 8),
    async read(header, origin) {
      const wanted = await prefixOf(origin);
      return parse(header)
        .filter(({ name }) => name.startsWith(wanted))
        .slice(-MAX_READ);
    },
    set: (name, value, maxAgeMs) => line(name, value, maxAgeMs, strict),
    expire: (name) => line(name, '', 0, strict),
    setHint: (maxAgeMs) => line(hint, '1', maxAgeMs, readable),
    expireHint: () => line(hint, '', 0, readable),
    hasHint: (header) => parse(header).some(({ name }) => name === hint),
    tx: {
      set: (state, value, maxAgeMs) => line(txPrefix + state, value, maxAgeMs, lax),
      expire: (state) => line(txPrefix + state, '', 0, lax),
      read: (header) =>
        parse(header)
          .filter(({ name }) => name.startsWith(txPrefix))
          .map(({ name, value }) => ({ state: name.slice(txPrefix.length), value })),
    },
  };
}

/** Browsers cap it at 400 days anyway. */
const MAX_AGE_MS = 400 * 86_400_000;

function parse(header: string | null): { name: string; value: string }[] {
  if (!header) return [];
  const seen = new Map<string, string>();
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (at < 1) continue;
    const name = trimmed(part.slice(0, at));
    // The first of two equal names is the more specific one; ours have one path and no domain.
    if (!seen.has(name)) seen.set(name, trimmed(part.slice(at + 1)));
  }
  return [...seen].map(([name, value]) => ({ name, value }));
}

/**
 * Without the blanks that HTTP knows, and no others: `trim()` knows twenty more. To a browser such a character is the first of
 * a name, and the prefix behind it is none, so a sibling host may set that cookie; a runtime that reads headers as UTF-8 shows
 * it as it was set (Node shows the two bytes of it, of which the first is no blank):
 *
 *     sibling   Set-Cookie: U+00A0 __Host-Http-tabaton.…=<its own session>; Domain=example
 *     here      trim() ──► __Host-Http-tabaton.…: its user is signed in where ours should be
 */
function trimmed(text: string): string {
  let [from, to] = [0, text.length];
  while (blank(text.charCodeAt(from))) from += 1;
  while (to > from && blank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/** OWS of RFC 9110 §5.6.3. */
const blank = (code: number): boolean => code === 0x20 || code === 0x09;
