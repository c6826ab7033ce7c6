/** A small stage for tests of single promises: a scripted full endpoint and virtual tabs with sessions. */
import type { LedgerRecord } from '../core/record.js';
import {
  createVirtualOrigin,
  createVirtualSession,
  type VirtualContext,
  type VirtualOrigin,
  type VirtualRequest,
  type VirtualResponse,
  type VirtualSession,
  type VirtualSessionOptions,
} from '../testing/index.js';

export interface Outcome<T> {
  value?: T;
  error?: { code?: string; reason?: string; retryAt?: number; message?: string };
  settled: boolean;
}

export const watchOutcome = <T>(work: Promise<T>): Outcome<T> => {
  const seen: Outcome<T> = { settled: false };
  work.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (error) => Object.assign(seen, { error, settled: true }),
  );
  return seen;
};

type Refresh = VirtualRequest & { route: 'refresh' };

export interface Scene {
  origin: VirtualOrigin;
  /** Answers a refresh instead of the good server; `undefined` leaves it to that. */
  script: ((request: Refresh, nth: number) => VirtualResponse | undefined) | undefined;
  /** Seconds. */
  lifetime: number;
  sid: string;
  sessionAt: number;
  /** What a good full endpoint answers now. */
  grant(over?: Record<string, unknown>): VirtualResponse;
  open(options?: VirtualSessionOptions, context?: VirtualContext): { tab: VirtualContext; session: VirtualSession };
  /** `count` active tabs; the counters start anew. */
  active(count: number, options?: VirtualSessionOptions): Promise<{ tab: VirtualContext; session: VirtualSession }[]>;
  refreshes(): Refresh[];
  sent(route: 'refresh' | 'logout'): number;
  /** Runs until the work is settled, at most `ms` of virtual time. */
  end<T>(work: Promise<T>, ms?: number): Promise<Outcome<T>>;
}

export const createScene = (seed = 1): Scene => {
  let generation = 0;
  let nth = 0;
  let counted = 0;
  const scene: Scene = {
    origin: undefined as never,
    script: undefined,
    lifetime: 600,
    sid: 's1',
    sessionAt: 1_000,
    grant: (over = {}) => {
      generation += 1;
      const { lifetime, sid, sessionAt } = scene;
      return {
        status: 200,
        json: { access_token: `token-${sid}-${generation}`, token_type: 'Bearer', expires_in: lifetime, lifetime, gen: generation, sid, session_at: sessionAt, outcome: 'rotated', ...over },
      };
    },
    open(options = {}, tab = scene.origin.context()) {
      return { tab, session: createVirtualSession(scene.origin, tab, { start: 'eager', leadership: 'never', ...options }) };
    },
    async active(count, options) {
      const tabs = Array.from({ length: count }, () => scene.open(options));
      await scene.origin.until(() => tabs.every(({ session }) => session.peek() !== undefined), 20_000);
      counted = scene.origin.requests.length;
      nth = 0;
      return tabs;
    },
    refreshes: () => scene.origin.requests.slice(counted).filter((request): request is Refresh => request.route === 'refresh'),
    sent: (route) => scene.origin.requests.slice(counted).filter((request) => request.route === route).length,
    async end(work, ms = 60_000) {
      const outcome = watchOutcome(work);
      await scene.origin.until(() => outcome.settled, ms);
      return outcome;
    },
  };
  scene.origin = createVirtualOrigin({
    seed,
    server: (request) => {
      if (request.route === 'logout') return { status: 200, json: { signed_out: true } };
      nth += 1;
      return scene.script?.(request, nth) ?? scene.grant({ attempt_settled: request.call.attempt });
    },
  });
  return scene;
};

/** The record every context of the stage shares. */
export const ledgerOf = (scene: Scene): LedgerRecord => scene.origin.ledger().peek() as LedgerRecord;
