import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { explain, reach } from './worker-faults.js';

beforeEach(() => {
  vi.stubGlobal('location', new URL('https://app.example/app/'));
  vi.stubGlobal('isSecureContext', true);
});
afterEach(() => vi.unstubAllGlobals());

const url = 'https://app.example/static/tabaton-sw.js';
const script = (type: string, status = 200) => new Response('', { status, headers: { 'Content-Type': type } });
const error = new Error('x');

it.each([
  ['another origin', { url: 'https://cdn.example/sw.js', error }, 'must be of this origin'],
  ['nothing there', { url, error, script: script('text/html', 404) }, 'npx tabaton init'],
  ['index.html instead', { url, error, script: script('text/html') }, 'comes as text/html'],
  ['a scope above its folder', { url, error, scope: '/', script: script('text/javascript') }, 'Service-Worker-Allowed: /'],
  ['anything else', { url, error, script: script('text/javascript') }, 'look at the console'],
  ['no service workers', { url }, 'private mode'],
])('%s', (_, refused, words) => expect(explain(refused)).toContain(words));

it('plain http', () => {
  vi.stubGlobal('isSecureContext', false);
  expect(explain({ url })).toContain('need https');
});

it('a scope that does not reach the page says where the script belongs', () => {
  expect(reach('https://app.example/app/', 'https://app.example/static/', url)).toContain("scope: '/'");
  expect(reach('https://app.example/app/', 'https://app.example/', url)).toBeUndefined();
});
