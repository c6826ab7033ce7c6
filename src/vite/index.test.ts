import { describe, expect, it, vi } from 'vitest';
import { tabaton, type VitePluginOptions } from './index.js';

vi.mock('./script.js', () => ({ SCRIPT_NAME: 'tabaton-sw.js', readScript: () => '/*! tabaton 1.0.0 service worker */\nself;' }));

type Command = 'build' | 'serve';
/** What the page finds in `import.meta.env.TABATON_WORKER`. */
const told = (options: VitePluginOptions, base?: string, command: Command = 'build') => {
  const config = tabaton(options).config as (config: object, env: { command: Command }) => { define: Record<string, string> };
  return JSON.parse(config({ base }, { command }).define['import.meta.env.TABATON_WORKER']!);
};

describe('tabaton/vite', () => {
  it('tells the page every setting of the worker: one place for both', () => {
    const settings: VitePluginOptions = { endpoint: '/api/auth', apis: [{ origin: 'https://api.example.com' }], mode: 'sealed' };
    expect(told(settings)).toEqual({ url: '/tabaton-sw.js', ...settings });
    // Whatever installWorker takes: that they compile is half of the test.
    const routes: VitePluginOptions = { endpoint: { refresh: '/api/refresh', session: '/api/session', login: '/api/login', body: { client: 'web' } }, level: 'plain', timeout: 5_000 };
    expect(told(routes)).toEqual({ url: '/tabaton-sw.js', ...routes });
  });

  it.each([
    [undefined, '/', '/'],
    ['', './', '/'],
    ['./', './', '/'],
    ['/app', '/app/', '/app/'],
    ['/app/', '/app/', '/app/'],
    ['app', '/app/', '/app/'],
  ])('base %j: the script is where Vite puts it', (base, build, serve) => {
    expect(told({}, base).url).toBe(`${build}tabaton-sw.js`);
    expect(told({}, base, 'serve').url).toBe(`${serve}tabaton-sw.js`);
  });

  it.each(['https://cdn.example/app/', '//cdn.example/app/'])('a build for %s asks where the page’s own origin has the script', (base) => {
    expect(() => told({}, base)).toThrow(/own origin: write tabaton\({ url: '\/tabaton-sw\.js' }\)/);
    expect(told({ url: '/own/sw.js' }, base).url).toBe('/own/sw.js');
    expect(told({}, base, 'serve').url).toBe('/app/tabaton-sw.js');
  });
});
