import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine } from '../contract.js';
import { type Demo, startDemo } from './demo.js';
import { Visitor } from './visitor.js';

let demo: Demo;
let page: string;

beforeEach(async () => {
  page = mkdtempSync(join(tmpdir(), 'tabaton-demo-'));
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>page</title>');
  demo = await startDemo({ page, latency: 0 });
});
afterEach(async () => {
  await demo.close();
  rmSync(page, { recursive: true });
});

/** Resolves with the first line of the log that `matches`, now or later, by the stream a page listens to. */
async function logLine(matches: (line: LogLine) => boolean): Promise<LogLine> {
  const stream = await fetch(`${demo.url}/demo/events`);
  const found = demo.log().find(matches);
  if (found) return stream.body!.cancel().then(() => found);
  let text = '';
  for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^event: line\ndata: (.*)$/s.exec(event)?.[1];
      const line = data === undefined ? undefined : (JSON.parse(data) as LogLine);
      if (line && matches(line)) return line;
    }
  }
  throw new Error('The stream ended before the line came.');
}

describe('the page', () => {
  it('is served with a policy that lets in nothing foreign', async () => {
    const response = await fetch(demo.url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await response.text()).toContain('<title>page</title>');
  });

  it('sends a visitor of 127.0.0.1 to localhost, where the cookies are', async () => {
    const response = await fetch(demo.url.replace('localhost', '127.0.0.1') + '/tab', { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([307, `${demo.url}/tab`]);
  });

  it('serves no file outside its folder', async () => {
    const { port } = new URL(demo.url);
    const { request } = await import('node:http');
    const status = await new Promise((done) =>
      request({ port, host: '127.0.0.1', path: '/../package.json', headers: { host: `localhost:${port}` } }, (response) => {
        response.resume();
        done(response.statusCode);
      }).end(),
    );
    expect(status).toBe(404);
  });
});

describe('the right stage', () => {
  it('signs in, and the API accepts the token and nothing else', async () => {
    const visitor = new Visitor(demo.url);
    expect(await visitor.signIn()).toMatchObject({ gen: 1, lifetime: 10 });
    expect(await (await visitor.api()).json()).toMatchObject({ name: 'Ada', generation: 1 });
    expect((await visitor.api('nonsense')).status).toBe(401);
    expect((await visitor.api('')).status).toBe(401);
    const [head = '', , signature = ''] = visitor.token.split('.');
    const forged = `${head}.${btoa(JSON.stringify({ iss: demo.url, sub: 'Eve', sid: 's', gen: 9, exp: 9e9 }))}.${signature}`;
    expect((await visitor.api(forged)).status).toBe(401);
  });

  it('counts one request for one expiry, and names the sender', async () => {
    const visitor = new Visitor(demo.url, 'ab-together-4');
    await visitor.signIn();
    demo.actions.expire();
    expect((await visitor.api()).status).toBe(401);
    const answer = await visitor.adopt(await visitor.refresh(1, 'unauthorized'));
    expect(answer).toMatchObject({ gen: 2 });
    expect((await visitor.api()).status).toBe(200);
    expect(demo.tallies()[1]).toMatchObject({ stage: 'together', requests: 1, thrownOut: 0, answered: 1 });
    expect(demo.log().find((line) => line.route === 'refresh')).toMatchObject({ from: 'ab-together-4', reason: 'unauthorized' });
  });

  it('counts the first expiry of the next session by itself, though its generations start anew', async () => {
    const visitor = new Visitor(demo.url);
    for (const expiry of [1, 2]) {
      await visitor.signIn();
      await visitor.refresh(1);
      expect(demo.tallies()[1]).toMatchObject({ expiry, requests: 1 });
    }
  });

  it('holds the next reply until it is released, and only that one', async () => {
    const visitor = new Visitor(demo.url);
    await visitor.signIn();
    demo.actions.hold();
    const attempt = 'a'.repeat(22);
    const held = visitor.refresh(1, 'force', attempt);
    await logLine((line) => line.phase === 'held');
    const successor = await visitor.adopt(await visitor.refresh(1, 'force', attempt));
    expect(successor).toMatchObject({ gen: 2 });
    demo.actions.release();
    expect(await visitor.adopt(await held)).toMatchObject({ gen: 2 });
    expect(demo.tallies()[1]).toMatchObject({ requests: 2, thrownOut: 0 });
  });

  it('loses the next reply after the endpoint has done its work', async () => {
    const visitor = new Visitor(demo.url);
    await visitor.signIn();
    demo.actions.lose();
    await expect(visitor.refresh(1, 'force')).rejects.toThrow();
    expect(demo.log().findLast((line) => line.route === 'refresh')).toMatchObject({ phase: 'lost', how: 'dropped' });
    expect(await visitor.adopt(await visitor.refresh(1, 'force'))).toMatchObject({ gen: 2 });
  });

  it('drops every connection while unplugged, and not the demo itself', async () => {
    const visitor = new Visitor(demo.url);
    await visitor.signIn();
    expect((await visitor.send('POST', '/demo/unplug', undefined, { 'x-demo': '1' })).status).toBe(200);
    await expect(visitor.refresh(1)).rejects.toThrow();
    await expect(visitor.api()).rejects.toThrow();
    expect((await visitor.send('POST', '/demo/plug', undefined, { 'x-demo': '1' })).status).toBe(200);
    expect((await visitor.api()).status).toBe(200);
  });

  it('lets the event stream through while it is open', async () => {
    const visitor = new Visitor(demo.url);
    await visitor.signIn();
    const stream = await visitor.send('GET', '/auth/events');
    const { value } = await stream.body!.pipeThrough(new TextDecoderStream()).getReader().read();
    expect(value).toContain('event: hello');
  });

  it('writes no token, cookie or attempt id into its log', async () => {
    const visitor = new Visitor(demo.url);
    await visitor.signIn();
    const attempt = 'secret-attempt-of-this-test';
    await visitor.adopt(await visitor.refresh(1, 'force', attempt));
    await visitor.api();
    const log = JSON.stringify(demo.log());
    for (const secret of [visitor.token, attempt, visitor.token.split('.')[2] ?? '?']) expect(log).not.toContain(secret);
  });
});

it('refuses an action without the header that no other site can send, and an unknown one', async () => {
  expect((await fetch(`${demo.url}/demo/hold`, { method: 'POST' })).status).toBe(403);
  expect((await fetch(`${demo.url}/demo/toString`, { method: 'POST', headers: { 'x-demo': '1' } })).status).toBe(404);
});
