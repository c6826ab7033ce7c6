import { describe, expect, it } from 'vitest';
import { createEndpoint, memoryStore } from '../server/index.js';
import { doctor } from './doctor.js';

const answering =
  (answer: () => Response): typeof fetch =>
  async () =>
    answer();
const said = async (answer: () => Response) => {
  const { status, lines } = await doctor('https://app.example/auth', answering(answer));
  return { status, text: lines.join('\n') };
};

describe('tabaton doctor', () => {
  it('is content with the package’s own endpoint', async () => {
    const clock = { now: () => 1_800_000_000_000, after: () => () => {} };
    const endpoint = createEndpoint({ publicOrigin: 'https://app.example', clock, keys: [Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64')], store: memoryStore({ clock }), authenticate: async () => null });
    const { status, lines } = await doctor('https://app.example/auth', (input, init) => endpoint(new Request(input as URL, init)));
    expect([status, ...lines]).toEqual([0, ...lines.map(() => expect.stringMatching(/^ok/))]);
    expect(lines.join()).toContain('level full');
  });

  it('knows a plain backend', async () => {
    const { status, text } = await said(() => Response.json({ error: 'invalid_grant' }, { status: 401 }));
    expect(status).toBe(0);
    expect(text).toContain('level plain');
  });

  it.each([
    ['a redirect to a login page', () => new Response(null, { status: 302, headers: { Location: '/login' } }), /redirected \(302\)/],
    ['a wrong mount', () => new Response('<html>', { status: 404, headers: { 'Content-Type': 'text/html' } }), /^FAULT .* is this the mount[^\n]*$/],
    ['a wrong mount of an endpoint', () => Response.json({ error: 'invalid_request', session: 'intact' }, { status: 404 }), /^FAULT .* is this the mount[^\n]*$/],
    ['a server error', () => Response.json({}, { status: 500 }), /every tab would retry/],
    ['HTML', () => new Response('<html>', { status: 401, headers: { 'Content-Type': 'text/html' } }), /text\/html, not JSON/],
    ['a refresh without any cookie', () => Response.json({ access_token: 'a' }), /must be refused/],
    ['answers that may be stored, and no guard', () => Response.json({ session: 'none' }, { status: 400 }), /FAULT answers are not to be stored[^]*where 403 belongs/],
  ])('finds %s', async (_, answer, words) => {
    const { status, text } = await said(answer);
    expect(status).toBe(1);
    expect(text).toMatch(words);
  });

  it('says when nobody answers, and what is no URL', async () => {
    expect(await doctor('https://app.example/auth', () => Promise.reject(new TypeError('fetch failed')))).toMatchObject({ status: 1, lines: [expect.stringContaining('does not answer')] });
    for (const address of ['auth', 'localhost:3000/auth', 'https://']) expect(await doctor(address)).toEqual({ status: 1, lines: [expect.stringContaining('is no URL: write https://')] });
  });

  it('says how it was not answered: refused at once is not 10 s of silence', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    const lines = async (error: Error) => (await doctor('https://app.example/auth', () => Promise.reject(error))).lines;
    expect(await lines(refused)).toEqual([expect.stringMatching(/does not answer \(ECONNREFUSED\): is the server running/)]);
    expect(await lines(new DOMException('', 'TimeoutError'))).toEqual([expect.stringContaining('does not answer within 10 s')]);
  });

  it('never repeats a token of the answer', async () => {
    expect((await said(() => Response.json({ access_token: 'secret-token' }))).text).not.toContain('secret-token');
  });
});
