/** A stage for one timeline: tabs, the endpoint's own decisions, and a record of what was sent and answered. */
import { expect } from 'vitest';
import { defaults } from '../../core/defaults.js';
import { preloaded } from '../../core/preloaded.js';
import { createCoreSession } from '../../core/session.js';
import type { CoreOptions, CoreSession } from '../../core/types.js';
import { createVirtualOrigin, type NetworkFault, type VirtualContext, type VirtualRequest } from '../../testing/index.js';
import type { Backend } from '../backend.js';
import { createModelBackend } from '../model-backend.js';
import { createStrictBackend } from '../strict-backend.js';

export interface StageTab {
  context: VirtualContext;
  session: CoreSession;
}

export const stage = async ({ lifetime = 60_000, plain = false, seed = 3, signedIn = true } = {}) => {
  const backend: Backend = plain ? createStrictBackend(false, lifetime) : createModelBackend(lifetime);
  const faults: NetworkFault[] = [];
  const sent: { request: VirtualRequest; at: number }[] = [];
  const answers: { number: number; status: number; json: Record<string, unknown> }[] = [];
  const origin = createVirtualOrigin({
    seed,
    server: (request, now) => {
      const response = backend.serve(request, now) as { status: number; json?: Record<string, unknown> };
      answers.push({ number: request.number, status: response.status, json: response.json ?? {} });
      return response;
    },
    fault: (request) => {
      sent.push({ request, at: origin.now() });
      return request.route === 'refresh' ? faults.shift() : undefined;
    },
  });
  const login = async (sub = 'ann') => {
    const { cookies, grant } = await backend.login(sub, origin.jar.header(), origin.serverNow());
    for (const cookie of cookies) origin.jar.accept(cookie);
    return grant;
  };
  const open = (options: Partial<CoreOptions> = {}, context: VirtualContext = origin.context()): StageTab => ({
    context,
    session: createCoreSession(context.ports, { ...defaults, start: 'eager', leadership: 'never', ...options }, 'https://app.test/auth', preloaded).session,
  });
  const settle = async <T>(work: Promise<T>, ms?: number): Promise<{ value?: T; code?: string }> => {
    const seen: { value?: T; code?: string } = {};
    work.then(
      (value) => (seen.value = value),
      (error: { code: string }) => (seen.code = error.code),
    );
    expect(await origin.until(() => 'value' in seen || 'code' in seen, ms), 'never settled').toBe(true);
    return seen;
  };
  if (signedIn) await login();
  return {
    origin,
    backend,
    faults,
    sent,
    answers,
    login,
    open,
    settle,
    refreshes: () => sent.filter(({ request }) => request.route === 'refresh'),
    logouts: () => sent.filter(({ request }) => request.route === 'logout'),
    alive: () => backend.sessions().filter(({ over }) => !over).map(({ id }) => id),
    async tabs(count: number, options?: Partial<CoreOptions>): Promise<StageTab[]> {
      const all = Array.from({ length: count }, () => open(options));
      expect(await origin.until(() => all.every(({ session }) => session.peek()), 20_000)).toBe(true);
      await origin.advance(500);
      return all;
    },
    /** Until a request is on its way. */
    async flight(count: number) {
      expect(await origin.until(() => sent.filter(({ request }) => request.route === 'refresh').length >= count, 20_000)).toBe(true);
    },
  };
};

export const generation = (tab: StageTab) => tab.session.getSnapshot().generation;
