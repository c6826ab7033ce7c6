import { describe, expect, test } from 'vitest';
import { site, TestBrowser } from '../testing/site.js';
import { createMetrics } from './metrics.js';

const TOKEN = 'scrape-token-0123456789';
const withMetrics = () => {
  const metrics = createMetrics({ token: TOKEN });
  return { metrics, one: site({ observe: metrics.observe }), value: (series: string) => Number(new RegExp(`^${series.replace(/[{}"+]/g, '\\$&')} (\\S+)$`, 'm').exec(metrics.text())?.[1]) };
};

/** As the design lists them: nothing more, nothing less. */
const NAMES = [
  'refresh_total', 'refresh_failures_total', 'refresh_duration_seconds', 'refresh_conflicts_total', 'lock_wait_timeouts_total', 'lock_lost_total',
  'upstream_refresh_total', 'reuse_detected_total', 'store_rollback_healed_total', 'client_generation_lag_total', 'sse_connections', 'batch_refresh_total',
];

describe('metrics', () => {
  test('are these, with closed label sets that are there from the start', () => {
    const { metrics } = withMetrics();
    const text = metrics.text();
    expect([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name)).toEqual(NAMES);
    expect([...text.matchAll(/le="([^"]+)"/g)].map(([, bound]) => bound)).toEqual(['0.1', '0.5', '1', '2', '5', '+Inf']);
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
    expect([...labels].sort()).toEqual(['client_type', 'error_code', 'kind', 'le', 'outcome', 'result']);
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [\d.]+)$/);
    expect(text.split('\n').length).toBeLessThan(400);
  });

  test('count what happens', async () => {
    const { one, value } = withMetrics();
    const browser = new TestBrowser(one);
    await browser.login();
    const thief = new TestBrowser(one);
    for (const [name, cookie] of browser.jar) thief.jar.set(name, cookie);
    await browser.refresh({ reason: 'startup' });
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    await thief.refresh({ ids: ['thief-attempt-00000000001'], reason: 'startup' });
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1, reason: 'startup' });
    await thief.refresh({ ids: ['thief-attempt-00000000002'] });
    await new TestBrowser(one).refresh();
    expect(value('refresh_total{outcome="cached",client_type="web"}')).toBe(2);
    expect(value('refresh_total{outcome="rotated",client_type="web"}')).toBe(1);
    expect(value('refresh_total{outcome="raced",client_type="web"}')).toBe(1);
    expect(value('refresh_total{outcome="reuse",client_type="web"}')).toBe(1);
    expect(value('refresh_total{outcome="refused",client_type="unknown"}')).toBe(1);
    expect(value('refresh_failures_total{error_code="no_cookie",client_type="unknown"}')).toBe(1);
    expect(value('refresh_failures_total{error_code="reuse_detected",client_type="web"}')).toBe(1);
    expect(value('refresh_conflicts_total{kind="raced",client_type="web"}')).toBe(1);
    expect(value('reuse_detected_total{kind="previous"}')).toBe(1);
    expect(value('refresh_duration_seconds_count')).toBe(5);
    expect(value('refresh_duration_seconds_bucket{le="0.1"}')).toBe(5);
    expect(value('client_generation_lag_total')).toBe(0);
  });

  test('an open stream is counted while it is open', async () => {
    const { one, value } = withMetrics();
    const browser = new TestBrowser(one);
    await browser.login();
    const response = await one.endpoint(browser.request('GET', '/events'));
    expect(value('sse_connections')).toBe(1);
    await response.body!.cancel();
    expect(value('sse_connections')).toBe(0);
  });

  test('streams of several endpoints are counted together', async () => {
    const { metrics, value } = withMetrics();
    const responses: Response[] = [];
    for (const open of [1, 2]) {
      const browser = new TestBrowser(site({ observe: metrics.observe }));
      await browser.login();
      responses.push(await browser.site.endpoint(browser.request('GET', '/events')));
      expect(value('sse_connections')).toBe(open);
    }
    await responses[0]!.body!.cancel();
    expect(value('sse_connections')).toBe(1);
  });

  test('a value outside its set makes no series', () => {
    const { metrics } = withMetrics();
    const before = metrics.text();
    metrics.observe({ type: 'refused', route: '/refresh', status: 400, reason: 'made"up\n' as never, client: 'web', ms: 1 });
    expect(metrics.text()).toBe(before);
  });

  test('provider, lock and batch', () => {
    const { metrics, value } = withMetrics();
    metrics.observe({ type: 'upstream', result: 'conflict' });
    metrics.observe({ type: 'lock', result: 'timeout' });
    metrics.observe({ type: 'lock', result: 'lost' });
    metrics.observe({ type: 'batch', result: 'refreshed' });
    metrics.observe({ type: 'refresh', client: 'cli', outcome: 'coalesced', status: 200, healed: true, lag: 2, attempt: 'aaaaaaaa', sid: 's', ms: 600 });
    for (const series of ['upstream_refresh_total{result="conflict"}', 'refresh_conflicts_total{kind="upstream",client_type="unknown"}', 'lock_wait_timeouts_total', 'lock_lost_total', 'batch_refresh_total{result="refreshed"}', 'store_rollback_healed_total', 'client_generation_lag_total', 'refresh_duration_seconds_bucket{le="1"}']) {
      expect([series, value(series)]).toEqual([series, 1]);
    }
    expect(value('refresh_duration_seconds_bucket{le="0.5"}')).toBe(0);
  });
});

describe('who may read them', () => {
  const ask = (metrics: ReturnType<typeof createMetrics>, headers: Record<string, string> = {}) => metrics.handler(new Request('https://app.example/metrics', { headers }));
  test('nobody without the token', async () => {
    const { metrics } = withMetrics();
    for (const Authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      const refused = await ask(metrics, Authorization ? { Authorization } : {});
      expect([refused.status, await refused.text()]).toEqual([401, '']);
    }
    const read = await ask(metrics, { Authorization: `Bearer ${TOKEN}` });
    expect([read.status, read.headers.get('Content-Type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(await read.text()).toBe(metrics.text());
  });
  test('without a token it does not start, unless it is said to be open', async () => {
    expect(() => createMetrics({})).toThrow(/token/);
    expect(() => createMetrics({ token: 'short' })).toThrow(/16 characters/);
    expect((await ask(createMetrics({ open: true }))).status).toBe(200);
  });
  test('the endpoint itself serves none', async () => {
    const { one } = withMetrics();
    expect((await new TestBrowser(one).call('GET', '/metrics')).status).toBe(404);
  });
});
