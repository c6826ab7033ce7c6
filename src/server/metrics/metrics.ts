/**
 * Metrics for Prometheus, counted from what the endpoint says about itself.
 *
 * A handler of its own: what it tells (how many are signed in, when they come, whether theft is going on) is nobody's
 * business, so it is never mounted beside the endpoint and answers nobody without a token.
 */
import { MisconfiguredError } from '../config/misconfigured.js';
import { sameBytes, sha256 } from '../encoding.js';
import type { EndpointEvent } from '../observe.js';
import { counter, gauge, histogram } from './counters.js';
import { BATCH_RESULTS, CLIENT_TYPES, CONFLICTS, ERROR_CODES, OUTCOMES, REUSE_KINDS, UPSTREAM_RESULTS } from './labels.js';

/** Who may read the metrics. One of the two has to be given. */
export interface MetricsOptions {
  /** Prometheus sends it as `Authorization: Bearer …` (`authorization.credentials` of the scrape config). At least 16 characters. */
  token?: string;
  /** True: anybody who reaches the handler may read. For a port that nobody outside reaches. */
  open?: boolean;
}

/** Counts what an endpoint does. One per process, for any number of endpoints. */
export interface Metrics {
  /** For the option `observe` of `createEndpoint`. */
  observe(event: EndpointEvent): void;
  /** Answers a scrape: text for who may read it, 401 for others. Mount it where you want it. */
  handler(request: Request): Promise<Response>;
  /** The same text, for a server that has an exporter already. */
  text(): string;
}

/**
 * Counts what the endpoint tells, for a scraper.
 *
 * @throws MisconfiguredError without a token, unless `open`.
 * @example
 * const metrics = createMetrics({ token: process.env.METRICS_TOKEN });
 * const endpoint = createEndpoint({ ...options, observe: metrics.observe });
 */
export function createMetrics({ token, open = false }: MetricsOptions): Metrics {
  if (!open && (token === undefined || token.length < 16)) {
    throw new MisconfiguredError('token', 'metrics are nobody’s business. Give a token of at least 16 characters, or `open: true` on a port that nobody outside reaches.');
  }
  const refreshes = counter('refresh_total', 'Refresh requests by what became of the credential.', { outcome: OUTCOMES, client_type: CLIENT_TYPES });
  const failures = counter('refresh_failures_total', 'Refresh requests that got no token.', { error_code: ERROR_CODES, client_type: CLIENT_TYPES });
  const duration = histogram('refresh_duration_seconds', 'How long a refresh took here.', [0.1, 0.5, 1, 2, 5]);
  const conflicts = counter('refresh_conflicts_total', 'Refreshes that met another one.', { kind: CONFLICTS, client_type: CLIENT_TYPES });
  const lockTimeouts = counter('lock_wait_timeouts_total', 'Requests that did not get the lock of their session in time.', {});
  const lockLost = counter('lock_lost_total', 'Locks that lapsed under their holder.', {});
  const upstream = counter('upstream_refresh_total', 'Calls to the provider by result.', { result: UPSTREAM_RESULTS });
  const reuse = counter('reuse_detected_total', 'Sessions ended because a spent credential came back.', { kind: REUSE_KINDS });
  const healed = counter('store_rollback_healed_total', 'Sessions moved forward again after the store had rolled back.', {});
  const lag = counter('client_generation_lag_total', 'Requests of clients that had not heard of the newest token.', {});
  const streams = gauge('sse_connections', 'Event streams that are open now.');
  const batch = counter('batch_refresh_total', 'Sessions refreshed ahead of demand, by result.', { result: BATCH_RESULTS });
  const all = [refreshes, failures, duration, conflicts, lockTimeouts, lockLost, upstream, reuse, healed, lag, streams, batch];
  const text = () => all.map((metric) => metric.text()).join('');
  const wanted = token === undefined ? undefined : sha256(`Bearer ${token}`);

  return {
    text,
    observe(event) {
      switch (event.type) {
        case 'refresh': {
          const client_type = event.client;
          const { outcome } = event;
          refreshes.add({ outcome, client_type });
          duration.record(event.ms / 1_000);
          if (outcome === 'raced' || outcome === 'spent') conflicts.add({ kind: outcome, client_type });
          if (event.reason === 'version_conflict') conflicts.add({ kind: 'version', client_type });
          if (event.healed) healed.add({});
          if (event.lag > 0) lag.add({});
          return;
        }
        case 'refused': {
          if (event.route !== '/refresh') return;
          const { reason, client } = event;
          if (client === null) refreshes.add({ outcome: 'refused', client_type: 'unknown' });
          if (reason !== 'login_failed') failures.add({ error_code: reason, client_type: client ?? 'unknown' });
          return;
        }
        case 'upstream':
          upstream.add({ result: event.result });
          if (event.result === 'conflict') conflicts.add({ kind: 'upstream', client_type: 'unknown' });
          return;
        case 'lock':
          return (event.result === 'timeout' ? lockTimeouts : lockLost).add({});
        case 'reuse':
          return reuse.add({ kind: event.kind });
        case 'stream':
          // Each endpoint tells of its own: `open` of one says nothing about the others.
          return streams.add(event.change === 'opened' ? 1 : -1);
        case 'batch':
          return batch.add({ result: event.result });
        case 'login':
        case 'revocation':
        case 'ended':
        case 'fault':
          return;
      }
    },
    async handler(request) {
      const given = await sha256(request.headers.get('Authorization') ?? '');
      const mayRead = open || (wanted !== undefined && sameBytes(given, await wanted));
      const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
      if (!mayRead) return new Response(null, { status: 401, headers: { ...headers, 'WWW-Authenticate': 'Bearer' } });
      if (request.method !== 'GET') return new Response(null, { status: 405, headers: { ...headers, Allow: 'GET' } });
      return new Response(text(), { headers: { ...headers, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' } });
    },
  };
}
