import { describe, expect, test } from 'vitest';
import { site, TestBrowser } from '../testing/site.js';
import { localPath } from './return-to.js';

const navigate = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'none', Accept: 'text/html' };
const visit = (path: string, headers = navigate, options = {}) => {
  const { endpoint } = site(options);
  return endpoint(new Request(`https://app.example${path}`, { headers }));
};

describe('people who land on the endpoint', () => {
  test.each([['/auth', 200], ['/auth/', 200], ['/auth/refresh', 405], ['/auth/nowhere', 404]])('%s shows a page, status %i', async (path, status) => {
    const response = await visit(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    expect(await response.text()).toContain('keeps the app signed in');
    expect(response.headers.get('Allow')).toBe(status === 405 ? 'POST' : null);
  });
  test('scripts get JSON instead', async () => {
    const response = await visit('/auth/nowhere', { Accept: '*/*' } as never);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: 'invalid_request', session: 'intact' });
  });
  test('a wrong method is told the right ones', async () => {
    const response = await new TestBrowser(site()).call('PUT', '/refresh');
    expect(response.status).toBe(405);
    expect(response.headers.get('Allow')).toBe('POST');
  });
  test('without a provider /login leads to the page of the application, or says how to', async () => {
    const led = await visit('/auth/login?return_to=/inbox%3Fa=1', navigate, { loginPage: '/sign-in' });
    expect(led.status).toBe(303);
    expect(led.headers.get('Location')).toBe('https://app.example/sign-in?return_to=%2Finbox%3Fa%3D1');
    const evil = await visit('/auth/login?return_to=//evil.example', navigate, { loginPage: '/sign-in' });
    expect(evil.headers.get('Location')).toBe('https://app.example/sign-in');
    expect(await (await visit('/auth/login')).text()).toContain('loginPage');
  });
});

describe('return_to', () => {
  test.each(['/', '/inbox', '/a//b', '/a?b=//c#d', '/%2F'])('%s stays here', (path) => {
    expect(localPath(path)).toBe(path);
  });
  test.each(['', 'inbox', '//evil', '/\\evil', '/a\\b', 'https://evil', '/\t/evil', '/\n/evil', 'javascript:alert(1)', `/${'a'.repeat(3_000)}`, null])(
    '%j is refused',
    (path) => expect(localPath(path)).toBeUndefined(),
  );
  test('what no header can carry is percent-encoded, and counts as long as it is then', () => {
    expect(localPath('/日本?q=grün und rot#é')).toBe('/%E6%97%A5%E6%9C%AC?q=gr%C3%BCn%20und%20rot#%C3%A9');
    expect(localPath('/／evil.example')).toBe('/%EF%BC%8Fevil.example');
    expect(localPath(`/${'日'.repeat(300)}`)).toBeUndefined();
  });
});
