/** Tabs of one origin over the real protocol, and a full endpoint that says what a test tells it to. */
import { expect } from 'vitest';
import type { LedgerRecord } from '../record.js';
import { createVirtualOrigin, createVirtualSession, type VirtualContext, type VirtualOriginOptions, type VirtualRequest, type VirtualResponse, type VirtualSession, type VirtualSessionOptions } from '../../testing/index.js';

export interface Tab {
  readonly context: VirtualContext;
  readonly session: VirtualSession;
}

export type Outcome<T> = { value?: T; error?: { code?: string; message: string; retryAt?: number; reason?: string } };

/** Name of the refresh lock of these sessions. */
export const LOCK = 'tabaton/virtual/refresh';
export const LEADER_LOCK = 'tabaton/virtual/leader';

/** What a full endpoint answers; `over` replaces fields. */
export const full = (request: VirtualRequest, gen: number, over: Record<string, unknown> = {}): VirtualResponse => ({
  status: 200,
  json: {
    access_token: `token-${gen}`,
    token_type: 'Bearer',
    expires_in: 600,
    lifetime: 600,
    gen,
    sid: 's1',
    session_at: 1_000,
    outcome: 'rotated',
    ...(request.route === 'refresh' ? { attempt_settled: request.call.attempt } : {}),
    ...over,
  },
});

export const tabs = (options: Partial<VirtualOriginOptions> = {}) => {
  let minted = 0;
  /** Answers to come; when they are used up the endpoint grants. */
  const script: (VirtualResponse | ((request: VirtualRequest) => VirtualResponse))[] = [];
  const grants: Record<string, unknown> = {};
  const origin = createVirtualOrigin({
    seed: 11,
    server(request) {
      if (request.route === 'logout') return { status: 200, json: {} };
      const next = script.shift();
      if (next) return typeof next === 'function' ? next(request) : next;
      return full(request, ++minted, grants);
    },
    ...options,
  });
  const open = (options: VirtualSessionOptions = {}, context: VirtualContext = origin.context()): Tab => ({
    context,
    session: createVirtualSession(origin, context, { start: 'eager', leadership: 'never', ...options }),
  });
  const watch = <T>(work: Promise<T>): Outcome<T> => {
    const seen: Outcome<T> = {};
    work.then(
      (value) => (seen.value = value),
      (error) => (seen.error = error),
    );
    return seen;
  };
  const refreshes = () => origin.requests.filter((request) => request.route === 'refresh');

  return {
    origin,
    open,
    watch,
    refreshes,
    script,
    /** Fields that every grant of the endpoint carries instead of its own. */
    grants,
    record: () => origin.ledger().peek() as LedgerRecord,
    /** Runs the origin until the work is settled. */
    async outcome<T>(work: Promise<T>, ms?: number): Promise<Outcome<T>> {
      const seen = watch(work);
      const settled = await origin.until(() => 'value' in seen || 'error' in seen, ms);
      expect(settled, 'nothing was settled in time').toBe(true);
      return seen;
    },
    /** So many tabs with a token in each. */
    async active(count: number, options?: VirtualSessionOptions): Promise<Tab[]> {
      const all = Array.from({ length: count }, () => open(options));
      expect(await origin.until(() => all.every(({ session }) => session.peek()))).toBe(true);
      // What the first refresh left on its way (messages, the release of the lock) arrives.
      await origin.advance(1_000);
      return all;
    },
    /** Somebody else holds the refresh lock and does nothing with it. */
    async blocked(): Promise<() => void> {
      const other = origin.context();
      const request = other.ports.locks.request(LOCK);
      let release: (() => void) | undefined;
      void request.granted.then((held) => (release = held?.release));
      await origin.until(() => !!release);
      return () => release!();
    },
  };
};
