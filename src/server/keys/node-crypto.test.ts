import { afterEach, describe, expect, test, vi } from 'vitest';
import { nodeCrypto } from './node-crypto.js';

const KEY = 'c2VjcmV0LWtleS1mb3ItdGVzdHMtb25seS0wMTIzNDU2Nzg5';
const FAMILY = {
  id: 'AAAAAAAAAAAAAAAAAAAAAA', salt: 'BBBBBBBBBBBBBBBBBBBBBA', sid: 'sid', client: 'web', sub: 'ada', claims: { role: 'ünï' }, scopes: ['a', 'b'],
} as never;
const TOKEN = { gen: 3, issuedAt: 1_700_000_000_123, expiresAt: 1_700_000_900_456, sealed: null };

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

/** Everything that is derived, in a process with or without the module. */
async function derived(withNode: boolean) {
  vi.resetModules();
  if (!withNode) vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  const { keyBytes, serverKeys } = await import('./server-keys.js');
  const { credentials, parseCredential } = await import('./credential.js');
  const { localIssuer } = await import('../issuer/local-issuer.js');
  const { shortHash } = await import('../encoding.js');
  const { native } = await import('./node-crypto.js');
  expect(native !== undefined).toBe(withNode);
  const keys = await serverKeys(keyBytes([KEY]));
  const made = credentials(keys);
  const cookie = await made.derive(FAMILY, 7);
  const issuer = await localIssuer({}, 'https://app.example', keys);
  return {
    cookie,
    verified: await made.verify(FAMILY, parseCredential(cookie)!),
    token: await issuer.sign(FAMILY, TOKEN, ['a', 'b'], null),
    jwks: issuer.jwks(),
    hash: await shortHash('ünï'),
    seal: await keys.current.derive('seal'),
  };
}

describe('node:crypto', () => {
  test('gives the bytes WebCrypto gives: nodes and workers may serve one application', async () => {
    const [node, worker] = [await derived(true), await derived(false)];
    expect(node).toEqual(worker);
    expect(node.verified).toBe(true);
  });
  test.each([
    ['nothing like a process', {}],
    ['a process without built-in modules', { process: {} }],
    ['a runtime that does not have it', { process: { getBuiltinModule: () => undefined } }],
    ['a runtime that has half of it', { process: { getBuiltinModule: () => ({ createHmac: () => {} }) } }],
  ])('is left alone in a runtime with %s', (_, host) => {
    expect(nodeCrypto(host)).toBeUndefined();
  });
});
