/**
 * The least a rotation costs on this runtime: `node:http`, a body read and parsed, one Ed25519 signature, one write to the
 * store with the durability of the others, an answer. No cookie is checked or set and nothing is decided: a ceiling, not a server.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Store } from '../../src/server/store.js';
import type { Presented } from './words.js';

export function bare(store: Store, families: number): { listener: RequestListener; presented: Presented[] } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const header = Buffer.from('{"alg":"EdDSA","typ":"at+jwt","kid":"bench"}').toString('base64url');
  let minted = 0;
  const listener: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', async () => {
      const { have } = JSON.parse(Buffer.concat(parts).toString()) as { have: number };
      const gen = have + 1;
      await store.put(`bare:${request.headers.cookie}`, JSON.stringify({ gen, at: Date.now(), winner: request.headers['idempotency-key'] }), { ttlMs: 600_000 });
      const claims = { iss: 'http://localhost:3000', sub: 'bench', aud: 'http://localhost:3000', client_id: 'web', iat: 0, exp: 900, jti: String((minted += 1)), gen };
      const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
      const token = `${signed}.${sign(undefined, Buffer.from(signed), privateKey).toString('base64url')}`;
      const body = JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 900, gen, outcome: 'rotated' });
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Content-Length': body.length }).end(body);
    });
  };
  return { listener, presented: Array.from({ length: families }, (_, n) => ({ credential: `bare=${n}`, gen: 1 })) };
}
